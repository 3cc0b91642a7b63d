/** Ends what it watches when nothing happens for a while, or when the signal it was given says so. */
export class Watchdog {
  private readonly controller = new AbortController();
  private readonly bark = (): void => {
    this.barked = true;
    this.controller.abort(new Error(this.complaint));
  };
  private readonly forward = (): void => this.controller.abort(this.outer?.reason);
  private readonly timer: NodeJS.Timeout;

  /** Whether nothing happened for too long. */
  barked = false;

  /** `idleMs`: milliseconds without `reset` until it barks. */
  constructor(
    idleMs: number,
    private readonly outer?: AbortSignal,
  ) {
    this.complaint = `nothing was heard for ${idleMs / 1000} s`;
    this.timer = setTimeout(this.bark, idleMs);
    if (outer?.aborted === true) this.forward();
    else outer?.addEventListener('abort', this.forward, { once: true });
  }

  /** Why it barked, for people. */
  readonly complaint: string;

  /** Aborted when it barks, or with the signal it was given. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Something happened. */
  reset(): void {
    if (!this.barked) this.timer.refresh();
  }

  /** As `promise`, unless it barks or is stopped first: then it rejects with why. */
  async race<T>(promise: Promise<T>): Promise<T> {
    const stop = new Promise<never>((_, reject) => {
      const say = (): void => reject(this.signal.reason as Error);
      if (this.signal.aborted) say();
      else this.signal.addEventListener('abort', say, { once: true });
    });
    return Promise.race([promise, stop]);
  }

  /** Throws the reason of the signal it was given, when that one was aborted. */
  throwIfStopped(): void {
    this.outer?.throwIfAborted();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener('abort', this.forward);
  }
}
