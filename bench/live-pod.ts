/** A Pod as an API server returns it: 5 kB, a third of it managedFields. */
import { podManifest } from './workload';

const TIME = '2026-01-01T00:00:00Z';
const condition = (type: string) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: TIME });

/** What tools leave on Pods; it makes up the 5 kB. */
const NOTES = 'a note of some tool; '.repeat(29);

/** Fields as managedFields write them: one entry a leaf. */
const fieldsOf = (value: unknown): object => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [`f:${key}`, fieldsOf(below)]));
};

export const livePod = (index: number, version: number) => {
  const manifest = podManifest(index);
  const { spec, metadata } = manifest;
  const { labels, annotations } = metadata;
  const [container] = spec.containers;
  const spoken = {
    'f:metadata': fieldsOf({ labels, annotations, ownerReferences: {} }),
    'f:spec': { ...fieldsOf(spec), 'f:containers': { 'k:{"name":"weka"}': { '.': {}, ...fieldsOf(container) } } },
  };
  const status = {
    'f:status': fieldsOf({ conditions: {}, containerStatuses: {}, hostIP: '', phase: '', podIP: '', startTime: '' }),
  };
  const managed = { apiVersion: 'v1', time: TIME, fieldsType: 'FieldsV1' };
  return {
    ...manifest,
    metadata: {
      ...metadata,
      annotations: { ...annotations, 'weka.io/notes': NOTES },
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      resourceVersion: String(version),
      generation: 1,
      creationTimestamp: TIME,
      ownerReferences: [
        {
          apiVersion: 'weka.weka.io/v1alpha1',
          kind: 'WekaContainer',
          name: `c-${index % 100}`,
          uid: `owner-${index % 100}`,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [
        { manager: 'weka-operator', operation: 'Apply', ...managed, fieldsV1: spoken },
        { manager: 'kubelet', operation: 'Update', subresource: 'status', ...managed, fieldsV1: status },
      ],
    },
    status: {
      phase: 'Running',
      hostIP: '10.0.0.1',
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }],
      qosClass: 'Burstable',
      startTime: TIME,
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
      containerStatuses: [
        {
          name: 'weka',
          image: container?.image,
          imageID: `registry.example/weka@sha256:${'0123456789abcdef'.repeat(4)}`,
          containerID: `containerd://${String(index).padStart(64, '0')}`,
          ready: true,
          started: true,
          restartCount: 0,
          lastState: {},
          state: { running: { startedAt: TIME } },
          volumeMounts: container?.volumeMounts,
        },
      ],
    },
  };
};
