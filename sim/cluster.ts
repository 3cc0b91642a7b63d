/**
 * A whole cluster in memory: API server, garbage collector, namespace controller, DaemonSet controller, scheduler and
 * nodes on one virtual clock. The same seed and the same calls give the same history, to the last version and name.
 */
import type { ClusterClient } from '../controllers/kube/cluster-client';
import { crdOf } from '../lib/api/crd';
import type { KindDefinition } from '../lib/api/kind';
import { KINDS, kindOf } from '../lib/api/kinds';
import type { KubeObject, LiveObject, ObjectRef, TypeMeta } from '../lib/base/kube-object';
import type { Core } from './api/core';
import type { RequestLog } from './api/request-log';
import { createRequestLog } from './api/request-log';
import { serveCustomKinds } from './api/custom-kinds';
import { Indexes } from './api/indexes';
import { KindRegistry } from './api/kinds';
import { ApiServer } from './api/server';
import type { StoreOptions } from './api/store';
import { Store } from './api/store';
import type { FaultPoint } from './client';
import { NO_FAULTS, SimClient } from './client';
import { SimClock } from './clock';
import { DaemonSetController } from './control-plane/daemon-set';
import { GarbageCollector } from './control-plane/garbage-collector';
import { NamespaceController } from './control-plane/namespace-controller';
import { NodeTaints } from './control-plane/node-taints';
import { PodGarbageCollector } from './control-plane/pod-gc';
import { Scheduler } from './control-plane/scheduler';
import { TaintEviction } from './control-plane/taint-eviction';
import { SimNodes } from './nodes';
import type { PodBehaviour } from './nodes/behaviour';
import { defaultBehaviour, firstOf } from './nodes/behaviour';
import { forkRandom } from './random';

export interface SimClusterOptions extends StoreOptions {
  /** Everything random comes from it. */
  readonly seed: number;
  /** Default: a clock of its own. */
  readonly clock?: SimClock;
  /** Custom kinds that are installed from the start. Default: all of ours; `[]`: none. */
  readonly kinds?: readonly KindDefinition[];
  /** Namespaces from the start. Default: `default` and `kube-system`. */
  readonly namespaces?: readonly string[];
  /** How containers behave; where it has no answer, the defaults do. */
  readonly behaviour?: PodBehaviour;
  /** Virtual milliseconds that containers take to stop. Default 500. */
  readonly stopMs?: number;
  /** Virtual milliseconds between bookmarks of a watch. Default one minute. */
  readonly bookmarkMs?: number;
  /** Virtual milliseconds until a watch tells a change. Default 0: the same millisecond, but after the write. */
  readonly latencyMs?: number;
}

export interface ClientOptions {
  /** Whose calls these are, in the log and as field manager of updates. Default `weka-operator`. */
  readonly user?: string;
  /** Default: none. */
  readonly faults?: FaultPoint;
}

export interface SimCluster {
  readonly clock: SimClock;
  readonly nodes: SimNodes;
  /** Every write, by whom, and counts of them. */
  readonly log: RequestLog;
  /** For assertions and for playing a user: synchronous. */
  readonly server: ApiServer;
  client(options?: ClientOptions): ClusterClient;
  /** As stored; `undefined` when it isn't. */
  get(ref: ObjectRef): LiveObject | undefined;
  /** All of a kind, by namespace and name. */
  list(type: TypeMeta): readonly LiveObject[];
  /** Serves custom kinds, as applying their CRDs does. */
  installCrds(definitions?: readonly KindDefinition[]): void;
}

const ADMIN = { user: 'cluster-admin', manager: 'kubectl' };

const startControllers = (server: ApiServer, indexes: Indexes): void => {
  new GarbageCollector(server, indexes);
  new NamespaceController(server);
  new DaemonSetController(server, indexes);
  new Scheduler(server, indexes);
  new PodGarbageCollector(server, indexes);
  new TaintEviction(server, indexes);
  new NodeTaints(server);
};

const crds = new Map<KindDefinition, KubeObject>();
/** The CRD of a definition: big, and the same in every cluster. */
const crdFor = (definition: KindDefinition): KubeObject => {
  const crd = crds.get(definition) ?? crdOf(definition);
  crds.set(definition, crd);
  return crd;
};

/** A running cluster without nodes. */
export const createSimCluster = (options: SimClusterOptions): SimCluster => {
  const clock = options.clock ?? new SimClock();
  const store = new Store(options);
  const log = createRequestLog();
  const core: Core = {
    clock,
    store,
    kinds: new KindRegistry(),
    random: forkRandom(options.seed, 'server'),
    record: log.record,
  };
  const server = new ApiServer(core);
  const indexes = new Indexes(store);
  serveCustomKinds(core, (apiVersion, kind) => kindOf(apiVersion, kind)?.rules ?? []);
  startControllers(server, indexes);
  const behaviour = options.behaviour === undefined ? defaultBehaviour : firstOf(options.behaviour, defaultBehaviour);
  const nodes = new SimNodes({ server, indexes, seed: options.seed, behaviour, stopMs: options.stopMs ?? 500 });

  for (const name of options.namespaces ?? ['default', 'kube-system']) {
    server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, ADMIN);
  }
  const installCrds = (definitions: readonly KindDefinition[] = KINDS): void => {
    for (const definition of definitions) server.create(crdFor(definition), ADMIN);
  };
  installCrds(options.kinds);
  log.clear();

  return {
    clock,
    nodes,
    log,
    server,
    installCrds,
    get: (ref) => store.get(ref, ref),
    list: (type) => store.list(type),
    client: ({ user = 'weka-operator', faults = NO_FAULTS } = {}) =>
      new SimClient(server, {
        user,
        faults,
        bookmarkMs: options.bookmarkMs ?? 60_000,
        latencyMs: options.latencyMs ?? 0,
        defaultPageSize: 500,
      }),
  };
};
