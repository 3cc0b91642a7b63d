import type { BuilderDesired } from '../../lib/drivers/agent-documents';
import type { JsonObject } from '../../lib/base/json';
import type { Refused } from '../../lib/base/document';
import { readBuilderDesired } from '../../lib/drivers/read-documents';

/** Where a package goes, and the permit for it. */
export type BuildOrder = Pick<BuilderDesired, 'id' | 'distUrl' | 'permit'>;

/** Reads a BuilderDesired body; refused: a sentence that says why it is none. */
export const readOrder = (body: JsonObject): BuildOrder | Refused => {
  const read = readBuilderDesired(body);
  if ('refused' in read) return read;
  const { id, distUrl, permit } = read.body;
  const https = URL.canParse(distUrl) && new URL(distUrl).protocol === 'https:';
  return https ? { id, distUrl, permit } : { refused: 'distUrl is not an https URL' };
};

/** The operator's latest word on where the package goes; others wait for it. */
export class Orders {
  private latest: BuildOrder | undefined;
  private readonly waiting = new Set<() => void>();

  /** Takes a body that the gateway sent; what is no order changes nothing. Throws then, so that it is logged. */
  take(body: JsonObject): void {
    const order = readOrder(body);
    if ('refused' in order) throw new Error(order.refused);
    this.latest = order;
    for (const wake of [...this.waiting]) wake();
  }

  /** The order, once there is one whose permit is not `refused`; `undefined`: none came within `ms`. */
  async next(options: {
    readonly refused?: string;
    readonly ms: number;
    readonly signal: AbortSignal;
  }): Promise<BuildOrder | undefined> {
    const { refused, ms, signal } = options;
    const fits = (): boolean => this.latest !== undefined && this.latest.permit !== refused;
    if (!fits()) await this.change(fits, ms, signal);
    signal.throwIfAborted();
    return fits() ? this.latest : undefined;
  }

  /** The order, whatever its permit. */
  get current(): BuildOrder | undefined {
    return this.latest;
  }

  private change(fits: () => boolean, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.waiting.delete(look);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const look = (): void => void (fits() && end());
      const timer = setTimeout(end, ms);
      this.waiting.add(look);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
  }
}
