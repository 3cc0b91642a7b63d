/** Carries a fault plan out on the calls and the watches of managers. What is of one moment is in moments.ts. */
import type { Random } from '../../controllers/runtime/random';
import { apiError } from '../../controllers/kube/api-error';
import type { SimCluster } from '../cluster';
import type { ClientCall, FaultPoint, StreamEnd, WatchDelivery } from '../client';
import { forkRandom } from '../random';
import { concernsCall, faultyAnswer, isWrite, targetText } from './api-faults';
import { EventFaults } from './event-faults';
import { History } from './history';
import type { Fault, FaultPlan, Named } from './plan';
import { faultsNamed } from './plan';
import type { SimProcess } from './process';

/** One fault at work, at a virtual time. */
export interface Strike {
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly fault: Fault['fault'];
  /** What it did: `500 for apply Pod/default/a`. */
  readonly text: string;
}

export interface InjectorOptions {
  readonly cluster: SimCluster;
  readonly plan: FaultPlan;
  readonly seed: number;
  readonly onStrike: (strike: Strike) => void;
  /** A crash fault has struck: the process is dead already. */
  readonly onCrash: (process: SimProcess, fault: Named<'crash'>) => void;
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

const isActive = (fault: { readonly at: number; readonly for: number }, now: number): boolean =>
  now >= fault.at && now < fault.at + fault.for;

export class FaultInjector {
  private readonly begin: number;
  private readonly random: Random;
  private readonly history: History | undefined;
  private readonly streams = new Set<(end: StreamEnd) => void>();
  private readonly crashes: Named<'crash'>[];
  private readonly api: readonly Named<'api'>[];
  private readonly slow: readonly Named<'slow'>[];
  private readonly stale: readonly Named<'stale-lists'>[];
  private readonly events: readonly Named<'events'>[];
  private writes = 0;

  constructor(private readonly options: InjectorOptions) {
    const { cluster, plan, seed } = options;
    this.begin = cluster.clock.now();
    this.random = forkRandom(seed, 'faults');
    this.crashes = [...faultsNamed(plan, 'crash')];
    this.api = faultsNamed(plan, 'api');
    this.slow = faultsNamed(plan, 'slow');
    this.stale = faultsNamed(plan, 'stale-lists');
    this.events = faultsNamed(plan, 'events');
    this.history = this.stale.length === 0 ? undefined : new History(cluster.server.core.store, cluster.clock);
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.options.cluster.clock.now() - this.begin;
  }

  strike(fault: Fault['fault'], text: string): void {
    this.options.onStrike({ at: this.now, fault, text });
  }

  /** Ends every open watch. */
  endStreams(how: Named<'watches-end'>['how']): void {
    if (how === 'expired') this.options.cluster.server.core.store.compact();
    for (const end of [...this.streams]) end(how === 'closed' ? undefined : streamFailure(how));
  }

  /** Where faults come into the calls of one process. */
  pointFor(process: SimProcess): FaultPoint {
    const events = this.events.length === 0 ? undefined : this.eventFaults(process);
    return {
      call: (call, proceed) => (process.alive ? this.call(process, call, proceed) : never()),
      deliver: (delivery, proceed) => {
        if (!process.alive) return;
        if (events === undefined) proceed();
        else events.deliver(delivery, proceed);
      },
      past: (type) => {
        const fault = this.stale.find(
          (each) => isActive(each, this.now) && (each.kind === '' || each.kind === type.kind),
        );
        if (fault === undefined) return undefined;
        const past = this.history?.at(type, this.begin + this.now - fault.by);
        if (past !== undefined) this.strike('stale-lists', `${process.name} lists ${type.kind} of the past`);
        return past;
      },
      opened: (end) => {
        this.streams.add(end);
        return () => void this.streams.delete(end);
      },
    };
  }

  private eventFaults(process: SimProcess): EventFaults {
    return new EventFaults({
      clock: this.options.cluster.clock,
      faultFor: (delivery) => this.eventFault(delivery),
      onStrike: (text) => this.strike('events', text),
      alive: () => process.alive,
    });
  }

  private eventFault({ type }: WatchDelivery): Named<'events'> | undefined {
    return this.events.find(
      (fault) =>
        isActive(fault, this.now) && (fault.kind === '' || fault.kind === type.kind) && this.chance(fault.share),
    );
  }

  private chance(share: number): boolean {
    return share >= 1 || this.random.next() < share;
  }

  private call<T>(process: SimProcess, call: ClientCall, proceed: () => T): T | Promise<T> {
    const crash = this.crashAt(call);
    if (crash !== undefined) return this.crash(process, crash, call, proceed);
    const { now } = this;
    const slow = this.slow.find((fault) => isActive(fault, now) && this.chance(fault.share));
    if (slow === undefined) return this.answer(call, proceed);
    return new Promise<T>((resolve, reject) => {
      process.clock.after(slow.by, () => {
        try {
          resolve(this.answer(call, proceed));
        } catch (thrown) {
          reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
        }
      });
    });
  }

  private answer<T>(call: ClientCall, proceed: () => T): T {
    const fault = this.api.find(
      (each) => isActive(each, this.now) && concernsCall(each, call) && this.chance(each.share),
    );
    if (fault === undefined) return proceed();
    if (fault.effect === 'done') proceed();
    const effect = fault.effect === 'done' ? ', done all the same' : '';
    this.strike('api', `${fault.answer} for ${call.verb} ${targetText(call)}${effect}`);
    throw faultyAnswer(fault.answer, call);
  }

  /** The Lease is renewed by the clock: counting it would make the n-th write mean nothing. */
  private crashAt(call: ClientCall): Named<'crash'> | undefined {
    if (!isWrite(call) || call.target.kind === 'Lease') return undefined;
    this.writes += 1;
    const index = this.crashes.findIndex(({ write }) => write === this.writes);
    return index < 0 ? undefined : this.crashes.splice(index, 1)[0];
  }

  private crash<T>(process: SimProcess, fault: Named<'crash'>, call: ClientCall, proceed: () => T): Promise<T> {
    process.die();
    this.strike('crash', `${process.name} dies ${fault.when} write ${fault.write}, ${call.verb} ${targetText(call)}`);
    try {
      if (fault.when === 'after') proceed();
    } catch {
      // Nobody is left to hear the answer.
    }
    this.options.onCrash(process, fault);
    return never();
  }
}

const streamFailure = (how: 'cut' | 'expired') =>
  apiError(
    how === 'cut'
      ? { status: 0, reason: undefined, message: 'read ECONNRESET' }
      : { status: 410, reason: 'Expired', message: 'too old resource version' },
    { verb: 'watch', object: 'a watch' },
  );
