import type { Document } from '../../lib/base/document';
import type { JsonObject } from '../../lib/base/json';
import type { AgentId } from '../../lib/drivers/agent-documents';

/** What passes between agents and the operator. */
export type AgentDocument = Document<string, JsonObject>;

/**
 * Where agents meet a manager: what its gateway hands on. The manager's own exchange has this shape; a scenario passes that
 * of the manager that leads.
 */
export interface AgentPort {
  /** What an agent shall do; `undefined`: nobody has said anything yet. */
  desired(agent: AgentId): AgentDocument | undefined;
  /** Takes what an agent has seen. */
  report(agent: AgentId, document: AgentDocument): void;
  /** Calls `listener` whenever what an agent shall do has changed. The result ends that. */
  onDesired(listener: (agent: AgentId) => void): () => void;
}
