/** How one agent talks to whoever leads: it tells what it saw until that is heard, and asks what it shall do. */
import type { Random } from '../../controllers/runtime/random';
import { DOCUMENT_SCHEMA } from '../../lib/base/document';
import type { JsonObject } from '../../lib/base/json';
import type { AgentId } from '../../lib/drivers/agent-documents';
import { between } from '../random';
import type { AgentPort } from './exchange';
import type { Life } from './life';

export interface SessionOptions {
  readonly life: Life;
  readonly random: Random;
  /** Where it runs. */
  readonly node: string;
  /** The gateway of the manager that leads; `undefined`: nobody answers. */
  readonly port: () => AgentPort | undefined;
  /** Who the gateway takes it for; `undefined`: it is turned away. */
  readonly identity: () => AgentId | undefined;
  /** Takes what it shall do. */
  readonly take: (body: JsonObject) => void;
}

/** One way of a message. */
const LATENCY_MS = 50;
/** Who was turned away tries again. */
const RETRY_MS = 5_000;
/** Agents that lose a manager don't all come to the next one at once. */
const BACK_MS = [200, 3_000] as const;

export class Session {
  /** Who the gateway took it for last. */
  agent: AgentId | undefined;
  private said: { readonly kind: string; readonly body: JsonObject } | undefined;
  private revision = '';
  private sending = false;

  constructor(private readonly options: SessionOptions) {
    this.soon(LATENCY_MS);
  }

  /** Where its agent runs. */
  get node(): string {
    return this.options.node;
  }

  tell(kind: string, body: JsonObject): void {
    this.said = { kind, body };
    this.soon(LATENCY_MS);
  }

  /** Another manager leads, which knows nothing yet; or it is reached again. */
  moved(): void {
    const { life, random } = this.options;
    life.after(between(random, ...BACK_MS), () => this.exchange());
  }

  /** What it shall do may have changed. */
  hint(): void {
    this.options.life.after(LATENCY_MS, () => this.ask());
  }

  private soon(ms: number): void {
    if (this.sending) return;
    this.sending = true;
    this.options.life.after(ms, () => this.exchange());
  }

  private exchange(): void {
    this.sending = false;
    const { port, identity } = this.options;
    const open = port();
    // Whoever comes to lead wakes it.
    if (open === undefined) return;
    this.agent = identity();
    if (this.agent === undefined) return this.soon(RETRY_MS);
    if (this.said !== undefined)
      open.report(this.agent, { schema: DOCUMENT_SCHEMA, revision: this.revision, ...this.said });
    this.ask();
  }

  private ask(): void {
    this.agent = this.options.identity();
    const desired = this.agent === undefined ? undefined : this.options.port()?.desired(this.agent);
    if (desired === undefined || desired.revision === this.revision) return;
    this.revision = desired.revision;
    this.options.take(desired.body);
  }
}
