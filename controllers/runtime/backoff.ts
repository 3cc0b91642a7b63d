import type { Random } from './random';

/** How waiting times grow. */
export interface BackoffRange {
  /** Upper end of the first wait, in milliseconds. */
  readonly baseMs: number;
  /** No wait is longer than this, in milliseconds. */
  readonly capMs: number;
}

/** The wait before the next watch or list: client-go's range, half of its first step. */
export const WATCH_BACKOFF: BackoffRange = { baseMs: 500, capMs: 30_000 };

/**
 * The wait after `failures` failures in a row (0: the first one), in milliseconds: doubling from `baseMs` up to `capMs`,
 * of which a random half is taken off, so that those who failed together don't come back together.
 */
export const backoffMs = (failures: number, random: Random, range: BackoffRange): number => {
  const full = Math.min(range.capMs, range.baseMs * 2 ** Math.min(Math.max(failures, 0), 40));
  return Math.round(full * (0.5 + 0.5 * random.next()));
};
