/** What becomes of the watch events of one process: lost, late but in order, twice, or followed by an older one. */
import type { WatchDelivery } from '../client';
import { kindKey } from '../api/kinds';
import type { SimClock } from '../clock';
import type { Named } from './plan';

export interface EventFaultsOptions {
  readonly clock: SimClock;
  /** The fault that strikes this delivery, if one does. */
  readonly faultFor: (delivery: WatchDelivery) => Named<'events'> | undefined;
  readonly onStrike: (text: string) => void;
  readonly alive: () => boolean;
}

interface Line {
  /** Nothing is delivered before what was held back earlier. */
  freeAt: number;
  /** Deliveries of before, for rewinding: the latest last. */
  readonly past: (() => void)[];
}

/** How far back an event may be that comes again. */
const REMEMBERED = 8;

export class EventFaults {
  private readonly lines = new Map<string, Line>();

  constructor(private readonly options: EventFaultsOptions) {}

  deliver(delivery: WatchDelivery, proceed: () => void): void {
    const line = this.lineOf(delivery);
    const fault = this.options.faultFor(delivery);
    if (fault?.effect === 'drop') return this.tell('lost', delivery);
    if (fault?.effect === 'delay') {
      line.freeAt = Math.max(line.freeAt, this.options.clock.now() + fault.by);
      this.tell('late', delivery);
    }
    this.inOrder(line, () => {
      proceed();
      if (fault?.effect === 'duplicate') this.again(delivery, proceed);
      if (fault?.effect === 'rewind') this.rewind(delivery, line);
      line.past.push(proceed);
      if (line.past.length > REMEMBERED) line.past.shift();
    });
  }

  private again(delivery: WatchDelivery, proceed: () => void): void {
    this.tell('twice', delivery);
    proceed();
  }

  private rewind(delivery: WatchDelivery, line: Line): void {
    const [oldest] = line.past;
    if (oldest === undefined) return;
    this.tell('followed by an older one', delivery);
    oldest();
  }

  private inOrder(line: Line, deliver: () => void): void {
    const wait = line.freeAt - this.options.clock.now();
    if (wait <= 0) return deliver();
    this.options.clock.after(wait, () => {
      if (this.options.alive()) deliver();
    });
  }

  private tell(how: string, { type, event }: WatchDelivery): void {
    const name = event.type === 'BOOKMARK' ? '' : `/${event.object.metadata.name}`;
    this.options.onStrike(`${how}: ${event.type} of ${type.kind}${name}`);
  }

  private lineOf({ type }: WatchDelivery): Line {
    const key = kindKey(type);
    const line = this.lines.get(key) ?? { freeAt: 0, past: [] };
    this.lines.set(key, line);
    return line;
  }
}
