import type { KindDefinition, Rule } from '../lib/api/kind';
import { API_VERSION } from '../lib/api/kind';
import { KINDS } from '../lib/api/kinds';
import type { JsonObject } from '../lib/base/json';
import type { KubeObject } from '../lib/base/kube-object';

/** A spec that breaks one rule, and one beside it that does not. `before`: what is stored, for rules about changes. */
export interface Example {
  readonly breaks: JsonObject;
  readonly holds: JsonObject;
  readonly before?: JsonObject;
}

const cluster = (more: JsonObject): JsonObject => ({ image: 'a/b:4.4.5', ...more });
const sized = (dynamicTemplate: JsonObject): JsonObject => cluster({ dynamicTemplate });
const container = (more: JsonObject): JsonObject => ({
  image: 'a/b:4.4.5',
  name: 'a',
  mode: 'drive',
  numCores: 1,
  ...more,
});
const policy = (type: string, payload: JsonObject): JsonObject => ({ type, payload });
const storage = (value: JsonObject): JsonObject =>
  policy('enable-local-drivers-distribution', { driverDistPayload: { storage: value } });
const operation = (action: string, payload: JsonObject): JsonObject => ({ action, payload });
const needs = (of: (name: string, payload: JsonObject) => JsonObject, name: string, payload: JsonObject): Example => ({
  breaks: of(name, {}),
  holds: of(name, payload),
});
const signing = (of: (name: string, payload: JsonObject) => JsonObject) => {
  const sign = (signDrivesPayload: JsonObject): JsonObject => of('sign-drives', { signDrivesPayload });
  return {
    'sign-drives-needs-sign-drives-payload': needs(of, 'sign-drives', { signDrivesPayload: { type: 'all-not-root' } }),
    'device-paths-listed': {
      breaks: sign({ type: 'device-paths', devicePaths: [] }),
      holds: sign({ type: 'device-paths', devicePaths: ['/dev/nvme0n1'] }),
    },
    'device-identifiers-given': {
      breaks: sign({ type: 'device-identifiers' }),
      holds: sign({ type: 'device-identifiers', pciDevices: { vendorId: '1d0f', deviceId: 'cd01' } }),
    },
  };
};
const ensureNics = { ensureNICsPayload: { type: 'aws', dataNICsNumber: 1 } };
const remoteTraces = { remoteTracesSessionPayload: { cluster: { name: 'a', namespace: 'b' }, duration: '1h' } };

/** By kind and rule. */
export const EXAMPLES: Readonly<Record<string, Readonly<Record<string, Example>>>> = {
  WekaCluster: {
    'drive-capacity-xor-ratio': {
      breaks: sized({ driveCapacity: 1, driveTypesRatio: { tlc: 1, qlc: 1 } }),
      holds: sized({ driveCapacity: 1 }),
    },
    'drive-for-each-core': {
      breaks: sized({ driveCapacity: 1, numDrives: 1, driveCores: 2 }),
      holds: sized({ driveCapacity: 1, numDrives: 2, driveCores: 2 }),
    },
    'drives-xor-container-capacity': {
      breaks: sized({ numDrives: 1, containerCapacity: 1 }),
      holds: sized({ numDrives: 0, containerCapacity: 1 }),
    },
    'container-capacity-positive': { breaks: sized({ containerCapacity: 0 }), holds: sized({ containerCapacity: 1 }) },
    'drive-capacity-positive': { breaks: sized({ driveCapacity: 0 }), holds: sized({ driveCapacity: 1 }) },
    'ratio-has-tlc': {
      breaks: sized({ driveTypesRatio: { tlc: 0, qlc: 1 } }),
      holds: sized({ driveTypesRatio: { tlc: 1, qlc: 0 } }),
    },
    'one-nfs-interface': {
      breaks: cluster({ nfs: { interfaces: ['a', 'b'] } }),
      holds: cluster({ nfs: { interfaces: ['a'] } }),
    },
    'stripe-width-fixed': {
      before: cluster({ stripeWidth: 5 }),
      breaks: cluster({ stripeWidth: 6 }),
      holds: cluster({ stripeWidth: 5, redundancyLevel: 2 }),
    },
    'redundancy-level-fixed': {
      before: cluster({ redundancyLevel: 2 }),
      breaks: cluster({}),
      holds: cluster({ redundancyLevel: 2, stripeWidth: 5 }),
    },
    'sizing-mode-fixed': {
      before: sized({ containerCapacity: 1 }),
      breaks: sized({ driveCapacity: 1 }),
      holds: sized({ containerCapacity: 2 }),
    },
    'ipv6-fixed': {
      before: cluster({ ipv6: true }),
      breaks: cluster({}),
      holds: cluster({ ipv6: true, image: 'a/b:4.4.6' }),
    },
    'failure-domain-fixed': {
      before: cluster({ failureDomain: { compositeLabels: ['a', 'b'] } }),
      breaks: cluster({ failureDomain: { compositeLabels: ['b', 'a'] } }),
      holds: cluster({ failureDomain: { compositeLabels: ['a', 'b'], skew: 2 } }),
    },
  },
  WekaClient: {
    'target-cluster-fixed': {
      before: cluster({ targetCluster: { name: 'a', namespace: 'b' } }),
      breaks: cluster({ targetCluster: { name: 'a', namespace: 'c' } }),
      holds: cluster({ targetCluster: { name: 'a', namespace: 'b' }, coresNum: 2 }),
    },
  },
  WekaContainer: {
    'mode-immutable': {
      before: container({}),
      breaks: container({ mode: 'compute' }),
      holds: container({ numCores: 2 }),
    },
    'drive-capacity-without-ratio': {
      breaks: container({ driveCapacity: 1, driveTypesRatio: { tlc: 1, qlc: 1 } }),
      holds: container({ driveCapacity: 0, driveTypesRatio: { tlc: 1, qlc: 1 } }),
    },
    'drives-or-capacity': {
      breaks: container({ numDrives: 1, containerCapacity: 1 }),
      holds: container({ numDrives: 1, containerCapacity: 0 }),
    },
  },
  WekaPolicy: {
    'enable-local-drivers-distribution-needs-driver-dist-payload': needs(policy, 'enable-local-drivers-distribution', {
      driverDistPayload: {},
    }),
    'ensure-nics-needs-ensure-nics-payload': needs(policy, 'ensure-nics', ensureNics),
    'remote-traces-session-needs-remote-traces-session-payload': needs(policy, 'remote-traces-session', remoteTraces),
    ...signing(policy),
    'dist-storage-host-path-alone': {
      breaks: storage({ hostPath: '/a', claimName: 'b' }),
      holds: storage({ hostPath: '/a' }),
    },
    'dist-storage-claim-alone': {
      breaks: storage({ claimName: 'a', size: '1Gi' }),
      holds: storage({ size: '1Gi', storageClassName: 'a' }),
    },
  },
  WekaManualOperation: {
    ...signing(operation),
    'block-drives-needs-block-drives-payload': needs(operation, 'block-drives', {
      blockDrivesPayload: { node: 'a', serialIDs: ['b'] },
    }),
    'unblock-drives-needs-block-drives-payload': needs(operation, 'unblock-drives', {
      blockDrivesPayload: { node: 'a', physicalUUIDs: ['b'] },
    }),
    'force-resign-drives-needs-force-resign-drives-payload': needs(operation, 'force-resign-drives', {
      forceResignDrivesPayload: { nodeName: 'a', devicePaths: ['/dev/nvme0n1'] },
    }),
    'ensure-nics-needs-ensure-nics-payload': needs(operation, 'ensure-nics', ensureNics),
    'remote-traces-session-needs-remote-traces-session-payload': needs(
      operation,
      'remote-traces-session',
      remoteTraces,
    ),
    'block-names-a-drive': {
      breaks: operation('block-drives', { blockDrivesPayload: { node: 'a', serialIDs: [] } }),
      holds: operation('block-drives', { blockDrivesPayload: { node: 'a', serialIDs: ['b'] } }),
    },
  },
};

/** Every rule of every kind, with its name. */
export const RULES = KINDS.flatMap((definition) =>
  definition.rules.map((rule): [string, KindDefinition, Rule] => [`${definition.kind} ${rule.id}`, definition, rule]),
);
/** The example of a rule; throws where there is none. */
export const exampleOf = ({ kind }: KindDefinition, { id }: Rule): Example => {
  const example = EXAMPLES[kind]?.[id];
  if (example === undefined) throw new Error(`no example of ${kind} ${id}: add one above`);
  return example;
};

/** An object of the rule's kind with a spec, named after the rule. */
export const objectWith = (
  definition: KindDefinition,
  rule: Rule,
  namespace: string,
  spec: JsonObject,
): KubeObject => ({
  apiVersion: API_VERSION,
  kind: definition.kind,
  metadata: { name: rule.id, namespace },
  spec,
});
