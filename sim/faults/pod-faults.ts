/** Pods that fail: what their containers do while a fault lasts, and what ends or hides them as a whole. */
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import { refOf, refString } from '../../lib/base/kube-object';
import type { SimCluster } from '../cluster';
import type { ContainerBehaviour, PodBehaviour } from '../nodes/behaviour';
import type { Named, PodFailure } from './plan';

const POD = { apiVersion: 'v1', kind: 'Pod' };
const NODE = { apiVersion: 'v1', kind: 'Node' };
const SCHEDULER = { user: 'system:kube-scheduler', manager: 'kube-scheduler' };
/** What no Pod tolerates. */
const FULL = { key: 'simulated.example/full', effect: 'NoSchedule' };

/** Failures of containers: what one does that starts while the fault lasts. */
const CONTAINERS: Partial<Readonly<Record<PodFailure, ContainerBehaviour>>> = {
  ErrImagePull: { stuck: 'ErrImagePull' },
  ImagePullBackOff: { stuck: 'ImagePullBackOff' },
  FailedMount: { stuck: 'FailedMount' },
  CrashLoopBackOff: { runMs: 1_000, exit: { code: 1 } },
  OOMKilled: { runMs: 5_000, exit: { code: 137, reason: 'OOMKilled' } },
  Error: { runMs: 10_000, exit: { code: 2, message: 'the work failed' } },
};

const concerns = (fault: Named<'pod'>, pod: LiveObject): boolean => pod.metadata.name.includes(fault.pod);

/** The behaviour of containers under these faults; `isActive` says whether one is at work right now. */
export const faultyBehaviour =
  (faults: readonly Named<'pod'>[], isActive: (fault: Named<'pod'>) => boolean): PodBehaviour =>
  ({ pod }) => {
    const fault = faults.find((each) => each.as in CONTAINERS && concerns(each, pod) && isActive(each));
    return fault === undefined ? undefined : CONTAINERS[fault.as];
  };

/** Begins what befalls whole Pods; the result ends it. `strike` is told of each Pod. */
export const befallPods = (
  fault: Named<'pod'>,
  cluster: SimCluster,
  strike: (text: string) => void,
): (() => void) | undefined => {
  if (fault.as === 'Unschedulable') return fillNodes(cluster, strike);
  const pods = cluster.list(POD).filter((pod) => concerns(fault, pod) && pod.metadata.deletionTimestamp === undefined);
  for (const pod of pods) strike(`${fault.as}: ${refString(refOf(pod))}`);
  switch (fault.as) {
    case 'Evicted':
      for (const pod of pods) cluster.nodes.failPod(pod, fault.as, 'The node was low on resource: memory.');
      return undefined;
    case 'DeadlineExceeded':
      for (const pod of pods)
        cluster.nodes.failPod(pod, fault.as, 'Pod was active on the node longer than the specified deadline');
      return undefined;
    case 'Preempted':
      for (const pod of pods) preempt(pod, cluster);
      return undefined;
    case 'NodeLost':
      for (const pod of pods) setLost(pod, true, cluster);
      return () => {
        for (const pod of cluster.list(POD)) if (pod.status?.['reason'] === 'NodeLost') setLost(pod, false, cluster);
      };
    default:
      return undefined;
  }
};

const preempt = (pod: LiveObject, { server }: SimCluster): void => {
  const { user } = SCHEDULER;
  server.delete(refOf(pod), { user, uid: pod.metadata.uid, propagation: 'Background' });
};

/** As the node controller tells it of Pods whose node it can't reach. */
const setLost = (pod: LiveObject, lost: boolean, { server }: SimCluster): void => {
  const { reason: _reason, message: _message, ...status } = pod.status ?? {};
  const conditions = ((status['conditions'] ?? []) as JsonObject[]).map((condition) =>
    condition['type'] === 'Ready' ? { ...condition, status: lost ? 'False' : 'True' } : condition,
  );
  const words = { reason: 'NodeLost', message: 'The node which was running this pod is unresponsive' };
  server.replace(
    { ...pod, status: { ...status, ...(lost ? { ...words, conditions } : { conditions }) } },
    {
      user: 'system:serviceaccount:kube-system:node-controller',
      manager: 'kube-controller-manager',
      subresource: 'status',
      trusted: true,
    },
  );
};

const fillNodes = (cluster: SimCluster, strike: (text: string) => void): (() => void) => {
  setFull(cluster, true);
  strike('Unschedulable: every node is full');
  return () => setFull(cluster, false);
};

const setFull = (cluster: SimCluster, full: boolean): void => {
  for (const node of cluster.list(NODE)) {
    const others = ((node.spec?.['taints'] ?? []) as JsonObject[]).filter(({ key }) => key !== FULL.key);
    const taints = full ? [...others, FULL] : others;
    const { taints: _, ...spec } = node.spec ?? {};
    cluster.server.replace({ ...node, spec: taints.length === 0 ? spec : { ...spec, taints } }, SCHEDULER);
  }
};
