/**
 * The whole operator on the embedded cluster, killed at each of its writes in turn and followed by a second manager,
 * until eight Pods run.
 */
import type { ClusterClient } from '../controllers/kube/cluster-client';
import { loggerTo } from '../controllers/runtime/log';
import { createManager } from '../controllers/runtime/manager';
import { createMetrics } from '../controllers/runtime/metrics';
import type { Reconciler } from '../controllers/runtime/reconciler';
import type { SimCluster } from '../sim/cluster';
import { createSimCluster } from '../sim/cluster';
import type { FaultPoint } from '../sim/client';
import { seededRandom } from '../sim/random';
import { identityOf } from '../synth/children';
import { objectSchema } from '../synth/schemas';
import { TOY, toyReconciler } from '../test/runtime/toy';
import { podSpec } from './workload';

const POD = { apiVersion: 'v1', kind: 'Pod' } as const;
const PODS = 8;
const WRITES = new Set(['apply', 'create', 'replace', 'patch', 'delete']);
type Toy = typeof toyReconciler extends Reconciler<infer Scope> ? Scope : never;

/** The toy of the runtime's tests, with Pods for parts. */
const gang: Reconciler<Toy> = {
  ...toyReconciler,
  children: [{ type: POD }],
  reads: [],
  observe: (object, reader) => ({
    object,
    live: reader.childrenOf(object, POD).flatMap((child) => {
      const identity = identityOf(child);
      return identity === undefined ? [] : [{ ...identity, object: child }];
    }),
  }),
  decide: (scope, ...rest) => {
    const { nodeName: _, volumes: _volumes, serviceAccountName: _account, ...spec } = podSpec(0);
    const containers = spec.containers.map(({ volumeMounts: _mounts, ...container }) => ({
      ...container,
      resources: { requests: { cpu: '1', memory: '1Gi' } },
    }));
    const decision = toyReconciler.decide(scope, ...rest);
    return {
      ...decision,
      children: decision.children.map(({ role, slot, manifest: { metadata } }) => ({
        role,
        slot,
        manifest: { ...POD, metadata, spec: { ...spec, hostNetwork: false, containers } as never },
      })),
    };
  },
};

/** Dies at its write number `nth`, after it took effect: from then on nothing reaches anybody. */
const dyingAt = (nth: number): FaultPoint => {
  let [writes, dead] = [0, false];
  return {
    call: (call, proceed) => {
      if (dead) return new Promise(() => undefined);
      if (WRITES.has(call.verb)) writes += 1;
      if (writes !== nth) return proceed();
      dead = true;
      void proceed();
      return new Promise(() => undefined);
    },
    deliver: (_delivery, proceed) => (dead ? undefined : proceed()),
  };
};

const traits = { plural: 'toys', namespaced: true, statusSubresource: true, generation: true, custom: true };
const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
const schema = objectSchema({ spec: open, status: open });

/** One run; the cluster at its end. Throws when not all Pods run. */
export const crashRun = async (seed: number, nth: number): Promise<SimCluster> => {
  const cluster = createSimCluster({ seed, kinds: [], namespaces: ['default', 'kube-system', 'weka-operator-system'] });
  const { clock } = cluster;
  cluster.server.core.kinds.add({ ...TOY, ...traits, schema });
  for (let index = 0; index < 4; index++) cluster.nodes.add({ name: `node-${index}` });
  const user: ClusterClient = cluster.client({ user: 'kubectl' });
  const parts = Array.from({ length: PODS }, (_, index) => `part-${index}`);
  const toy = { ...TOY, metadata: { name: 'a', namespace: 'default' }, spec: { parts } };
  await user.apply(toy, { fieldManager: 'kubectl', force: true });
  const manage = (name: string, faults?: FaultPoint) => {
    const stop = new AbortController();
    const manager = createManager({
      client: cluster.client({ user: name, ...(faults === undefined ? {} : { faults }) }),
      clock,
      random: seededRandom(seed),
      logger: loggerTo(() => undefined),
      reconcilers: [gang],
      namespaces: [],
      operatorNamespace: 'weka-operator-system',
      identity: name,
      leaderElection: false,
      metrics: createMetrics(),
    });
    const running = manager.start(stop.signal);
    return { stop, running };
  };
  manage('first', dyingAt(nth));
  await clock.run({ forMs: 5_000 });
  const second = manage('second');
  await clock.run({ forMs: 60_000 });
  const ready = cluster.list(POD).filter(({ status }) => status?.['phase'] === 'Running').length;
  second.stop.abort(new Error('the run is over'));
  await clock.run({ forMs: 1_000 });
  await second.running;
  if (ready !== PODS) throw new Error(`seed ${seed}, crash at write ${nth}: ${ready} of ${PODS} Pods run`);
  return cluster;
};
