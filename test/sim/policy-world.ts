import type { Installation } from '../../controllers/installation';
import { offlineInstallation } from '../../controllers/installation';
import { reconcilers } from '../../controllers/reconcilers';
import { RegistryResolver } from '../../controllers/registry/resolver';
import { AgentExchange } from '../../controllers/runtime/agent-exchange';
import { silentLogger } from '../../controllers/runtime/log';
import { createManager } from '../../controllers/runtime/manager';
import { createMetrics } from '../../controllers/runtime/metrics';
import type { DriverPackage } from '../../lib/api/driver-package';
import type { WekaPolicyStatus } from '../../lib/api/weka-policy';
import { conditionsOf, findCondition } from '../../lib/base/conditions';
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject, Manifest } from '../../lib/base/kube-object';
import { createSimCluster } from '../../sim/cluster';
import { SimAgents } from '../../sim/drivers/agents';
import type { MachineTraits } from '../../sim/drivers/machine';
import { SimRegistry } from '../../sim/drivers/registry';
import type { NodeSpec } from '../../sim/nodes/node-object';
import { forkRandom } from '../../sim/random';

export const API_VERSION = 'weka.weka.io/v1alpha1';
export const NAMESPACE = 'default';
const OPERATOR_NAMESPACE = 'weka-operator-system';
const USER = { user: 'kubernetes-admin', manager: 'kubectl', force: true };
export const TYPE = {
  policy: { apiVersion: API_VERSION, kind: 'WekaPolicy' },
  cluster: { apiVersion: API_VERSION, kind: 'WekaCluster' },
  container: { apiVersion: API_VERSION, kind: 'WekaContainer' },
  wekaNode: { apiVersion: API_VERSION, kind: 'WekaNode' },
  service: { apiVersion: 'v1', kind: 'Service' },
  pod: { apiVersion: 'v1', kind: 'Pod' },
  node: { apiVersion: 'v1', kind: 'Node' },
  configMap: { apiVersion: 'v1', kind: 'ConfigMap' },
  claim: { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
  event: { apiVersion: 'v1', kind: 'Event' },
};
export type Kind = keyof typeof TYPE;
const CLUSTER_SCOPED: ReadonlySet<Kind> = new Set(['node', 'wekaNode']);
export const IMAGE = 'registry.example/weka:4.4.5';
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const policy = (payload: JsonObject = {}, more: object = {}): Manifest => ({
  ...TYPE.policy,
  metadata: { name: 'drivers', namespace: NAMESPACE, ...more },
  spec: {
    type: 'enable-local-drivers-distribution',
    image: IMAGE,
    payload: { driverDistPayload: { ensureImages: [IMAGE], ...payload } },
  },
});

export const wekaCluster = (version: string, name = 'prod'): Manifest => ({
  ...TYPE.cluster,
  metadata: { name, namespace: NAMESPACE },
  // No node of these tests has the label: the cluster wants drivers built, and none loaded.
  spec: {
    template: 'dynamic',
    image: `registry.example/weka:${version}`,
    dynamicTemplate: {},
    nodeSelector: { none: 'x' },
  },
});

const TWO_NODES: readonly NodeSpec[] = [
  { name: 'n1', kernel: '6.1.0-18-amd64' },
  { name: 'n2', kernel: '5.15.0-91-generic' },
];

interface WorldOptions {
  readonly seed?: number;
  readonly nodes?: readonly NodeSpec[];
  readonly machines?: Readonly<Record<string, MachineTraits>>;
  readonly settings?: Partial<Installation>;
}

/** A cluster in memory whose nodes run the agents of driver distribution; the operator comes and goes. */
const aGround = ({ seed = 1, nodes = TWO_NODES, machines = {} }: WorldOptions) => {
  const registry = new SimRegistry();
  const agents = new SimAgents({ seed, registry, machines, operatorNamespace: OPERATOR_NAMESPACE });
  const cluster = createSimCluster({
    seed,
    namespaces: ['default', 'kube-system', OPERATOR_NAMESPACE],
    behaviour: agents.behaviour,
  });
  agents.join({ clock: cluster.clock, store: cluster.server.core.store });
  for (const node of nodes) cluster.nodes.add(node);
  return { cluster, registry, agents };
};
type Ground = ReturnType<typeof aGround>;

/** A process of the operator, with a memory of its own. */
const anOperator = ({ cluster, registry, agents }: Ground, settings: Partial<Installation>, seed: number) => {
  const exchange = new AgentExchange();
  const { clock } = cluster;
  const random = forkRandom(seed, 'manager');
  const offline = settings.offline ?? false;
  const manager = createManager({
    client: cluster.client(),
    clock,
    random,
    logger: silentLogger,
    reconcilers: reconcilers(
      offlineInstallation({
        operatorImage: 'registry.example/weka-operator:1',
        exchange,
        registry: new RegistryResolver({ clock, random, offline, call: (url) => registry.ask(url) }),
        registryUrl: 'https://drivers.example',
        caBundle: () => 'the authorities',
        signRequest: (request) => `signed: ${request}`,
        ...settings,
      }),
    ),
    exchange,
    namespaces: [],
    operatorNamespace: OPERATOR_NAMESPACE,
    identity: 'test',
    leaderElection: false,
    metrics: createMetrics(),
  });
  const stop = new AbortController();
  agents.connect(exchange);
  const running = manager.start(stop.signal);
  return async (): Promise<void> => {
    agents.connect(undefined);
    stop.abort(new Error('over'));
    await cluster.clock.run({ forMs: 60_000 });
    await running;
  };
};

/** The operator on a cluster in memory, with nodes of two kernels unless others are given. */
export const aWorld = (options: WorldOptions = {}) => {
  const { seed = 1 } = options;
  const ground = aGround(options);
  const { cluster, agents } = ground;
  let stop = anOperator(ground, options.settings ?? {}, seed);
  const refOf = (kind: Kind, name: string, namespace = NAMESPACE) => ({
    ...TYPE[kind],
    name,
    ...(CLUSTER_SCOPED.has(kind) ? {} : { namespace }),
  });
  const get = (kind: Kind, name: string, namespace?: string): LiveObject | undefined =>
    cluster.get(refOf(kind, name, namespace));
  const list = (kind: Kind): readonly LiveObject[] =>
    cluster.list(TYPE[kind]).filter(({ metadata }) => CLUSTER_SCOPED.has(kind) || metadata.namespace === NAMESPACE);
  const statusOf = (name = 'drivers'): WekaPolicyStatus => get('policy', name)?.status ?? {};
  const packages = (name?: string): readonly DriverPackage[] => statusOf(name).typedStatus?.distService?.packages ?? [];
  return {
    ...ground,
    get,
    list,
    packages,
    statusOf,
    apply: (manifest: Manifest): LiveObject => cluster.server.apply(manifest, USER),
    setStatus: (object: LiveObject, status: JsonObject): LiveObject =>
      cluster.server.apply(
        { ...refOfObject(object), metadata: metaOf(object), status },
        { ...USER, subresource: 'status' },
      ),
    pass: (ms = 5 * MINUTE) => cluster.clock.run({ forMs: ms }),
    names: (kind: Kind) => list(kind).map(({ metadata }) => metadata.name),
    builders: () => list('container').filter(({ spec }) => spec?.['mode'] === 'drivers-builder'),
    delete: (kind: Kind, name: string) =>
      void cluster.server.delete(refOf(kind, name), { user: 'kubernetes-admin', propagation: 'Background' }),
    writes: () => cluster.log.count({ user: 'weka-operator' }),
    ready: (kind: Kind, name: string) => {
      const { status, reason, message } = findCondition(conditionsOf(get(kind, name)!), 'Ready') ?? {};
      return { status, reason, message };
    },
    /** State of each package, by kernel. */
    states: (name?: string): Record<string, string | undefined> =>
      Object.fromEntries(packages(name).map(({ kernel, state }) => [kernel ?? '', state])),
    machine: (name: string) => agents.machines.get(name),
    /** The operator ends, and a process with these settings begins. */
    restart: async (settings: Partial<Installation> = options.settings ?? {}) => {
      await stop();
      stop = anOperator(ground, settings, seed + 1);
    },
    stop: () => stop(),
  };
};
export type World = ReturnType<typeof aWorld>;

const refOfObject = ({ apiVersion, kind }: LiveObject) => ({ apiVersion, kind });
const metaOf = ({ metadata: { name, namespace } }: LiveObject) => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
});
