import type { Chart } from 'cdk8s';
import type { WekaNodeSpec, WekaNodeStatus } from '../lib/api/weka-node';
import { ConfigMap } from '../lib/base/cdk';
import type { LiveObject, Manifest } from '../lib/base/kube-object';
import { keyOf, keyString } from '../lib/base/kube-object';
import { ANNOTATION, LABEL } from '../lib/base/names';
import { labelValue } from '../lib/base/safe-names';
import { containerAgent } from '../lib/drivers/agent-documents';
import { buildViews } from '../lib/drivers/build-views';
import { claimOf } from '../lib/drivers/claims';
import { holdingsDocument } from '../lib/drivers/dist-holdings';
import { distsOf } from '../lib/drivers/dists';
import type { DriverWorld, PlannedNode, PolicyView } from '../lib/drivers/driver-candidates';
import type { DriverPlan } from '../lib/drivers/driver-plan';
import { planDrivers } from '../lib/drivers/driver-plan';
import { indexName, LoaderDaemonSet } from '../lib/drivers/loader-daemon-set';
import { ObserverDaemonSet } from '../lib/drivers/observer-daemon-set';
import { OPERATOR_DIST, OperatorDist } from '../lib/drivers/operator-dist';
import type { IndexEntry } from '../lib/drivers/package-index';
import { readIndex, shardsOf } from '../lib/drivers/package-index';
import { readDistObserved } from '../lib/drivers/read-documents';
import { nodeFacts } from '../lib/nodes/node-facts';
import { wekaNodeManifest } from '../lib/nodes/weka-node';
import type { LiveChild } from '../synth/child';
import { identityOf } from '../synth/children';
import { render } from '../synth/render';
import { childrenFrom, toldBody } from './common';
import type { Installation } from './installation';
import { TYPES } from './kinds';
import { projectNode } from './projections';
import type { BaseScope, Decision, Reader, Reconciler, SharedWrite, WatchedKind } from './runtime/reconciler';
import { isPaused } from './runtime/round-status';

/** What one round of all drivers reads. */
export interface DriversScope extends BaseScope {
  readonly plan: DriverPlan;
  /** WekaNodes by name. */
  readonly records: ReadonlyMap<string, LiveObject>;
  readonly live: readonly LiveChild[];
  readonly own: LiveObject | undefined;
  /** Whether any node is to be looked at: a policy selects it, or a driver is wanted there. */
  readonly observed: boolean;
}

/** Role of a shard of the package index for the operator's namespace. */
const INDEX_ROLE = 'drivers-index';

/**
 * Drivers controller: one object, the operator's namespace, stands for all nodes.
 *
 * Reads:   Nodes and WekaNodes; WekaClusters, WekaClients, WekaContainers; policies; Services; what distribution services
 *          have told; what registries say.
 * Writes:  in the operator's namespace: the package index (ConfigMaps), a loader DaemonSet for each (WEKA version, image,
 *          dist, pull secret), the observer DaemonSet, and its own dist while somebody names a registry. On WekaNodes:
 *          spec.driver.
 * Wakes:   on all of these.
 * Never:   changes the driver of a node whose file systems are mounted, that waits for its turn or is paused; takes a driver
 *          off a node; touches a Node; indexes bytes that nobody vouches for.
 * Crash safety: everything allowed is written down in WekaNodes; the index is written before any node is allowed what it
 *          names; children carry an owner reference to the namespace from their first write.
 */
export const driversReconciler = (settings: Installation): Reconciler<DriversScope> => ({
  name: 'drivers',
  primary: { type: TYPES.namespace, labelSelector: `kubernetes.io/metadata.name=${settings.operatorNamespace}` },
  children: [
    { type: TYPES.daemonSet, namespace: settings.operatorNamespace },
    { type: TYPES.configMap, namespace: settings.operatorNamespace, labelSelector: LABEL.driversIndex },
    { type: TYPES.service },
    { type: TYPES.container },
  ],
  reads: [
    { type: TYPES.node, project: projectNode, wakes: wakesNamespace(settings) },
    ...(['wekaNode', 'cluster', 'client', 'container', 'policy', 'service'] as const).map((kind): WatchedKind => ({
      type: TYPES[kind],
      wakes: wakesNamespace(settings),
    })),
  ],
  signals: [
    {
      subscribe: (listener) =>
        settings.exchange.onObserved((agent) => agent.startsWith('container/') && listener(agent)),
      wakes: wakesNamespace(settings),
    },
    { subscribe: (listener) => settings.registry.onAnswer(listener), wakes: wakesNamespace(settings) },
  ],
  finalizer: false,
  observe: (object, reader) => observe(object, reader, settings),
  decide: (scope) => decide(scope, settings),
});

const decide = (scope: DriversScope, settings: Installation): Decision => {
  // Plans made offline go through every namespace of a cluster.
  if (scope.object.metadata.name !== settings.operatorNamespace) return { children: [], live: [] };
  return {
    children: childrenFrom(
      render((chart) => makeChildren(chart, scope, settings)),
      becauseOf,
    ),
    live: scope.live,
    shared: driverWrites(scope),
    documents:
      scope.own === undefined || scope.plan.own === undefined
        ? []
        : [holdingsDocument(scope.own.metadata.uid, { packages: scope.plan.own })],
  };
};

const wakesNamespace =
  ({ operatorNamespace }: Installation) =>
  () => [{ name: operatorNamespace }];

const BECAUSE: Readonly<Record<string, string>> = {
  [INDEX_ROLE]: 'says which bytes may be loaded',
  'drivers-loader': 'nodes are allowed this driver',
  observer: 'looks at the nodes that drivers are for',
  dist: 'mirrors what a registry has',
  service: 'where mirrored packages are fetched',
};
const becauseOf = (role: string): string => BECAUSE[role] ?? role;

const observe = (object: LiveObject, reader: Reader, settings: Installation): Omit<DriversScope, 'now'> => {
  const records = new Map(reader.list(TYPES.wekaNode).map((record) => [record.metadata.name, record]));
  const own = reader.get(TYPES.container, { namespace: settings.operatorNamespace, name: OPERATOR_DIST });
  const world = worldOf(object, reader, { ...settings, records });
  const plan = planDrivers(world);
  return {
    object,
    records,
    own,
    plan,
    observed: world.policies.length > 0 || plan.nodes.some(({ driver }) => driver !== undefined),
    live: [TYPES.daemonSet, TYPES.configMap, TYPES.service, TYPES.container]
      .flatMap((type) => reader.childrenOf(object, type))
      .flatMap((child): LiveChild[] => {
        const identity = identityOf(child);
        return identity === undefined ? [] : [{ ...identity, object: child }];
      }),
  };
};

const worldOf = (
  namespace: LiveObject,
  reader: Reader,
  settings: Installation & Pick<DriversScope, 'records'>,
): DriverWorld => {
  const [containers, services] = [reader.list(TYPES.container), reader.list(TYPES.service)];
  const policies = reader.list(TYPES.policy);
  const dists = distsOf(containers, services, ({ metadata }) =>
    toldBody(settings.exchange.observed(containerAgent(metadata.uid)), readDistObserved),
  );
  return {
    claims: [...reader.list(TYPES.cluster), ...reader.list(TYPES.client), ...containers].flatMap(
      (claimant) => claimOf(claimant) ?? [],
    ),
    nodes: reader.list(TYPES.node).map((node) => plannedNode(node, settings.records)),
    policies: policies.flatMap(policyView),
    dists,
    own: dists.find(({ container }) => isOwn(container, settings)),
    builds: buildViews(policies, containers),
    services: new Set(services.map((service) => keyString(keyOf(service)))),
    recorded: readIndex(reader.childrenOf(namespace, TYPES.configMap).map(dataOf)),
    registryUrl: settings.registryUrl,
    offline: settings.offline,
    operatorImage: settings.operatorImage,
    maxUnavailable: settings.maxUnavailable,
    answer: (registry, key) => settings.registry.answer(registry, key),
  };
};

const isOwn = ({ metadata }: LiveObject, { operatorNamespace }: Installation): boolean =>
  metadata.namespace === operatorNamespace && metadata.name === OPERATOR_DIST;

const dataOf = (configMap: LiveObject): Record<string, string> =>
  (configMap['data'] as Record<string, string> | undefined) ?? {};

const plannedNode = (node: LiveObject, records: DriversScope['records']): PlannedNode => {
  const record = records.get(node.metadata.name);
  return {
    facts: nodeFacts(node),
    driver: (record?.spec as WekaNodeSpec | undefined)?.driver,
    status: record === undefined ? {} : reported(record),
    paused: record !== undefined && isPaused(record),
  };
};

/** What a record says of its node. A failure counts only for what is asked of the node now. */
const reported = ({ metadata, status = {} }: LiveObject): WekaNodeStatus => {
  if (status['observedGeneration'] === metadata.generation) return status;
  const { lastFailure: _about, ...rest } = status as WekaNodeStatus;
  return rest;
};

const policyView = ({ metadata, spec }: LiveObject): PolicyView[] => {
  const payload = (spec as { payload?: { driverDistPayload?: Partial<PolicyView> } } | undefined)?.payload;
  if (spec?.['type'] !== 'enable-local-drivers-distribution') return [];
  const nodeSelectors = payload?.driverDistPayload?.nodeSelectors ?? [];
  return [{ namespace: metadata.namespace ?? '', name: metadata.name, nodeSelectors }];
};

const makeChildren = (chart: Chart, { plan, observed, own }: DriversScope, settings: Installation): void => {
  const { operatorNamespace: namespace, operatorImage, gatewayUrl } = settings;
  addIndex(chart, plan.index, namespace);
  for (const [target, loader] of plan.loaders)
    new LoaderDaemonSet(chart, `loader ${target}`, { ...loader, namespace, operatorImage });
  if (observed) new ObserverDaemonSet(chart, 'observer', { namespace, operatorImage, gatewayUrl });
  // Once made it stays while its packages are loaded somewhere: nodes that join later get the same bytes.
  if (plan.own !== undefined || (own !== undefined && plan.loaders.size > 0))
    new OperatorDist(chart, 'dist', { namespace, operatorImage });
};

const addIndex = (chart: Chart, index: readonly IndexEntry[], namespace: string): void => {
  const versions = [...new Set(index.map(({ wekaVersion }) => wekaVersion))];
  for (const wekaVersion of versions) {
    const { shards } = shardsOf(index.filter((entry) => entry.wekaVersion === wekaVersion));
    shards.forEach((data, shard) => {
      const name = indexName(wekaVersion, shard);
      new ConfigMap(chart, name, {
        name,
        namespace,
        labels: { [LABEL.driversIndex]: labelValue(wekaVersion), [LABEL.childRole]: INDEX_ROLE },
        annotations: { [ANNOTATION.childSlot]: `${wekaVersion} ${shard}` },
        data,
      });
    });
  }
};

/** Nodes whose record is not there yet get theirs from the node controller first. */
const driverWrites = ({ plan, records }: DriversScope): SharedWrite[] =>
  plan.nodes.flatMap(({ name, driver }) => {
    const live = records.get(name);
    if (live === undefined || isPaused(live)) return [];
    // Without a driver nothing of the spec is wanted, not an empty one: emptying a map leaves null, which no schema takes.
    const { spec: _empty, ...bare } = wekaNodeManifest(name);
    const manifest: Manifest = driver === undefined ? bare : { ...bare, spec: { driver } };
    return [{ manifest, live }];
  });
