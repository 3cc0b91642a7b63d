import type { KubeObject, ObjectRef, LiveObject } from '../../lib/base/kube-object';
import { OPERATOR_NAMESPACE } from '../../lib/base/names';
import type { SimCluster } from '../../sim/cluster';
import { createSimCluster } from '../../sim/cluster';
import type { FaultPoint } from '../../sim/client';
import type { Strike } from '../../sim/faults/injector';
import { FaultInjector } from '../../sim/faults/injector';
import { scheduleFaults } from '../../sim/faults/moments';
import type { FaultPlan, Named } from '../../sim/faults/plan';
import { endOf, faultsNamed, NO_PLAN } from '../../sim/faults/plan';
import { faultyBehaviour } from '../../sim/faults/pod-faults';
import type { NodeSpec } from '../../sim/nodes/node-object';
import type { Broken } from '../../sim/oracles/watch-invariants';
import { watchInvariants } from '../../sim/oracles/watch-invariants';
import { Managers } from './managers';
import type { Happening } from './story';
import { happening } from './story';

/** What a user does in the middle of a scenario. */
export interface UserAct {
  /** Virtual milliseconds after the beginning. */
  readonly at: number;
  /** Applied as `kubectl apply` does. */
  readonly apply?: KubeObject;
  /** Deleted as `kubectl delete` does; nothing when it isn't there. */
  readonly delete?: ObjectRef;
}

export interface Scenario {
  readonly seed: number;
  readonly nodes: readonly NodeSpec[];
  /** Applied by a user, in this order. */
  readonly objects: readonly KubeObject[];
  /** What the user does later. Default: nothing. */
  readonly acts?: readonly UserAct[];
  readonly operatorImage: string;
  /** What goes wrong. Default: nothing. */
  readonly faults?: FaultPlan;
  /** Virtual milliseconds after the last fault and act after which it is given up. Default one hour. */
  readonly limitMs?: number;
  /** Virtual milliseconds that are watched after it has settled. Default ten minutes. */
  readonly afterwardsMs?: number;
  /** Default `true`. Without it two managers act at once, which nothing may suffer from either. */
  readonly leaderElection?: boolean;
  /** Told each happening as it happens. */
  readonly onHappening?: (happening: Happening) => void;
  /** Told each fault as it strikes. */
  readonly onStrike?: (strike: Strike) => void;
}

export interface ScenarioResult {
  /** Whether nothing happened any more before the limit. */
  readonly settled: boolean;
  /** Virtual milliseconds it took until the last happening. */
  readonly tookMs: number;
  /** Virtual time at the end, in milliseconds since the epoch. */
  readonly now: number;
  readonly cluster: SimCluster;
  /** Writes of the manager until it had settled, and afterwards; the Lease not counted. */
  readonly writes: { readonly untilSettled: number; readonly after: number };
  /** Invariants that did not hold; empty is what they are for. */
  readonly broken: readonly Broken[];
}

/** Nothing may happen for this long before a scenario counts as settled: longer than a build and than any back-off. */
const QUIET_MS = 330_000;
/** Managers list everything anew within ten minutes: what a lost event hid is known by then. */
const RELIST_MS = 660_000;
/** Longer than managers take to stop. */
const STOP_MS = 30_000;
export const MANAGER = 'weka-operator';
const BOOKMARK_MS = 300_000;
/** Events take a moment: managers that wake each other for ever are seen to write for ever, and time goes on. */
const LATENCY_MS = 1;

/**
 * Plays the whole operator on a simulated cluster until nothing happens any more. No real time passes; the result is a
 * function of the scenario alone.
 */
export const runScenario = async (scenario: Scenario): Promise<ScenarioResult> => {
  const run = new Run(scenario);
  run.begin();
  const settled = await run.untilQuiet();
  return run.finish(settled);
};

class Run {
  private readonly plan: FaultPlan;
  private readonly cluster: SimCluster;
  private readonly injector: FaultInjector;
  private readonly managers: Managers;
  private readonly invariants: ReturnType<typeof watchInvariants>;
  private readonly start: number;
  /** When something last happened that is told, and when anything last changed or went wrong. */
  private last: { told: number; moved: number };

  constructor(private readonly scenario: Scenario) {
    this.plan = scenario.faults ?? NO_PLAN;
    this.cluster = this.newCluster();
    const { clock } = this.cluster;
    this.start = clock.now();
    this.last = { told: this.start, moved: this.start };
    this.invariants = watchInvariants(this.cluster, MANAGER);
    this.injector = new FaultInjector({
      cluster: this.cluster,
      plan: this.plan,
      seed: scenario.seed,
      onStrike: (strike) => this.struck(strike),
      onCrash: (process, fault) => this.managers.crashed(process, fault),
    });
    this.managers = new Managers(scenario.operatorImage, {
      seed: scenario.seed,
      clock,
      leaderElection: scenario.leaderElection ?? true,
      clientOf: (process) =>
        this.cluster.client({ user: MANAGER, faults: this.observed(this.injector.pointFor(process)) }),
    });
  }

  begin(): void {
    const { cluster, scenario } = this;
    this.tell();
    for (const node of scenario.nodes) cluster.nodes.add(node);
    this.managers.start();
    for (const object of scenario.objects) apply(cluster, object);
    for (const act of scenario.acts ?? []) cluster.clock.after(act.at, () => perform(cluster, act));
    scheduleFaults(this.plan, this.injector, cluster, this.managers);
  }

  /** Runs until it is quiet; `false`: it was not before the limit. */
  async untilQuiet(): Promise<boolean> {
    const { clock } = this.cluster;
    const acts = (this.scenario.acts ?? []).map(({ at }) => at);
    const planned = this.start + Math.max(0, endOf(this.plan), ...acts);
    const blind = faultsNamed(this.plan, 'events').some(({ effect }) => effect === 'drop' || effect === 'rewind');
    for (;;) {
      const calm = Math.max(this.last.moved, planned) + (blind ? RELIST_MS : QUIET_MS);
      const limit = Math.max(planned, this.crashedAt) + (this.scenario.limitMs ?? 3_600_000);
      if (clock.now() >= calm) return true;
      if (clock.now() >= limit) return false;
      await clock.run({ forMs: Math.min(calm, limit) - clock.now() });
    }
  }

  async finish(settled: boolean): Promise<ScenarioResult> {
    const { cluster, scenario } = this;
    const untilSettled = writesOf(cluster);
    await cluster.clock.run({ forMs: scenario.afterwardsMs ?? 600_000 });
    const after = writesOf(cluster) - untilSettled;
    const stopped = this.managers.stop();
    await cluster.clock.run({ forMs: STOP_MS });
    await stopped;
    return {
      settled,
      tookMs: this.last.told - this.start,
      now: cluster.clock.now(),
      cluster,
      writes: { untilSettled, after },
      broken: this.invariants.broken,
    };
  }

  private crashedAt = 0;

  private struck(strike: Strike): void {
    const now = this.cluster.clock.now();
    this.last.moved = now;
    if (strike.fault === 'stale-lists' || strike.fault === 'events') this.invariants.pastShown();
    if (strike.fault === 'crash') this.crashedAt = now;
    this.scenario.onStrike?.(strike);
  }

  private observed(point: FaultPoint): FaultPoint {
    return {
      ...point,
      call: (call, proceed) => {
        this.invariants.onCall(call);
        return point.call(call, proceed);
      },
    };
  }

  /** Tells the story as storage changes. */
  private tell(): void {
    const { clock, server } = this.cluster;
    server.core.store.subscribe(({ type, object, previous }) => {
      if (object.kind === 'Lease') return;
      this.last.moved = clock.now();
      const told = happening({ type, object, old: previous }, clock.now() - this.start);
      if (told === undefined) return;
      this.last.told = clock.now();
      this.scenario.onHappening?.(told);
    });
  }

  private newCluster(): SimCluster {
    const { seed, objects, acts = [] } = this.scenario;
    const namespaces = [...objects, ...acts.flatMap(({ apply: object }) => object ?? [])].flatMap(
      ({ metadata }) => metadata.namespace ?? [],
    );
    const pods = faultsNamed(this.plan, 'pod');
    const isActive = ({ at, for: length }: Named<'pod'>): boolean =>
      this.injector.now >= at && this.injector.now < at + length;
    return createSimCluster({
      seed,
      namespaces: [...new Set(['default', 'kube-system', OPERATOR_NAMESPACE, ...namespaces])],
      bookmarkMs: BOOKMARK_MS,
      latencyMs: LATENCY_MS,
      ...(pods.length === 0 ? {} : { behaviour: faultyBehaviour(pods, isActive) }),
    });
  }
}

const perform = (cluster: SimCluster, act: UserAct): void => {
  if (act.apply !== undefined) apply(cluster, act.apply);
  if (act.delete !== undefined && cluster.get(act.delete) !== undefined)
    cluster.server.delete(act.delete, { user: 'kubernetes-admin', propagation: 'Background' });
};

/** As `kubectl apply --server-side` does it. */
const apply = (cluster: SimCluster, object: KubeObject): LiveObject =>
  cluster.server.apply(object, { user: 'kubernetes-admin', manager: 'kubectl', force: false });

const writesOf = (cluster: SimCluster): number =>
  cluster.log.count({ user: MANAGER }) - cluster.log.count({ user: MANAGER, kind: 'Lease' });
