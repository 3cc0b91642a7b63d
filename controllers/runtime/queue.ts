import type { BackoffRange } from './backoff';
import { backoffMs } from './backoff';
import type { Clock } from './clock';
import type { PaceRange } from './pace';
import { Pace } from './pace';
import type { Random } from './random';

/** Waits after failures: quick at first, five minutes at most. */
export const RETRY_BACKOFF: BackoffRange = { baseMs: 400, capMs: 300_000 };

/** What became of a key. */
export type Processed =
  /** Done. `againAfterMs`: look again after that time at the latest. */
  | { readonly done: true; readonly againAfterMs?: number | undefined }
  /** Not done. Tried again after a growing wait, and not before `notBeforeMs` (what the server asked for). */
  | { readonly done: false; readonly notBeforeMs?: number | undefined };

/** Told what happens, for metrics. Times in seconds. */
export interface QueueObserver {
  added(): void;
  retried(): void;
  started(waitedSeconds: number): void;
  finished(workedSeconds: number): void;
}

export interface QueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Works on one key. Never called for a key that is being worked on. What it throws counts as a failure. */
  readonly process: (key: string) => Promise<Processed>;
  /** Keys worked on at the same time. Default 4. */
  readonly workers?: number;
  /** Default RETRY_BACKOFF. */
  readonly backoff?: BackoffRange;
  /** Default ROUND_PACE. */
  readonly pace?: PaceRange;
  readonly observer?: QueueObserver;
}

/** How the queue stands. */
export interface QueueStats {
  /** Keys that wait for a worker. */
  readonly depth: number;
  /** Keys that are worked on. */
  readonly active: number;
  /** Keys that wait for a time. */
  readonly delayed: number;
  /** The earliest of those times, in milliseconds since the epoch. */
  readonly nextDue: number | undefined;
  readonly adds: number;
  readonly retries: number;
  /** Sum of the times the running ones have taken. */
  readonly unfinishedSeconds: number;
  /** Time of the longest running one. */
  readonly longestSeconds: number;
}

interface Delayed {
  readonly due: number;
  readonly cancel: () => void;
}

/**
 * Keys to be worked on. A key is in it once however often it is added; it is never worked on twice at the same time: added
 * meanwhile, it is worked on again afterwards. First come, first served; the same adds at the same times of the clock give
 * the same order.
 */
export class WorkQueue {
  private readonly ready = new Map<string, number>();
  private readonly running = new Map<string, number>();
  private readonly dirty = new Set<string>();
  private readonly delayed = new Map<string, Delayed>();
  private readonly failures = new Map<string, number>();
  /** Keys for which a server asked for patience, and until when. */
  private readonly heldUntil = new Map<string, number>();
  private readonly waiters: (() => void)[] = [];
  private state: 'new' | 'started' | 'stopped' = 'new';
  private adds = 0;
  private retries = 0;

  private readonly pace: Pace;

  constructor(private readonly options: QueueOptions) {
    this.pace = new Pace(options.pace);
  }

  /** Begins to work on keys; what was added before waits for this. */
  start(): void {
    if (this.state === 'new') this.state = 'started';
    this.pump();
  }

  /** To be looked at as soon as a worker is free and its pace allows. */
  add(key: string): void {
    if (this.state === 'stopped') return;
    const wait = Math.max((this.heldUntil.get(key) ?? 0) - this.now, this.pace.waitMs(key, this.now));
    if (wait > 0) return this.addAfter(key, wait);
    if (this.running.has(key)) return void this.dirty.add(key);
    if (this.ready.has(key)) return;
    this.adds += 1;
    this.options.observer?.added();
    this.ready.set(key, this.now);
    this.pump();
  }

  /** To be looked at after `ms`, unless it is looked at earlier. Of several times the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.state === 'stopped') return;
    const due = this.now + ms;
    const old = this.delayed.get(key);
    if (old !== undefined && old.due <= due) return;
    old?.cancel();
    const cancel = this.options.clock.after(ms, () => {
      this.delayed.delete(key);
      this.heldUntil.delete(key);
      this.add(key);
    });
    this.delayed.set(key, { due, cancel });
  }

  /** Forgets a key that is gone: its failures and its times. One that is being worked on is finished. */
  forget(key: string): void {
    this.delayed.get(key)?.cancel();
    this.delayed.delete(key);
    this.failures.delete(key);
    this.heldUntil.delete(key);
    this.pace.forget(key);
  }

  /** Takes no more keys; those being worked on are finished, the others are dropped: whoever starts next lists them again. */
  stop(): void {
    this.state = 'stopped';
    for (const { cancel } of this.delayed.values()) cancel();
    this.delayed.clear();
    this.ready.clear();
    this.dirty.clear();
  }

  /** Resolves when no key is being worked on. */
  drained(): Promise<void> {
    if (this.running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  stats(): QueueStats {
    const times = [...this.running.values()].map((since) => (this.now - since) / 1000);
    const dues = [...this.delayed.values()].map(({ due }) => due);
    return {
      depth: this.ready.size,
      active: this.running.size,
      delayed: this.delayed.size,
      nextDue: dues.length === 0 ? undefined : dues.reduce((a, b) => Math.min(a, b)),
      adds: this.adds,
      retries: this.retries,
      unfinishedSeconds: times.reduce((sum, seconds) => sum + seconds, 0),
      longestSeconds: times.reduce((a, b) => Math.max(a, b), 0),
    };
  }

  private get now(): number {
    return this.options.clock.now();
  }

  private pump(): void {
    while (this.state === 'started' && this.running.size < (this.options.workers ?? 4)) {
      const next = this.ready.entries().next();
      if (next.done) return;
      const [key, since] = next.value;
      this.ready.delete(key);
      void this.work(key, since);
    }
  }

  /** Never rejects. */
  private async work(key: string, since: number): Promise<void> {
    const started = this.now;
    this.running.set(key, started);
    this.pace.turn(key, started);
    // The round decides afresh when to look again.
    this.delayed.get(key)?.cancel();
    this.delayed.delete(key);
    this.options.observer?.started((started - since) / 1000);
    const processed = await this.attempt(key);
    this.running.delete(key);
    this.options.observer?.finished((this.now - started) / 1000);
    if (processed.done) this.succeeded(key, processed.againAfterMs);
    else this.failed(key, processed.notBeforeMs ?? 0);
    if (this.dirty.delete(key)) this.add(key);
    if (this.running.size === 0) for (const resolve of this.waiters.splice(0)) resolve();
    this.pump();
  }

  private async attempt(key: string): Promise<Processed> {
    try {
      return await this.options.process(key);
    } catch {
      // `process` reports its own errors; one that escapes is still tried again.
      return { done: false };
    }
  }

  private succeeded(key: string, againAfterMs: number | undefined): void {
    this.failures.delete(key);
    if (againAfterMs !== undefined) this.addAfter(key, againAfterMs);
  }

  private failed(key: string, notBeforeMs: number): void {
    if (this.state === 'stopped') return;
    const before = this.failures.get(key) ?? 0;
    this.failures.set(key, before + 1);
    this.retries += 1;
    this.options.observer?.retried();
    if (notBeforeMs > 0) this.heldUntil.set(key, this.now + notBeforeMs);
    const wait = backoffMs(before, this.options.random, this.options.backoff ?? RETRY_BACKOFF);
    this.addAfter(key, Math.max(wait, notBeforeMs));
  }
}
