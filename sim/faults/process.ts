/** A simulated process: a clock of its own that may be wrong, and that stops for good when the process dies. */
import type { Clock } from '../../controllers/runtime/clock';
import type { SimClock } from '../clock';

export class SimProcess {
  private dead = false;
  private offset = 0;
  readonly clock: Clock;

  /** `name`: who it is in the log of writes and among its peers. */
  constructor(
    readonly name: string,
    time: SimClock,
  ) {
    this.clock = {
      now: () => time.now() + this.offset,
      // Waiting goes by the monotonic clock, which no jump of the wall clock touches.
      after: (ms, wake) =>
        time.after(ms, () => {
          if (!this.dead) wake();
        }),
    };
  }

  get alive(): boolean {
    return !this.dead;
  }

  /** From now on nothing that it waits for ever comes. */
  die(): void {
    this.dead = true;
  }

  /** Its wall clock jumps by `ms`. */
  jump(ms: number): void {
    this.offset += ms;
  }
}
