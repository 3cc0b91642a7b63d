import type { ClusterClient } from '../../controllers/kube/cluster-client';
import { OPERATOR_NAMESPACE } from '../../lib/base/names';
import { SimAgents } from '../../sim/drivers/agents';
import type { MachineTraits } from '../../sim/drivers/machine';
import { SimRegistry } from '../../sim/drivers/registry';
import type { SimCluster, SimClusterOptions } from '../../sim/cluster';
import { createSimCluster } from '../../sim/cluster';
import type { SimProcess } from '../../sim/faults/process';
import { firstOf } from '../../sim/nodes/behaviour';
import type { ManagerSettings } from './managers';
import { Managers } from './managers';

/** Who writes in the name of the operator. */
export const MANAGER = 'weka-operator';
const BOOKMARK_MS = 300_000;
/** Events take a moment: managers that wake each other for ever are seen to write for ever, and time goes on. */
const LATENCY_MS = 1;

/** A cluster with the operator's agents on its machines, the world outside, and the processes of the operator. */
export interface World {
  readonly cluster: SimCluster;
  readonly agents: SimAgents;
  readonly registry: SimRegistry;
  readonly managers: Managers;
}

export interface WorldOptions extends Pick<SimClusterOptions, 'behaviour' | 'freeze'> {
  readonly seed: number;
  readonly operatorImage: string;
  readonly leaderElection: boolean;
  /** Beside `default`, `kube-system` and the operator's. */
  readonly namespaces?: readonly string[];
  /** By name of the node; what is not there is ordinary. */
  readonly machines?: Readonly<Record<string, MachineTraits>>;
  /** How the operator is set up. Default: as it is by itself. */
  readonly settings?: ManagerSettings;
  /** How a process of the operator reaches the cluster. Default: without faults. */
  readonly clientOf?: (cluster: SimCluster, process: SimProcess) => ClusterClient;
}

/** A world in which nothing has begun yet: no node, no process of the operator. */
export const createWorld = (options: WorldOptions): World => {
  const { seed, machines, behaviour, namespaces = [] } = options;
  const registry = new SimRegistry();
  const agents = new SimAgents({
    seed,
    registry,
    operatorNamespace: OPERATOR_NAMESPACE,
    ...(machines === undefined ? {} : { machines }),
  });
  const cluster = createSimCluster({
    seed,
    namespaces: [...new Set(['default', 'kube-system', OPERATOR_NAMESPACE, ...namespaces])],
    bookmarkMs: BOOKMARK_MS,
    latencyMs: LATENCY_MS,
    behaviour: firstOf(...(behaviour === undefined ? [] : [behaviour]), agents.behaviour),
    ...(options.freeze === undefined ? {} : { freeze: options.freeze }),
  });
  agents.join({ clock: cluster.clock, store: cluster.server.core.store });
  const clientOf = options.clientOf ?? ((): ClusterClient => cluster.client({ user: MANAGER }));
  const managers = new Managers(options.operatorImage, {
    seed,
    clock: cluster.clock,
    leaderElection: options.leaderElection,
    clientOf: (process) => clientOf(cluster, process),
    settings: options.settings ?? {},
    registry,
    onLeader: (port) => agents.connect(port),
  });
  return { cluster, agents, registry, managers };
};
