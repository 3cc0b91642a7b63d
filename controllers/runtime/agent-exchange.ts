import type { Document } from '../../lib/base/document';
import { DOCUMENT_SCHEMA } from '../../lib/base/document';
import type { JsonObject } from '../../lib/base/json';
import type { AgentId } from '../../lib/drivers/agent-documents';
import { digestOf } from '../../synth/canonical-json';

/** What a reconciler wants an agent to do; `undefined` as body: it is not told anything any more. */
export interface AgentDocument {
  readonly agent: AgentId;
  /** Kind of the document, of DOCUMENT_KIND. */
  readonly kind: string;
  readonly body: JsonObject | undefined;
}

type AnyDocument = Document<string, JsonObject>;
type Listener = (agent: AgentId) => void;

/**
 * Where reconcilers and the agents on the nodes meet: desired documents out, observed ones in. In memory, on the leader
 * only: what is desired is computed again by the first rounds after a restart, what was observed is told again by agents
 * that find themselves with a new leader. Nothing here is the only copy of anything.
 */
export class AgentExchange {
  private readonly desiredDocuments = new Map<AgentId, AnyDocument>();
  private readonly observedDocuments = new Map<AgentId, AnyDocument>();
  private readonly desiredListeners = new Set<Listener>();
  private readonly observedListeners = new Set<Listener>();

  /** Makes a document what `agent` is told. The same body again changes nothing and wakes nobody. */
  publish({ agent, kind, body }: AgentDocument): void {
    if (body === undefined) {
      this.forget(agent);
      return;
    }
    const revision = digestOf(body);
    if (this.desiredDocuments.get(agent)?.revision === revision) return;
    this.desiredDocuments.set(agent, { schema: DOCUMENT_SCHEMA, kind, revision, body });
    for (const listener of this.desiredListeners) listener(agent);
  }

  /** What `agent` shall do; `undefined`: nobody has said anything yet. */
  desired(agent: AgentId): AnyDocument | undefined {
    return this.desiredDocuments.get(agent);
  }

  /** Takes what `agent` has seen. An equal body wakes nobody. */
  report(agent: AgentId, document: AnyDocument): void {
    const before = this.observedDocuments.get(agent);
    this.observedDocuments.set(agent, document);
    if (before !== undefined && digestOf(before.body) === digestOf(document.body)) return;
    for (const listener of this.observedListeners) listener(agent);
  }

  /** What `agent` has told this leader last; `undefined`: nothing yet. */
  observed(agent: AgentId): AnyDocument | undefined {
    return this.observedDocuments.get(agent);
  }

  /** Names of all agents that have told something, sorted. */
  reporters(): readonly AgentId[] {
    return [...this.observedDocuments.keys()].sort();
  }

  /** Calls `listener` whenever what an agent shall do has changed. The result ends that. */
  onDesired(listener: Listener): () => void {
    this.desiredListeners.add(listener);
    return () => this.desiredListeners.delete(listener);
  }

  /** Calls `listener` whenever an agent has told something new. The result ends that. */
  onObserved(listener: Listener): () => void {
    this.observedListeners.add(listener);
    return () => this.observedListeners.delete(listener);
  }

  private forget(agent: AgentId): void {
    this.observedDocuments.delete(agent);
    if (this.desiredDocuments.delete(agent)) for (const listener of this.desiredListeners) listener(agent);
  }
}
