import type { Clock } from '../runtime/clock';
import { LruMap } from '../runtime/lru-map';

export interface RateLimit {
  /** Requests that may come at once. */
  readonly burst: number;
  /** Requests that are allowed again each second. */
  readonly perSecond: number;
}

/** More names than these are not told apart from new ones. */
const NAMES = 20_000;

/** Lets each name do so much in a time, and no more (a token bucket a name). */
export class RateLimiter {
  private readonly buckets = new LruMap<string, { left: number; at: number }>(NAMES);

  constructor(
    private readonly limit: RateLimit,
    private readonly clock: Clock,
  ) {}

  /** Whether `name` may do one more; then it is counted. */
  take(name: string): boolean {
    const bucket = this.filled(name);
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  /** Whether `name` might do one more; nothing is counted. */
  allows(name: string): boolean {
    return this.filled(name).left >= 1;
  }

  private filled(name: string): { left: number } {
    const { burst, perSecond } = this.limit;
    const now = this.clock.now();
    const bucket = this.buckets.get(name) ?? { left: burst, at: now };
    // A clock that is set back gives nothing; what was given stays.
    bucket.left = Math.min(burst, bucket.left + (Math.max(0, now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    this.buckets.set(name, bucket);
    return bucket;
  }
}
