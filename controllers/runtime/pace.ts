/** How often one key may be worked on: a burst at any time, and in the long run once an interval. */
export interface PaceRange {
  readonly burst: number;
  readonly intervalMs: number;
}

/**
 * Objects that thousands of others wake are looked at once a second, not once a wake; and two writers that undo each
 * other's work (a second operator, a person's script) do so slowly.
 */
export const ROUND_PACE: PaceRange = { burst: 20, intervalMs: 1_000 };

/** Remembers by key when its next turn would come if turns came one an interval. */
export class Pace {
  private readonly next = new Map<string, number>();

  constructor(private readonly range: PaceRange = ROUND_PACE) {}

  /** Milliseconds until the key may have its turn; 0: now. */
  waitMs(key: string, now: number): number {
    const { burst, intervalMs } = this.range;
    const ahead = (this.next.get(key) ?? now) - now - (burst - 1) * intervalMs;
    // Nobody is further ahead than this, unless the clock was set back meanwhile.
    return ahead > 2 * intervalMs ? 0 : Math.max(ahead, 0);
  }

  /** The key has a turn now. */
  turn(key: string, now: number): void {
    const { burst, intervalMs } = this.range;
    const before = Math.max(this.next.get(key) ?? now, now);
    this.next.set(key, Math.min(before, now + burst * intervalMs) + intervalMs);
  }

  forget(key: string): void {
    this.next.delete(key);
  }
}
