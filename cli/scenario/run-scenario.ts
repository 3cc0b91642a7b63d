import { DEFAULT_MAX_UNAVAILABLE } from '../../lib/drivers/rollout';
import type { KubeObject, ObjectRef, LiveObject } from '../../lib/base/kube-object';
import type { SimAgents } from '../../sim/drivers/agents';
import type { MachineTraits } from '../../sim/drivers/machine';
import type { SimRegistry } from '../../sim/drivers/registry';
import type { SimCluster } from '../../sim/cluster';
import type { FaultPoint } from '../../sim/client';
import type { Strike } from '../../sim/faults/injector';
import { FaultInjector } from '../../sim/faults/injector';
import { scheduleFaults } from '../../sim/faults/moments';
import type { FaultPlan, Named } from '../../sim/faults/plan';
import { endOf, faultsNamed, NO_PLAN } from '../../sim/faults/plan';
import { faultyBehaviour } from '../../sim/faults/pod-faults';
import type { NodeSpec } from '../../sim/nodes/node-object';
import type { Broken, InvariantWatch } from '../../sim/oracles/watch-invariants';
import { watchInvariants } from '../../sim/oracles/watch-invariants';
import type { ManagerSettings } from './managers';
import type { Happening } from './story';
import { tellStory } from './story';
import type { World } from './world';
import { createWorld, MANAGER } from './world';

export { MANAGER };

/** What a scenario may put its hands on beside the objects of the cluster. */
export type Hands = Pick<World, 'cluster' | 'agents' | 'registry'>;

/** What a user does in the middle of a scenario. */
export interface UserAct {
  /** Virtual milliseconds after the beginning. */
  readonly at: number;
  /** Applied as `kubectl apply` does. */
  readonly apply?: KubeObject;
  /** Deleted as `kubectl delete` does; nothing when it isn't there. */
  readonly delete?: ObjectRef;
  /** Anything else: a machine is rebooted, a file damaged, a registry falls silent. */
  readonly does?: (hands: Hands) => void;
}

export interface Scenario {
  readonly seed: number;
  readonly nodes: readonly NodeSpec[];
  /** Applied by a user, in this order. */
  readonly objects: readonly KubeObject[];
  /** What the user does later. Default: nothing. */
  readonly acts?: readonly UserAct[];
  readonly operatorImage: string;
  /** By name of the node; machines that are not there are ordinary. */
  readonly machines?: Readonly<Record<string, MachineTraits>>;
  /** How the operator is set up. Default: as it is by itself. */
  readonly settings?: ManagerSettings;
  /** Before anything begins: what registries have, how builds go. */
  readonly prepare?: (hands: Hands) => void;
  /** Nothing may happen for so many virtual milliseconds before it counts as settled. Default five minutes and a half. */
  readonly quietMs?: number;
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
  readonly agents: SimAgents;
  readonly registry: SimRegistry;
  /** Writes of the manager until it had settled, and afterwards; the Lease not counted. */
  readonly writes: { readonly untilSettled: number; readonly after: number };
  /** Invariants that did not hold; empty is what they are for. */
  readonly broken: readonly Broken[];
}

/** Nothing may happen for this long before a scenario counts as settled: longer than a build and than any back-off. */
const QUIET_MS = 330_000;
/** Managers list everything anew within ten minutes: what a lost event hid is known by then. */
const RELIST_MS = 660_000;
/** A manager that is told to stop, at an API server that takes its time, is at its last round for this long at most. */
const LAST_ROUND_MS = 120_000;
/** Longer than managers take to stop. */
const STOP_MS = 30_000;

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
  private readonly world: World;
  private readonly cluster: SimCluster;
  private readonly injector: FaultInjector;
  private readonly invariants: InvariantWatch;
  private readonly start: number;
  /** When something last happened that is told, and when anything last changed or went wrong. */
  private last: { told: number; moved: number };

  constructor(private readonly scenario: Scenario) {
    this.plan = scenario.faults ?? NO_PLAN;
    this.world = this.newWorld();
    this.cluster = this.world.cluster;
    this.start = this.cluster.clock.now();
    this.last = { told: this.start, moved: this.start };
    this.invariants = watchInvariants({
      ...this.world,
      user: MANAGER,
      maxUnavailable: scenario.settings?.maxUnavailable ?? DEFAULT_MAX_UNAVAILABLE,
    });
    this.injector = new FaultInjector({
      cluster: this.cluster,
      plan: this.plan,
      seed: scenario.seed,
      onStrike: (strike) => this.struck(strike),
      onCrash: (process, fault) => this.world.managers.crashed(process, fault),
    });
  }

  begin(): void {
    const { cluster, scenario } = this;
    const { managers } = this.world;
    this.tell();
    scenario.prepare?.(this.world);
    for (const node of scenario.nodes) cluster.nodes.add(node);
    managers.start();
    for (const object of scenario.objects) apply(cluster, object);
    for (const act of scenario.acts ?? []) cluster.clock.after(act.at, () => perform(this.world, act));
    scheduleFaults(this.plan, this.injector, this.world);
  }

  /** Runs until it is quiet; `false`: it was not before the limit. */
  async untilQuiet(): Promise<boolean> {
    const { clock } = this.cluster;
    const acts = (this.scenario.acts ?? []).map(({ at }) => at);
    const planned = this.start + Math.max(0, endOf(this.plan), ...acts);
    const jumps = faultsNamed(this.plan, 'clock-jump');
    const blind =
      jumps.length > 0 ||
      faultsNamed(this.plan, 'events').some(({ effect }) => effect === 'drop' || effect === 'rewind');
    // A pause that ends by the clock of somebody whose clock was not set back is over later by as much.
    const behind = jumps.reduce((sum, { by }) => sum + Math.max(0, -by), 0);
    for (;;) {
      const { quietMs = QUIET_MS } = this.scenario;
      const quiet = blind ? Math.max(RELIST_MS, quietMs) + behind : quietMs;
      const calm = Math.max(this.last.moved, planned) + quiet;
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
    const stopped = this.world.managers.stop();
    await cluster.clock.run({ forMs: STOP_MS });
    await stopped;
    return {
      settled,
      tookMs: this.last.told - this.start,
      now: cluster.clock.now(),
      cluster,
      agents: this.world.agents,
      registry: this.world.registry,
      writes: { untilSettled, after },
      broken: this.invariants.broken,
    };
  }

  private crashedAt = 0;

  private struck(strike: Strike): void {
    const now = this.cluster.clock.now();
    this.last.moved = now;
    if (strike.fault === 'stale-lists' || strike.fault === 'events') this.invariants.pastShown();
    if (strike.fault === 'version') this.invariants.wished(LAST_ROUND_MS);
    if (strike.fault === 'second-manager' && this.scenario.leaderElection === false) this.invariants.contradicted();
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

  /** Tells the story as it happens, and knows by it whether anything still does. */
  private tell(): void {
    const { clock, server } = this.cluster;
    const moves = (): void => void (this.last.moved = clock.now());
    server.core.store.subscribe(({ object }) => {
      if (object.kind !== 'Lease') moves();
    });
    this.world.agents.onAct(moves);
    tellStory(this.world, (what) => {
      this.last.told = clock.now();
      this.scenario.onHappening?.(what);
    });
  }

  private newWorld(): World {
    const { seed, operatorImage, leaderElection = true, objects, acts = [], machines, settings } = this.scenario;
    const namespaces = [...objects, ...acts.flatMap(({ apply: object }) => object ?? [])].flatMap(
      ({ metadata }) => metadata.namespace ?? [],
    );
    const pods = faultsNamed(this.plan, 'pod');
    const isActive = ({ at, for: length }: Named<'pod'>): boolean =>
      this.injector.now >= at && this.injector.now < at + length;
    return createWorld({
      seed,
      operatorImage,
      leaderElection,
      namespaces,
      ...(machines === undefined ? {} : { machines }),
      ...(settings === undefined ? {} : { settings }),
      ...(pods.length === 0 ? {} : { behaviour: faultyBehaviour(pods, isActive) }),
      clientOf: (cluster, process) =>
        cluster.client({ user: MANAGER, faults: this.observed(this.injector.pointFor(process)) }),
    });
  }
}

const perform = (hands: Hands, act: UserAct): void => {
  const { cluster } = hands;
  if (act.apply !== undefined) apply(cluster, act.apply);
  if (act.delete !== undefined && cluster.get(act.delete) !== undefined)
    cluster.server.delete(act.delete, { user: 'kubernetes-admin', propagation: 'Background' });
  act.does?.(hands);
};

/** As `kubectl apply --server-side` does it. */
const apply = (cluster: SimCluster, object: KubeObject): LiveObject =>
  cluster.server.apply(object, { user: 'kubernetes-admin', manager: 'kubectl', force: false });

const writesOf = (cluster: SimCluster): number =>
  cluster.log.count({ user: MANAGER }) - cluster.log.count({ user: MANAGER, kind: 'Lease' });
