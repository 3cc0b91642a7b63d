import type { JsonObject } from '../../lib/base/json';
import { bodyOf } from '../../lib/drivers/agent-documents';
import type { Log } from '../shared/log';
import { DEFAULT_INTERVAL, intervalOf, nodeObserved } from './decide';
import type { Host } from './host';

export interface ObserverOptions {
  readonly host: Host;
  readonly log: Log;
  /** Takes what was seen, each time that the node was looked at. */
  readonly report: (body: JsonObject) => void;
}

/** Looks at the node again and again, and reports what it sees. A look that fails is told, and nothing is made up. */
export class Observer {
  private interval = DEFAULT_INTERVAL;
  private trouble: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly options: ObserverOptions) {}

  /** Looks now, and from then on. */
  async start(): Promise<void> {
    await this.look();
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => void this.start(), this.interval * 1000);
  }

  /** What the operator wants of the observer. */
  told(desired: JsonObject): void {
    const interval = intervalOf(desired);
    if (interval === this.interval) return;
    this.interval = interval;
    this.options.log.info('looking at the node', { everySeconds: interval });
    void this.start();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async look(): Promise<void> {
    const { host, log, report } = this.options;
    try {
      report(bodyOf(nodeObserved(await host.look())));
      if (this.trouble !== undefined) log.info('the node can be looked at again');
      this.trouble = undefined;
    } catch (error) {
      const trouble = String(error);
      if (trouble !== this.trouble) log.error('the node cannot be looked at', { error });
      this.trouble = trouble;
    }
  }
}
