import { DEFAULT_MAX_UNAVAILABLE } from '../../lib/drivers/rollout';
import type { ManagerSettings } from '../../cli/scenario/managers';
import { tellStory } from '../../cli/scenario/story';
import { createWorld, MANAGER } from '../../cli/scenario/world';
import { API_VERSION } from '../../lib/api/kind';
import type { WekaNodeSpec, WekaNodeStatus } from '../../lib/api/weka-node';
import { conditionsOf, findCondition } from '../../lib/base/conditions';
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject, Manifest } from '../../lib/base/kube-object';
import { OPERATOR_NAMESPACE } from '../../lib/base/names';
import type { PackageKey } from '../../lib/drivers/package';
import { packageId } from '../../lib/drivers/package';
import type { ClientCall } from '../../sim/client';
import { NO_FAULTS } from '../../sim/client';
import type { AgentAct } from '../../sim/drivers/acts';
import type { MachineTraits } from '../../sim/drivers/machine';
import type { NodeSpec } from '../../sim/nodes/node-object';
import { watchInvariants } from '../../sim/oracles/watch-invariants';

export const NAMESPACE = 'default';
export const VERSION = '4.4.5';
export const NEXT = '4.4.6';
export const OPERATOR_IMAGE = 'registry.example/weka-operator:1';
export const imageOf = (version: string): string => `registry.example/weka:${version}`;
/** A registry whose package names are known: those of this project. */
export const REGISTRY = 'https://drivers.example';
/** Where the policy `drivers` serves its packages. */
export const SERVICE = 'https://drivers-dist.default.svc.cluster.local:60002';

const weka = (kind: string, name: string, spec: JsonObject, more: JsonObject = {}): Manifest => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name, namespace: NAMESPACE, ...more },
  spec,
});

/** A driver distribution policy; `payload`: of driverDistPayload. */
export const policy = (payload: JsonObject = {}, name = 'drivers'): Manifest =>
  weka('WekaPolicy', name, {
    type: 'enable-local-drivers-distribution',
    image: imageOf(VERSION),
    payload: { driverDistPayload: payload },
  });

/** A client on all nodes, whose drivers come from the policy's service. */
export const client = (version = VERSION, spec: JsonObject = {}, name = 'clients'): Manifest =>
  weka('WekaClient', name, {
    image: imageOf(version),
    driversDistService: SERVICE,
    targetCluster: { name: 'prod', namespace: NAMESPACE },
    ...spec,
  });

/** A client on all nodes that names no service: the registry is asked. */
export const clientOfRegistry = (version = VERSION): Manifest =>
  weka('WekaClient', 'clients', { image: imageOf(version), targetCluster: { name: 'prod', namespace: NAMESPACE } });

/** Another container, with a name of its own. */
export const container = (name: string, spec: JsonObject, labels: Record<string, string> = {}): Manifest =>
  weka('WekaContainer', name, { name: 'dist', agentPort: 60001, port: 60002, numCores: 1, ...spec }, { labels });

export const keyFor = (kernel: string, wekaVersion = VERSION, architecture = 'amd64'): PackageKey => ({
  wekaVersion,
  kernel,
  architecture,
});
export const idFor = (kernel: string, wekaVersion = VERSION): string => packageId(keyFor(kernel, wekaVersion));

const TYPES = {
  policy: { apiVersion: API_VERSION, kind: 'WekaPolicy' },
  client: { apiVersion: API_VERSION, kind: 'WekaClient' },
  cluster: { apiVersion: API_VERSION, kind: 'WekaCluster' },
  container: { apiVersion: API_VERSION, kind: 'WekaContainer' },
  wekaNode: { apiVersion: API_VERSION, kind: 'WekaNode' },
  node: { apiVersion: 'v1', kind: 'Node' },
  pod: { apiVersion: 'v1', kind: 'Pod' },
  service: { apiVersion: 'v1', kind: 'Service' },
  configMap: { apiVersion: 'v1', kind: 'ConfigMap' },
  event: { apiVersion: 'v1', kind: 'Event' },
  daemonSet: { apiVersion: 'apps/v1', kind: 'DaemonSet' },
} as const;
type Kind = keyof typeof TYPES;
const CLUSTER_SCOPED: ReadonlySet<Kind> = new Set(['node', 'wekaNode']);
const USER = { user: 'kubernetes-admin', manager: 'kubectl', force: true };

/** The minute as a number of virtual milliseconds. */
export const MINUTE = 60_000;

export interface DriverWorldOptions {
  readonly seed?: number;
  /** Default: n1 with 6.1.0-18-amd64, n2 with 5.15.0-91-generic. */
  readonly nodes?: readonly NodeSpec[];
  readonly machines?: Readonly<Record<string, MachineTraits>>;
  readonly settings?: ManagerSettings;
}

const TWO_NODES: readonly NodeSpec[] = [
  { name: 'n1', kernel: '6.1.0-18-amd64' },
  { name: 'n2', kernel: '5.15.0-91-generic' },
];

/** The operator with its agents on simulated nodes; every invariant is watched. */
export const aDriverWorld = ({
  seed = 1,
  nodes = TWO_NODES,
  machines = {},
  settings = {},
}: DriverWorldOptions = {}) => {
  let onCall: (call: ClientCall) => void = () => undefined;
  const world = createWorld({
    seed,
    operatorImage: OPERATOR_IMAGE,
    leaderElection: false,
    machines,
    settings,
    clientOf: (cluster) =>
      cluster.client({
        user: MANAGER,
        faults: {
          ...NO_FAULTS,
          call: (call, proceed) => {
            onCall(call);
            return proceed();
          },
        },
      }),
  });
  const { cluster, agents, registry, managers } = world;
  const maxUnavailable = settings.maxUnavailable ?? DEFAULT_MAX_UNAVAILABLE;
  const watch = watchInvariants({ ...world, user: MANAGER, maxUnavailable });
  onCall = watch.onCall;
  const lines: string[] = [];
  const acts: AgentAct[] = [];
  tellStory(world, ({ what, object, text }) => {
    const sign = { made: '+ ', gone: '- ', is: '' }[what];
    lines.push(`${sign}${object}${text === '' ? '' : ` ${text}`}`);
  });
  agents.onAct((act) => void acts.push(act));
  for (const node of nodes) cluster.nodes.add(node);
  managers.start();

  const refOf = (kind: Kind, name: string, namespace = NAMESPACE) => ({
    ...TYPES[kind],
    name,
    ...(CLUSTER_SCOPED.has(kind) ? {} : { namespace }),
  });
  const get = (kind: Kind, name: string, namespace?: string): LiveObject | undefined =>
    cluster.get(refOf(kind, name, namespace));
  const condition = (kind: Kind, name: string, type: string) => {
    const object = get(kind, name);
    const found = object === undefined ? undefined : findCondition(conditionsOf(object), type);
    return found === undefined ? undefined : { status: found.status, reason: found.reason, message: found.message };
  };
  const recordOf = (
    name: string,
  ): { driver: NonNullable<WekaNodeSpec['driver']> | undefined; status: WekaNodeStatus } => {
    const record = get('wekaNode', name);
    return { driver: (record?.spec as WekaNodeSpec | undefined)?.driver, status: record?.status ?? {} };
  };
  return {
    ...world,
    lines,
    acts,
    broken: watch.broken,
    get,
    condition,
    recordOf,
    list: (kind: Kind) => cluster.list(TYPES[kind]),
    names: (kind: Kind) => cluster.list(TYPES[kind]).map(({ metadata }) => metadata.name),
    apply: (manifest: Manifest) => cluster.server.apply(manifest, USER),
    delete: (kind: Kind, name: string, namespace?: string) =>
      cluster.server.delete(refOf(kind, name, namespace), { user: USER.user, propagation: 'Background' }),
    machine: (name: string) => agents.machines.get(name),
    dist: (name = 'drivers-dist') => agents.dist(name)!,
    pass: (ms = 5 * MINUTE) => cluster.clock.run({ forMs: ms }),
    count: (what: AgentAct['what'], node?: string) =>
      acts.filter((act) => act.what === what && (node === undefined || ('node' in act && act.node === node))).length,
    /** What has been told since the last time, of what `about` matches. */
    told: (about: RegExp): readonly string[] => lines.splice(0).filter((line) => about.test(line)),
    writes: () => cluster.log.count({ user: MANAGER }),
    /** WEKA versions whose modules are loaded, by node; empty: none is. */
    modules: (name: string) => agents.machines.get(name).modules.map(({ name: module }) => module),
    loaded: (name: string) => recordOf(name).status.driver?.wekaVersion,
    registry,
    stop: async () => {
      const stopped = managers.stop();
      await cluster.clock.run({ forMs: 30_000 });
      await stopped;
    },
  };
};
export type DriverWorld = ReturnType<typeof aDriverWorld>;
export { OPERATOR_NAMESPACE };
