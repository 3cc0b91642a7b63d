/**
 * Whether an object has become what its spec says, by the rules of kstatus: a later stage of a plan waits until the
 * objects of earlier stages are Current. Read from the object alone; messages name no times and no counters that move
 * by themselves.
 */
import type { JsonObject, JsonValue } from '../lib/base/json';
import { isJsonObject } from '../lib/base/json';
import type { KubeObject } from '../lib/base/kube-object';
import { typeKey } from './schemas';

export type ReadinessState = 'Current' | 'InProgress' | 'Failed' | 'Terminating' | 'Unknown';

export interface Readiness {
  readonly state: ReadinessState;
  /** Why, for people. */
  readonly message: string;
}

const current = (message: string): Readiness => ({ state: 'Current', message });
const inProgress = (message: string): Readiness => ({ state: 'InProgress', message });
const failed = (message: string): Readiness => ({ state: 'Failed', message });

const partOf = (object: KubeObject, part: 'spec' | 'status'): JsonObject => object[part] ?? {};
const numberIn = (object: JsonObject, key: string, fallback = 0): number => {
  const value = object[key];
  return typeof value === 'number' ? value : fallback;
};
const textIn = (object: JsonObject, key: string): string => {
  const value = object[key];
  return typeof value === 'string' ? value : '';
};
const listIn = (object: JsonObject, key: string): JsonObject[] => {
  const value: JsonValue | undefined = object[key];
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
};

/** The condition of that type, if the object has it. */
const condition = (object: KubeObject, type: string): JsonObject | undefined =>
  listIn(partOf(object, 'status'), 'conditions').find((one) => one['type'] === type);
const isTrue = (object: KubeObject, type: string): boolean => condition(object, type)?.['status'] === 'True';
const messageOf = (object: KubeObject, type: string, fallback: string): string =>
  textIn(condition(object, type) ?? {}, 'message') || fallback;

/** Counts of a workload that must be reached, in the order in which they are. */
const counted = (goals: readonly (readonly [what: string, have: number, want: number])[]): Readiness | undefined => {
  const missing = goals.find(([, have, want]) => have < want);
  return missing === undefined ? undefined : inProgress(`${missing[0]}: ${missing[1]} of ${missing[2]}`);
};

const deployment = (object: KubeObject): Readiness => {
  const status = partOf(object, 'status');
  const want = numberIn(partOf(object, 'spec'), 'replicas', 1);
  if (condition(object, 'Progressing')?.['reason'] === 'ProgressDeadlineExceeded') {
    return failed(messageOf(object, 'Progressing', 'its Pods did not become ready in time'));
  }
  const waiting = counted([
    ['updated', numberIn(status, 'updatedReplicas'), want],
    ['available', numberIn(status, 'availableReplicas'), want],
  ]);
  if (waiting !== undefined) return waiting;
  if (numberIn(status, 'replicas') > want) return inProgress('old replicas are still there');
  return current(`${want} replicas available`);
};

const daemonSet = (object: KubeObject): Readiness => {
  const status = partOf(object, 'status');
  const want = numberIn(status, 'desiredNumberScheduled');
  const onDelete =
    textIn((partOf(object, 'spec')['updateStrategy'] as JsonObject | undefined) ?? {}, 'type') === 'OnDelete';
  if (status['observedGeneration'] === undefined) return inProgress('not seen by its controller yet');
  return (
    counted([
      ['scheduled', numberIn(status, 'currentNumberScheduled'), want],
      // With OnDelete old Pods may stay for months: whoever rolls them counts them.
      ...(onDelete ? [] : [['updated', numberIn(status, 'updatedNumberScheduled'), want] as const]),
      ['ready', numberIn(status, 'numberReady'), want],
    ]) ?? current(`${want} Pods ready`)
  );
};

const statefulSet = (object: KubeObject): Readiness => {
  const status = partOf(object, 'status');
  const want = numberIn(partOf(object, 'spec'), 'replicas', 1);
  return (
    counted([
      ['made', numberIn(status, 'replicas'), want],
      ['updated', numberIn(status, 'updatedReplicas', numberIn(status, 'currentReplicas')), want],
      ['ready', numberIn(status, 'readyReplicas'), want],
    ]) ?? current(`${want} replicas ready`)
  );
};

/** Reasons for which a container waits that don't go away without a change by somebody. */
const HOPELESS = new Set(['InvalidImageName', 'CreateContainerConfigError', 'ErrImageNeverPull']);

const hopeless = (status: JsonObject): string | undefined => {
  for (const container of [...listIn(status, 'initContainerStatuses'), ...listIn(status, 'containerStatuses')]) {
    const state = container['state'];
    const waiting = isJsonObject(state) && isJsonObject(state['waiting']) ? textIn(state['waiting'], 'reason') : '';
    if (HOPELESS.has(waiting)) return `container ${textIn(container, 'name')}: ${waiting}`;
  }
  return undefined;
};

const pod = (object: KubeObject): Readiness => {
  const status = partOf(object, 'status');
  const phase = textIn(status, 'phase');
  if (phase === 'Succeeded') return current('its containers finished');
  if (phase === 'Failed') return failed(textIn(status, 'message') || textIn(status, 'reason') || 'a container failed');
  const problem = hopeless(status);
  if (problem !== undefined) return failed(problem);
  if (isTrue(object, 'Ready')) return current('ready');
  if (condition(object, 'PodScheduled')?.['status'] === 'False')
    return inProgress(messageOf(object, 'PodScheduled', 'no node was found for it'));
  return inProgress(phase === 'Running' ? 'running, not ready' : 'starting');
};

const job = (object: KubeObject): Readiness => {
  if (isTrue(object, 'Failed')) return failed(messageOf(object, 'Failed', 'it failed'));
  if (isTrue(object, 'Complete')) return current('complete');
  // kstatus calls a started Job Current; ours are waited for, because later stages need their result.
  return inProgress(partOf(object, 'status')['startTime'] === undefined ? 'not started' : 'running');
};

const claim = (object: KubeObject): Readiness => {
  const phase = textIn(partOf(object, 'status'), 'phase');
  if (phase === 'Lost') return failed('its volume is lost');
  return phase === 'Bound' ? current('bound') : inProgress('not bound');
};

const service = (object: KubeObject): Readiness => {
  const spec = partOf(object, 'spec');
  if (textIn(spec, 'type') !== 'LoadBalancer') return current('exists');
  const balancer = partOf(object, 'status')['loadBalancer'];
  return isJsonObject(balancer) && listIn(balancer, 'ingress').length > 0
    ? current('has an address')
    : inProgress('no address yet');
};

const crd = (object: KubeObject): Readiness => {
  if (condition(object, 'NamesAccepted')?.['status'] === 'False')
    return failed(messageOf(object, 'NamesAccepted', 'its names are taken'));
  return isTrue(object, 'Established') ? current('established') : inProgress('not established');
};

/** Conditions that any kind may have, and that our kinds always have. */
const byConditions = (object: KubeObject): Readiness | undefined => {
  if (isTrue(object, 'Stalled')) return failed(messageOf(object, 'Stalled', 'stalled'));
  if (isTrue(object, 'Reconciling')) return inProgress(messageOf(object, 'Reconciling', 'reconciling'));
  const ready = condition(object, 'Ready');
  if (ready !== undefined && ready['status'] !== 'True') return inProgress(messageOf(object, 'Ready', 'not ready'));
  return ready === undefined ? undefined : current(messageOf(object, 'Ready', 'ready'));
};

const generic = (object: KubeObject): Readiness => byConditions(object) ?? current('exists');

/** Ours without a Ready condition have not been looked at; but nothing waits for a Go operator's object to say it in our words. */
const ours = (object: KubeObject): Readiness => {
  const told = byConditions(object);
  if (told !== undefined) return told;
  const phase = textIn(partOf(object, 'status'), 'status');
  if (phase === '') return inProgress('not looked at yet');
  return ['Ready', 'Running', 'Completed', 'Done'].includes(phase) ? current(phase) : inProgress(phase);
};

const RULES: ReadonlyMap<string, (object: KubeObject) => Readiness> = new Map([
  ['apps/v1 Deployment', deployment],
  ['apps/v1 DaemonSet', daemonSet],
  ['apps/v1 StatefulSet', statefulSet],
  ['v1 Pod', pod],
  ['batch/v1 Job', job],
  ['v1 PersistentVolumeClaim', claim],
  ['v1 Service', service],
  ['apiextensions.k8s.io/v1 CustomResourceDefinition', crd],
  ['weka.weka.io/v1alpha1 WekaCluster', ours],
  ['weka.weka.io/v1alpha1 WekaClient', ours],
  ['weka.weka.io/v1alpha1 WekaContainer', ours],
  ['weka.weka.io/v1alpha1 WekaPolicy', ours],
  ['weka.weka.io/v1alpha1 WekaManualOperation', ours],
]);

const isStale = (object: KubeObject): boolean => {
  const { generation } = object.metadata;
  const observed = partOf(object, 'status')['observedGeneration'];
  return typeof observed === 'number' && generation !== undefined && observed < generation;
};

/** Whether `object` is what its spec says. `undefined` (not found) is Unknown. */
export const readiness = (object: KubeObject | undefined): Readiness => {
  if (object === undefined) return { state: 'Unknown', message: 'it does not exist' };
  if (object.metadata.deletionTimestamp !== undefined) return { state: 'Terminating', message: 'being deleted' };
  if (isStale(object)) return inProgress('its controller has not seen the last change');
  return (RULES.get(typeKey(object)) ?? generic)(object);
};
