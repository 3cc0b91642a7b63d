import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../shared/log';

/** Calls that come together are answered by one run. */
const GATHER_MS = 20;
const RETRY_MS = 1_000;

/** Runs `work` after each `wake`, one run at a time; a wake during a run leads to one more. A run that fails is repeated. */
export class Worker {
  private due = false;
  private running: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  constructor(
    private readonly work: () => Promise<void>,
    private readonly log: Log,
  ) {}

  wake(): void {
    this.due = true;
    this.begin();
  }

  /** Resolves when the run under way has ended; there is none after it. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private begin(): void {
    if (!this.due || this.stopping.signal.aborted) return;
    this.running ??= this.run().finally(() => {
      this.running = undefined;
      this.begin();
    });
  }

  private async run(): Promise<void> {
    while (this.due && !this.stopping.signal.aborted) {
      await this.pause(GATHER_MS);
      this.due = false;
      try {
        await this.work();
      } catch (error) {
        this.log.error('Storage could not be brought to what is desired; it is tried again', { error });
        this.due = true;
        await this.pause(RETRY_MS);
      }
    }
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
