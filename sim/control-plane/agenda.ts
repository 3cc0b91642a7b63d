import { ApiError } from '../../controllers/kube/api-error';
import type { SimClock } from '../clock';

/** Keys to look at again: coalesced, in order, a moment later on the clock. What fails is tried again. */
export class Agenda {
  private readonly due = new Set<string>();
  private scheduled = false;

  constructor(
    private readonly clock: SimClock,
    private readonly handle: (key: string) => void,
    /** Virtual milliseconds from an event to its handling; and after a failure. */
    private readonly delays: { readonly ms: number; readonly retryMs: number } = { ms: 10, retryMs: 1000 },
  ) {}

  add(key: string): void {
    this.due.add(key);
    if (this.scheduled) return;
    this.scheduled = true;
    this.clock.after(this.delays.ms, () => this.drain());
  }

  private drain(): void {
    this.scheduled = false;
    const keys = [...this.due];
    this.due.clear();
    for (const key of keys) this.attempt(key);
  }

  /** A refusal by the server is part of life; anything else is a defect of the simulator and ends the run. */
  private attempt(key: string): void {
    try {
      this.handle(key);
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      this.clock.after(this.delays.retryMs, () => this.add(key));
    }
  }
}
