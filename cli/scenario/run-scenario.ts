import { reconcilers } from '../../controllers/reconcilers';
import { silentLogger } from '../../controllers/runtime/log';
import { createManager } from '../../controllers/runtime/manager';
import { createMetrics } from '../../controllers/runtime/metrics';
import type { KubeObject, LiveObject } from '../../lib/base/kube-object';
import { OPERATOR_NAMESPACE } from '../../lib/base/names';
import type { SimCluster } from '../../sim/cluster';
import { createSimCluster } from '../../sim/cluster';
import type { NodeSpec } from '../../sim/nodes/node-object';
import { forkRandom } from '../../sim/random';
import type { Happening } from './story';
import { happening } from './story';

export interface Scenario {
  readonly seed: number;
  readonly nodes: readonly NodeSpec[];
  /** Applied by a user, in this order. */
  readonly objects: readonly KubeObject[];
  readonly operatorImage: string;
  /** Virtual milliseconds after which it is given up. Default one hour. */
  readonly limitMs?: number;
  /** Told each happening as it happens. */
  readonly onHappening?: (happening: Happening) => void;
}

export interface ScenarioResult {
  /** Whether nothing happened any more before the limit. */
  readonly settled: boolean;
  /** Virtual milliseconds it took until the last happening. */
  readonly tookMs: number;
  /** Virtual time at the end, in milliseconds since the epoch. */
  readonly now: number;
  readonly cluster: SimCluster;
  /** Writes of the manager until it had settled, and in the ten minutes after; the Lease not counted. */
  readonly writes: { readonly untilSettled: number; readonly after: number };
}

/** Nothing may happen for this long before a scenario counts as settled: longer than a simulated build takes. */
const QUIET_MS = 300_000;
const STEP_MS = 1_000;
const AFTERWARDS_MS = 600_000;
const MANAGER = 'weka-operator';

/**
 * Plays the whole operator on a simulated cluster until nothing happens any more. No real time passes; the result is a
 * function of the scenario alone.
 */
export const runScenario = async (scenario: Scenario): Promise<ScenarioResult> => {
  const cluster = clusterOf(scenario);
  const { clock } = cluster;
  const begin = clock.now();
  let last = begin;
  const before = new Map<string, LiveObject>();
  cluster.server.core.store.subscribe(({ type, object }) => {
    const told = happening({ type, object, old: before.get(object.metadata.uid) }, clock.now() - begin);
    before.set(object.metadata.uid, object);
    if (told === undefined) return;
    last = clock.now();
    scenario.onHappening?.(told);
  });
  for (const node of scenario.nodes) cluster.nodes.add(node);
  const stop = new AbortController();
  const manager = managerOf(scenario, cluster);
  const running = manager.start(stop.signal);
  for (const object of scenario.objects) apply(cluster, object);
  const limit = begin + (scenario.limitMs ?? 3_600_000);
  while (clock.now() < limit && clock.now() - last < QUIET_MS) await clock.run({ forMs: STEP_MS });
  const settled = clock.now() - last >= QUIET_MS;
  const untilSettled = writesOf(cluster);
  await clock.run({ forMs: AFTERWARDS_MS });
  const after = writesOf(cluster) - untilSettled;
  stop.abort(new Error('the scenario is over'));
  await clock.run({ forMs: STEP_MS });
  await running;
  return { settled, tookMs: last - begin, now: clock.now(), cluster, writes: { untilSettled, after } };
};

const clusterOf = ({ seed, objects }: Scenario): SimCluster => {
  const wanted = objects.flatMap(({ metadata }) => (metadata.namespace === undefined ? [] : [metadata.namespace]));
  return createSimCluster({
    seed,
    namespaces: [...new Set(['default', 'kube-system', OPERATOR_NAMESPACE, ...wanted])],
  });
};

const managerOf = (scenario: Scenario, cluster: SimCluster) =>
  createManager({
    client: cluster.client({ user: MANAGER }),
    clock: cluster.clock,
    random: forkRandom(scenario.seed, 'manager'),
    logger: silentLogger,
    reconcilers: reconcilers({ operatorImage: scenario.operatorImage }),
    namespaces: [],
    operatorNamespace: OPERATOR_NAMESPACE,
    identity: 'manager-0',
    leaderElection: {},
    metrics: createMetrics(),
  });

/** As `kubectl apply --server-side` does it. */
const apply = (cluster: SimCluster, object: KubeObject): LiveObject =>
  cluster.server.apply(object, { user: 'kubernetes-admin', manager: 'kubectl', force: false });

const writesOf = (cluster: SimCluster): number =>
  cluster.log.count({ user: MANAGER }) - cluster.log.count({ user: MANAGER, kind: 'Lease' });
