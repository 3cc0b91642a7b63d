import type { LiveObject, ObjectRef } from '../../lib/base/kube-object';
import { FIELD_MANAGER } from '../../lib/base/names';
import { isNamespaced } from '../kube/resources';
import { Announcer } from './announce';
import { ApplyMemory } from './apply-memory';
import { sleep } from './clock';
import { ConfigMapInventory } from './config-map-inventory';
import { Controller } from './controller';
import { aborted } from './deadline';
import { Effects } from './effects';
import { EventRecorder } from './events';
import { Executor } from './executor';
import { LeaderElector } from './leader';
import type { Manager, ManagerOptions, Readiness } from './manager-options';
import { OwnWrites } from './own-writes';
import { readinessOf } from './readiness';
import { Round } from './round';
import { statusDiffers } from './status-diff';
import { StatusWriter } from './status-writer';
import { WatchedCaches } from './watched-caches';
import { wire } from './wiring';

/** How often it is looked whether the caches are complete. */
const SYNC_CHECK_MS = 50;
const WORKERS = 4;
const SHUTDOWN_MS = 25_000;

/** A manager for `options.reconcilers`; nothing happens before `start`. */
export const createManager = (options: ManagerOptions): Manager => new RuntimeManager(options);

class RuntimeManager implements Manager {
  private readonly caches: WatchedCaches;
  private readonly elector: LeaderElector | undefined;
  private readonly controllers: readonly Controller[];
  /** Aborted when no effect may begin any more: leadership is lost, or the time for stopping is over. */
  private readonly acting = new AbortController();

  constructor(private readonly options: ManagerOptions) {
    this.caches = cachesOf(options);
    this.elector = electorOf(options);
    this.controllers = controllersOf(options, this.caches, this.acting.signal);
    const { metrics } = options;
    metrics.beforeRead(() =>
      metrics.set('leader_election_master_status', { name: FIELD_MANAGER }, Number(this.elector?.leading ?? true)),
    );
  }

  async start(signal: AbortSignal): Promise<void> {
    this.caches.start();
    // The Lease is renewed while the last rounds finish: its own signal comes after theirs.
    const holding = new AbortController();
    try {
      await this.elector?.acquire(signal);
      const kept = this.elector?.hold(holding.signal) ?? new Promise<void>(() => undefined);
      kept.catch((lost: unknown) => this.acting.abort(lost));
      await Promise.race([kept, this.act(signal)]);
      await Promise.race([kept, this.drain()]);
    } catch (thrown) {
      if (!signal.aborted || thrown !== signal.reason) throw thrown;
    } finally {
      for (const { queue } of this.controllers) queue.stop();
      this.acting.abort(new Error('the manager has stopped'));
      holding.abort(new Error('the manager has stopped'));
      await this.elector?.release();
      await this.caches.stop();
    }
  }

  readiness(): Readiness {
    const parts = [
      ...this.controllers.map(({ name, waitingFor }) => ({ name: `controller ${name}`, waitingFor })),
      ...(this.options.companions ?? []).map(({ name, waitingFor }) => ({ name, waitingFor })),
    ];
    const hindered = parts.flatMap(({ name, waitingFor }) => (waitingFor === undefined ? [] : [{ name, waitingFor }]));
    return readinessOf(this.caches.states(), this.elector, this.options.identity, hindered);
  }

  idle(horizonMs = 0): boolean {
    const until = this.options.clock.now() + horizonMs;
    return this.controllers.every(({ queue }) => {
      const { depth, active, nextDue } = queue.stats();
      return depth === 0 && active === 0 && (nextDue === undefined || nextDue > until);
    });
  }

  /** Works until the signal. */
  private async act(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.options;
    while (!this.caches.synced) await sleep(clock, SYNC_CHECK_MS, signal);
    const acting = AbortSignal.any([signal, this.acting.signal]);
    for (const companion of this.options.companions ?? []) await companion.lead(this.caches, acting);
    logger.info('Reconciling', { controllers: this.controllers.length });
    for (const { queue } of this.controllers) queue.start();
    await aborted(signal).catch(() => undefined);
  }

  /** Takes no more keys and waits for the running rounds, up to the deadline; then they are given up. */
  private async drain(): Promise<void> {
    const { clock, logger, shutdownMs = SHUTDOWN_MS } = this.options;
    logger.info('Stopping');
    for (const { queue } of this.controllers) queue.stop();
    const cancel = clock.after(shutdownMs, () => this.acting.abort(new Error('the time for stopping is over')));
    await Promise.race([
      Promise.all(this.controllers.map(({ queue }) => queue.drained())),
      aborted(this.acting.signal).catch(() => undefined),
    ]);
    cancel();
  }
}

const cachesOf = ({ client, clock, random, namespaces, operatorNamespace, logger }: ManagerOptions): WatchedCaches =>
  new WatchedCaches({
    client,
    clock,
    random,
    // The agents that the operator makes live in its own; unseen, they would count as not there.
    namespaces: namespaces.length === 0 ? [] : [...namespaces, operatorNamespace],
    isNamespaced,
    onError: (error, { kind }) => logger.warn('Watching failed', { kind, error, remedy: error.remedy }),
  });

const electorOf = (options: ManagerOptions): LeaderElector | undefined => {
  const { leaderElection, client, clock, random, logger, identity, operatorNamespace } = options;
  if (leaderElection === false) return undefined;
  return new LeaderElector({
    ...leaderElection,
    client,
    clock,
    random,
    logger,
    identity,
    namespace: operatorNamespace,
  });
};

const controllersOf = (options: ManagerOptions, caches: WatchedCaches, signal: AbortSignal): readonly Controller[] => {
  const { clock, random, logger, metrics, workers = WORKERS } = options;
  const round = roundOf(options, caches);
  return options.reconcilers.map((reconciler) => {
    const controller = new Controller({ reconciler, round, clock, random, logger, metrics, workers, signal });
    const unwire = wire(reconciler, caches, (key) => controller.queue.add(key));
    signal.addEventListener('abort', unwire, { once: true });
    return controller;
  });
};

const roundOf = (options: ManagerOptions, caches: WatchedCaches): Round => {
  const { client, clock, operatorNamespace } = options;
  const ownWrites = new OwnWrites({ caches, clock });
  const memory = new ApplyMemory();
  const inventory = new ConfigMapInventory(client, operatorNamespace);
  const liveOf = (ref: ObjectRef): LiveObject | undefined => caches.cacheOf(ref)?.get(ref);
  const executor = new Executor({ client, ownWrites, memory, inventory, liveOf });
  return new Round({
    client,
    reader: caches,
    clock,
    ownWrites,
    effects: new Effects({ reader: caches, executor, inventory, liveOf, exchange: options.exchange }),
    status: new StatusWriter({
      client,
      ownWrites,
      memory,
      differs: (live, manifest) => statusDiffers(live, manifest, FIELD_MANAGER),
    }),
    announcer: new Announcer(new EventRecorder(options), options.metrics),
  });
};
