import type { Clock } from '../../controllers/runtime/clock';

/** The time in which one program runs: what it waits for, and what it listens to, ends with it. */
export class Life {
  private readonly ends = new Set<() => void>();
  private over = false;

  constructor(readonly clock: Clock) {}

  get alive(): boolean {
    return !this.over;
  }

  after(ms: number, wake: () => void): void {
    if (this.over) return;
    const cancel = this.clock.after(ms, () => {
      this.ends.delete(cancel);
      wake();
    });
    this.ends.add(cancel);
  }

  /** Ends what was begun elsewhere when it is over. */
  with(end: () => void): void {
    this.ends.add(end);
  }

  end(): void {
    this.over = true;
    for (const end of this.ends) end();
    this.ends.clear();
  }
}
