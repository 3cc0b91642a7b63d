import type { AgentId } from '../../lib/drivers/agent-documents';
import type { Clock } from '../runtime/clock';

/** Why a wait is over. */
export type WaitEnd =
  /** What the agent shall do has changed. */
  | 'news'
  /** The time is up. */
  | 'quiet'
  /** Its agent asked again, or hung up. */
  | 'superseded'
  /** Nobody is told anything any more. */
  | 'closed';

/** Agents that wait to be told something new, one wait an agent. */
export class LongPolls {
  private readonly waiting = new Map<AgentId, (end: WaitEnd) => void>();
  private closed = false;

  constructor(private readonly clock: Clock) {}

  /** Agents that wait now. */
  get size(): number {
    return this.waiting.size;
  }

  /** Waits for news of `agent`, `ms` at most, or until `gone` (its connection) aborts. */
  wait(agent: AgentId, ms: number, gone: AbortSignal): Promise<WaitEnd> {
    this.waiting.get(agent)?.('superseded');
    if (this.closed) return Promise.resolve('closed');
    return new Promise((resolve) => {
      const end = (why: WaitEnd): void => {
        cancel();
        gone.removeEventListener('abort', hangUp);
        if (this.waiting.get(agent) === end) this.waiting.delete(agent);
        resolve(why);
      };
      const hangUp = (): void => end('superseded');
      const cancel = this.clock.after(ms, () => end('quiet'));
      this.waiting.set(agent, end);
      gone.addEventListener('abort', hangUp, { once: true });
      if (gone.aborted) hangUp();
    });
  }

  /** There is something new for `agent`. */
  tell(agent: AgentId): void {
    this.waiting.get(agent)?.('news');
  }

  /** Ends all waits, also those to come. */
  close(): void {
    this.closed = true;
    for (const end of [...this.waiting.values()]) end('closed');
  }
}
