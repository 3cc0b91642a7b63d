import { readiness } from '../../synth/readiness';
import { aManifest } from './objects';

const condition = (type: string, status: string, more: object = {}) => ({ conditions: [{ type, status, ...more }] });
const WEKA = 'weka.weka.io/v1alpha1';

test.each([
  [
    'a Deployment whose Pods are missing',
    'apps/v1 Deployment',
    { spec: { replicas: 2 }, status: { updatedReplicas: 1 } },
    'InProgress',
    'updated: 1 of 2',
  ],
  [
    'a Deployment that is there',
    'apps/v1 Deployment',
    { spec: { replicas: 1 }, status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1 } },
    'Current',
    '1 replicas available',
  ],
  [
    'a Deployment with old Pods left',
    'apps/v1 Deployment',
    { spec: { replicas: 1 }, status: { replicas: 2, updatedReplicas: 1, availableReplicas: 1 } },
    'InProgress',
    'old replicas are still there',
  ],
  [
    'a Deployment that gave up',
    'apps/v1 Deployment',
    { status: condition('Progressing', 'False', { reason: 'ProgressDeadlineExceeded', message: 'm' }) },
    'Failed',
    'm',
  ],
  ['a DaemonSet that nobody saw', 'apps/v1 DaemonSet', { status: {} }, 'InProgress', 'not seen by its controller yet'],
  [
    'a DaemonSet with a Pod not ready',
    'apps/v1 DaemonSet',
    {
      status: {
        observedGeneration: 1,
        desiredNumberScheduled: 2,
        currentNumberScheduled: 2,
        updatedNumberScheduled: 2,
        numberReady: 1,
      },
    },
    'InProgress',
    'ready: 1 of 2',
  ],
  ['a DaemonSet for no node', 'apps/v1 DaemonSet', { status: { observedGeneration: 1 } }, 'Current', '0 Pods ready'],
  [
    'a DaemonSet with old Pods, updated on delete',
    'apps/v1 DaemonSet',
    {
      spec: { updateStrategy: { type: 'OnDelete' } },
      status: { observedGeneration: 1, desiredNumberScheduled: 1, currentNumberScheduled: 1, numberReady: 1 },
    },
    'Current',
    '1 Pods ready',
  ],
  [
    'a StatefulSet on its way',
    'apps/v1 StatefulSet',
    { spec: { replicas: 2 }, status: { replicas: 2, updatedReplicas: 2, readyReplicas: 1 } },
    'InProgress',
    'ready: 1 of 2',
  ],
  ['a Pod that runs', 'v1 Pod', { status: { phase: 'Running', ...condition('Ready', 'True') } }, 'Current', 'ready'],
  ['a Pod that runs but is not ready', 'v1 Pod', { status: { phase: 'Running' } }, 'InProgress', 'running, not ready'],
  ['a Pod that finished', 'v1 Pod', { status: { phase: 'Succeeded' } }, 'Current', 'its containers finished'],
  ['a Pod that failed', 'v1 Pod', { status: { phase: 'Failed', reason: 'Evicted' } }, 'Failed', 'Evicted'],
  [
    'a Pod without a node',
    'v1 Pod',
    { status: { phase: 'Pending', ...condition('PodScheduled', 'False', { message: 'no nodes' }) } },
    'InProgress',
    'no nodes',
  ],
  [
    'a Pod whose image has no valid name',
    'v1 Pod',
    {
      status: {
        phase: 'Pending',
        initContainerStatuses: [{ name: 'c', state: { waiting: { reason: 'InvalidImageName' } } }],
      },
    },
    'Failed',
    'container c: InvalidImageName',
  ],
  ['a Job that runs', 'batch/v1 Job', { status: { startTime: 't' } }, 'InProgress', 'running'],
  ['a Job that failed', 'batch/v1 Job', { status: condition('Failed', 'True', { message: 'm' }) }, 'Failed', 'm'],
  ['a claim without a volume', 'v1 PersistentVolumeClaim', { status: { phase: 'Pending' } }, 'InProgress', 'not bound'],
  [
    'a claim whose volume is lost',
    'v1 PersistentVolumeClaim',
    { status: { phase: 'Lost' } },
    'Failed',
    'its volume is lost',
  ],
  ['a Service', 'v1 Service', { spec: { type: 'ClusterIP' } }, 'Current', 'exists'],
  [
    'a load balancer without an address',
    'v1 Service',
    { spec: { type: 'LoadBalancer' }, status: { loadBalancer: {} } },
    'InProgress',
    'no address yet',
  ],
  [
    'a CRD that is established',
    'apiextensions.k8s.io/v1 CustomResourceDefinition',
    { status: condition('Established', 'True') },
    'Current',
    'established',
  ],
  [
    'a CRD whose names are taken',
    'apiextensions.k8s.io/v1 CustomResourceDefinition',
    { status: condition('NamesAccepted', 'False', { message: 'm' }) },
    'Failed',
    'm',
  ],
  ['a kind without status', 'v1 ConfigMap', {}, 'Current', 'exists'],
  ['any kind that is stalled', 'x/v1 X', { status: condition('Stalled', 'True', { message: 'm' }) }, 'Failed', 'm'],
  [
    'any kind that is not ready',
    'x/v1 X',
    { status: condition('Ready', 'False', { message: 'm' }) },
    'InProgress',
    'm',
  ],
  ['one of ours that was never looked at', `${WEKA} WekaPolicy`, {}, 'InProgress', 'not looked at yet'],
  [
    'one of ours as the Go operator leaves it',
    `${WEKA} WekaContainer`,
    { status: { status: 'Running' } },
    'Current',
    'Running',
  ],
  [
    'one of ours that waits',
    `${WEKA} WekaCluster`,
    { status: { status: 'WaitForDrives' } },
    'InProgress',
    'WaitForDrives',
  ],
  [
    'an object being deleted',
    'v1 Pod',
    { metadata: { deletionTimestamp: 't' }, status: { phase: 'Running' } },
    'Terminating',
    'being deleted',
  ],
  [
    'a change that was not seen yet',
    'apps/v1 DaemonSet',
    { metadata: { generation: 2 }, status: { observedGeneration: 1 } },
    'InProgress',
    'its controller has not seen the last change',
  ],
])('%s', (...[, type, parts, state, message]) => {
  expect(readiness(aManifest(type, parts))).toEqual({ state, message });
});

test('what does not exist is unknown', () => {
  expect(readiness(undefined).state).toBe('Unknown');
});
