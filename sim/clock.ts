/**
 * Virtual time. Whoever waits on this clock waits no real time: `run` lets every promise settle, then jumps to the
 * next timer. A run is a function of its seed as long as everything under test waits on promises and on this clock
 * only: real I/O and real timers would bring the machine's own order in.
 */
import type { Clock } from '../controllers/runtime/clock';
import type { Random } from '../controllers/runtime/random';
import type { Timer } from './timer-heap';
import { TimerHeap } from './timer-heap';

export interface SimClockOptions {
  /** Virtual time at the start, in milliseconds since the epoch. Default 2026-01-01T00:00:00Z. */
  readonly startMs?: number;
  /** Timers of the same millisecond fire in an order drawn from it. Default: in the order they were set. */
  readonly shuffle?: Random;
}

export interface RunOptions {
  /** Checked whenever all promises have settled; `run` returns when it is true. */
  readonly until?: () => boolean;
  /** Virtual milliseconds to run at most. Default: until no timer is left. */
  readonly forMs?: number;
  /** Timers to fire at most, against a loop in what is tested. Default 10 million; then `run` throws. */
  readonly maxTimers?: number;
}

/** Why `run` came back: the condition holds, the time is up, or nobody waits for anything. */
export type RunEnd = 'until' | 'time' | 'idle';

export class SimClock implements Clock {
  private readonly timers = new TimerHeap();
  private time: number;
  private order = 0;
  /** The last timestamp: many writes share a moment. */
  private written = { at: Number.NaN, text: '' };

  constructor(private readonly options: SimClockOptions = {}) {
    this.time = options.startMs ?? Date.UTC(2026, 0, 1);
  }

  now(): number {
    return this.time;
  }

  /** Virtual time as RFC 3339 with whole seconds, the form of Kubernetes. */
  timestamp(): string {
    if (this.written.at !== this.time) {
      this.written = { at: this.time, text: `${new Date(this.time).toISOString().slice(0, 19)}Z` };
    }
    return this.written.text;
  }

  after(ms: number, wake: () => void): () => void {
    const order = this.options.shuffle?.next() ?? this.order++;
    const timer: Timer = { at: this.time + Math.max(0, ms), order, wake, cancelled: false };
    this.timers.push(timer);
    return () => {
      timer.cancelled = true;
    };
  }

  /** Lets promises settle and fires timers in order. Not re-entrant. What a timer throws ends the run. */
  async run(options: RunOptions = {}): Promise<RunEnd> {
    const deadline = this.time + (options.forMs ?? Number.POSITIVE_INFINITY);
    for (let left = options.maxTimers ?? 10_000_000; ; left--) {
      await settle();
      if (options.until?.() === true) return 'until';
      const next = this.timers.peek();
      if (next === undefined || next.at > deadline) return this.endAt(deadline, next);
      if (left === 0) throw new Error(`simulation: ${options.maxTimers ?? 10_000_000} timers fired and no end`);
      this.timers.pop();
      this.time = next.at;
      next.wake();
    }
  }

  private endAt(deadline: number, next: Timer | undefined): RunEnd {
    if (deadline !== Number.POSITIVE_INFINITY) this.time = deadline;
    return next === undefined ? 'idle' : 'time';
  }
}

/** Comes back when no promise can make progress by itself: the microtask queue is empty before an immediate runs. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
