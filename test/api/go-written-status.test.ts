import { validate, withDefaults } from '../../lib/api/validate';
import type { JsonObject } from '../../lib/base/json';

/** Objects in the shape that the Go operator leaves in a cluster: zero times as null, empty structs written out, old spellings. */
const API = 'weka.weka.io/v1alpha1';
const meta = (name: string): JsonObject => ({
  name,
  namespace: 'weka',
  uid: '5d1c0e4e-0000-4000-8000-000000000001',
  resourceVersion: '812',
  generation: 3,
  creationTimestamp: '2026-02-03T10:00:00Z',
  finalizers: ['weka.weka.io/finalizer'],
  managedFields: [{ manager: 'manager', operation: 'Update', fieldsType: 'FieldsV1', fieldsV1: {} }],
});
const condition = (type: string, status: string, reason: string): JsonObject => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: '2026-02-03T10:01:00Z',
});

const OBJECTS: Readonly<Record<string, JsonObject>> = {
  'a drive container that runs': {
    apiVersion: API,
    kind: 'WekaContainer',
    metadata: meta('cluster-a-drive-1'),
    spec: {
      mode: 'drive',
      name: 'drivex1',
      image: 'registry.example.com/weka:4.4.10.200',
      numCores: 2,
      numDrives: 2,
      network: {},
      wekaSecretRef: { secretKeyRef: { key: 'weka-operator-cluster-a' } },
      cpuPolicy: 'auto',
      state: 'active',
      upgradePolicyType: 'manual',
      autoRemoveTimeout: '0s',
      hugepages: 3200,
      hugepagesSize: '2Mi',
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 99999999 },
      ],
      failureDomain: { label: 'topology.kubernetes.io/zone', skew: 1 },
      tracesConfiguration: { maxCapacityPerIoNode: 10, ensureFreeSpace: 20, dumperConfigMode: 'auto' },
    },
    status: {
      status: 'Running',
      internalStatus: 'READY',
      managementIPs: ['10.0.0.4'],
      containerID: 0,
      clusterID: '6f0c5b7a-0000-4000-8000-000000000002',
      conditions: [
        condition('JoinedCluster', 'True', 'Init'),
        condition('ContainerResourcesWritten', 'True', 'Success'),
      ],
      lastAppliedImage: 'registry.example.com/weka:4.4.10.200',
      nodeAffinity: 'node-1',
      allocations: {
        drives: ['S4YPNE0R600001'],
        wekaPort: 35000,
        agentPort: 35300,
        failureDomain: 'zone-a',
        machineIdentifier: 'abc',
      },
      addedDrives: [
        {
          uuid: 'd-1',
          added_time: '2026-02-03T10:05:00Z',
          device_path: '/dev/nvme0n1',
          serial_number: 'S4YPNE0R600001',
          size_bytes: 7681501126656,
          status: 'ACTIVE',
        },
      ],
      stats: {
        processes: { active: 3, created: 3, desired: 3 },
        cpuUtilization: '12.50',
        drives: { counters: { active: 2, created: 2, desired: 2 }, failures: [{ serialId: 'X', wekaDriveId: 'y' }] },
        activeMounts: 0,
        lastUpdate: '2026-02-03T10:09:00Z',
      },
      printer: {
        processes: '3/3/3',
        drives: '2/2/2',
        activeMounts: '0',
        managementIPs: '10.0.0.4',
        nodeAffinity: 'node-1',
      },
      timestamps: { StoppingAttempt: '2026-02-03T10:09:00Z' },
    },
  },
  'a builder that is done': {
    apiVersion: API,
    kind: 'WekaContainer',
    metadata: meta('weka-drivers-builder'),
    spec: {
      mode: 'drivers-builder',
      name: 'dist',
      image: 'registry.example.com/weka:4.4.10.200',
      numCores: 1,
      wekaSecretRef: {},
      network: {},
      uploadResultsTo: 'weka-drivers-dist',
      instructions: { type: 'build-drivers', payload: '{"kernel":"6.8.0","arch":"amd64"}' },
      nodeSelector: { 'weka.io/kernel': '6.8.0' },
      overrides: { preRunScript: 'set -e\nuname -r\n' },
    },
    status: {
      status: 'Completed',
      result: '{"err":null}',
      conditions: [condition('CondResultsProcessed', 'True', 'Success')],
    },
  },
  'a policy that ran': {
    apiVersion: API,
    kind: 'WekaPolicy',
    metadata: meta('weka-drivers'),
    spec: {
      type: 'enable-local-drivers-distribution',
      payload: {
        interval: '1m0s',
        driverDistPayload: { ensureImages: ['a:4.4.5.118'], nodeSelectors: [{ role: 'x' }] },
      },
    },
    status: {
      status: 'Done',
      result: '{"message":"All builds completed"}',
      lastRunTime: '2026-02-03T10:00:00Z',
      progress: '2/2',
      typedStatus: { distService: { serviceUrl: 'https://weka-drivers-dist.weka.svc.cluster.local:60002' } },
    },
  },
  'a policy that has not run': {
    apiVersion: API,
    kind: 'WekaPolicy',
    metadata: meta('sign'),
    spec: {
      type: 'sign-drives',
      payload: { interval: '5m0s', signDrivesPayload: { type: 'aws-all', nodeSelector: {} } },
    },
    status: { status: '', result: '', lastRunTime: null },
  },
  'an operation that runs': {
    apiVersion: API,
    kind: 'WekaManualOperation',
    metadata: meta('traces'),
    spec: {
      action: 'remote-traces-session',
      deletionDelay: '5m0s',
      payload: { remoteTracesSessionPayload: { cluster: { name: 'c', namespace: 'weka' }, duration: '168h0m0s' } },
    },
    status: { status: 'Running', result: '', completedAt: null },
  },
  'an operation that failed': {
    apiVersion: API,
    kind: 'WekaManualOperation',
    metadata: meta('block'),
    spec: { action: 'block-drives', payload: { blockDrivesPayload: { node: 'node-1', serialIDs: ['A'] } } },
    status: { status: 'Failed', result: '{"err":"drive A is not known"}', completedAt: '2026-02-03T10:00:00Z' },
  },
};

test.each(Object.entries(OBJECTS))('%s is accepted', (_name, object) => {
  expect(validate(object).problems).toEqual([]);
});

test.each(Object.entries(OBJECTS))('%s keeps its status when defaults are filled in', (_name, object) => {
  const kept = Object.fromEntries(Object.entries(object['status'] as JsonObject).filter(([, value]) => value !== null));
  expect(withDefaults(object)['status']).toEqual(kept);
});

test.each(Object.entries(OBJECTS))('%s may have its status changed', (_name, object) => {
  expect(validate({ ...object, status: { status: 'Deleting' } }, object).problems).toEqual([]);
});
