import type { Clock } from '../../controllers/runtime/clock';
import type { Random } from '../../controllers/runtime/random';
import { seededRandom as streamOf } from '../../sim/random';

/** Lets everything run that waits for nothing but other promises. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Timer {
  readonly due: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is told to go on. */
export class VirtualClock implements Clock {
  private timers: Timer[] = [];

  constructor(private time = Date.parse('2026-01-01T00:00:00Z')) {}

  now(): number {
    return this.time;
  }

  after(ms: number, wake: () => void): () => void {
    const timer = { due: this.time + Math.max(0, ms), wake };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Timers that are set. */
  get pending(): number {
    return this.timers.length;
  }

  /** Goes on by `ms`; each timer that comes due wakes at its own time, and what it started runs to its next wait. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (let next = this.next(end); next !== undefined; next = this.next(end)) {
      this.time = next.due;
      this.timers = this.timers.filter((timer) => timer !== next);
      next.wake();
      await settle();
    }
    this.time = end;
  }

  private next(end: number): Timer | undefined {
    const due = this.timers.filter((timer) => timer.due <= end);
    return due.reduce<Timer | undefined>(
      (first, timer) => (first === undefined || timer.due < first.due ? timer : first),
      undefined,
    );
  }
}

/** A seeded generator; seed 1 where a test doesn't care. */
export const seededRandom = (seed = 1): Random => streamOf(seed);
