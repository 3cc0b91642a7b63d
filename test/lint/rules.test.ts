import type { JsonObject } from '../../lib/base/json';
import { lintDocument } from '../../lib/api/lint/lint';
import { pathText } from '../../lib/api/lint/path';
import { LINT_RULES } from '../../lib/api/lint/rules';
import { validateObject } from '../../cli/validate-object';

const IMAGE = 'registry.example.com/weka-in-container:4.4.5.118-k8s.4';
const object = (kind: string, spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'weka.weka.io/v1alpha1',
  kind,
  metadata: { name: 'prod', namespace: 'default', ...metadata },
  spec,
});
const cluster = (spec: JsonObject = {}, metadata?: JsonObject): JsonObject =>
  object('WekaCluster', { image: IMAGE, hotSpare: 1, ...spec }, metadata);
const client = (spec: JsonObject = {}, metadata?: JsonObject): JsonObject =>
  object('WekaClient', { image: IMAGE, targetCluster: { name: 'prod', namespace: 'default' }, ...spec }, metadata);
const container = (spec: JsonObject, metadata?: JsonObject): JsonObject =>
  object('WekaContainer', { image: IMAGE, name: 'dist', numCores: 1, ...spec }, metadata);
const policy = (spec: JsonObject): JsonObject => object('WekaPolicy', spec);

const lint = (document: JsonObject, others: readonly JsonObject[] = []) => {
  const documents = [...others, document].map((each, index) => ({ object: each, where: `file.yaml:${index + 1}` }));
  return lintDocument(documents.at(-1)!, documents, validateObject);
};

interface Case {
  readonly rule: string;
  readonly field: string;
  readonly document: JsonObject;
  readonly beside?: readonly JsonObject[];
  /** A part of the remedy. */
  readonly remedy: RegExp;
}

const signDrives = { type: 'sign-drives', payload: { signDrivesPayload: { type: 'all-not-root' } } };
const cases: Record<string, Case> = {
  'group weka.io': {
    rule: 'wrong-api-version',
    field: 'apiVersion',
    document: { ...client(), apiVersion: 'weka.io/v1alpha1' },
    remedy: /weka\.weka\.io\/v1alpha1/,
  },
  'version v1': {
    rule: 'wrong-api-version',
    field: 'apiVersion',
    document: { ...cluster(), apiVersion: 'weka.weka.io/v1' },
    remedy: /v1alpha1/,
  },
  'a kind with a typing error': {
    rule: 'unknown-kind',
    field: 'kind',
    document: { ...client(), kind: 'WekaClent' },
    remedy: /Did you mean WekaClient/,
  },
  'no name': {
    rule: 'missing-name',
    field: 'metadata.name',
    document: { ...client(), metadata: {} },
    remedy: /metadata\.name/,
  },
  'a generated name': {
    rule: 'generate-name',
    field: 'metadata.generateName',
    document: { ...cluster(), metadata: { generateName: 'a-' } },
    remedy: /metadata\.name/,
  },
  'a name in capitals': {
    rule: 'invalid-name',
    field: 'metadata.name',
    document: cluster({}, { name: 'Prod' }),
    remedy: /lower-case/,
  },
  'the same object twice': {
    rule: 'duplicate-object',
    field: 'metadata.name',
    document: cluster(),
    beside: [cluster({ hotSpare: 2 })],
    remedy: /Keep one/,
  },
  'an angle bracket in the image': {
    rule: 'placeholder',
    field: 'spec.image',
    document: cluster({ image: 'r/weka:<version>' }),
    remedy: /version tag/,
  },
  QUAY_SECRET_KEY: {
    rule: 'placeholder',
    field: 'spec.imagePullSecret',
    document: client({ imagePullSecret: 'QUAY_SECRET_KEY' }),
    remedy: /name of the Secret/,
  },
  $generate_cluster_name: {
    rule: 'placeholder',
    field: 'metadata.name',
    document: cluster({}, { name: '$generate_cluster_name__x' }),
    remedy: /real name/,
  },
  'capitals in a selector': {
    rule: 'placeholder-suspected',
    field: 'spec.nodeSelector["example.com/pool"]',
    document: client({ nodeSelector: { 'example.com/pool': 'POOL_LABEL' } }),
    remedy: /labels/,
  },
  'spec.size': {
    rule: 'legacy-field',
    field: 'spec.size',
    document: cluster({ size: 6 }),
    remedy: /computeContainers/,
  },
  containerSize: {
    rule: 'legacy-field',
    field: 'spec.dynamicTemplate.containerSize',
    document: cluster({ dynamicTemplate: { containerSize: 5 } }),
    remedy: /containerCapacity \(GiB\)/,
  },
  'a payload in snake case': {
    rule: 'snake-case-key',
    field: 'spec.payload.blockDrivesPayload.serial_ids',
    document: object('WekaManualOperation', {
      action: 'block-drives',
      payload: { blockDrivesPayload: { serial_ids: [] } },
    }),
    remedy: /serialIDs/,
  },
  'nodeSelector on a policy': {
    rule: 'policy-node-selector',
    field: 'spec.nodeSelector',
    document: policy({
      type: 'enable-local-drivers-distribution',
      nodeSelector: {},
      payload: { driverDistPayload: {} },
    }),
    remedy: /driverDistPayload\.nodeSelectors/,
  },
  'extraVolumes on a container': {
    rule: 'unsupported-volumes',
    field: 'spec.extraVolumes',
    document: container({ mode: 'drivers-dist', extraVolumes: [] }),
    remedy: /cacertSecret/,
  },
  'a client with nothing to join': {
    rule: 'client-joins-nothing',
    field: 'spec.targetCluster',
    document: object('WekaClient', { image: IMAGE }),
    remedy: /joinIpPorts/,
  },
  'a client with two targets': {
    rule: 'client-joins-twice',
    field: 'spec.joinIpPorts',
    document: client({ joinIpPorts: ['10.0.0.1:14000'] }),
    remedy: /Keep targetCluster/,
  },
  'a join address without a port': {
    rule: 'host-port',
    field: 'spec.joinIpPorts[1]',
    document: object('WekaClient', { image: IMAGE, joinIpPorts: ['10.0.0.1:14000', '10.0.0.2'] }),
    remedy: /10\.0\.2\.137:14000/,
  },
  'two ways to choose devices': {
    rule: 'network-device-choice',
    field: 'spec.network.deviceSubnets',
    document: cluster({ network: { ethDevice: 'eth1', deviceSubnets: ['10.0.0.0/8'] } }),
    remedy: /Keep one/,
  },
  'a subnet without a prefix': {
    rule: 'device-subnet',
    field: 'spec.network.deviceSubnets[0]',
    document: cluster({ network: { deviceSubnets: ['10.0.0.0'] } }),
    remedy: /PREFIX/,
  },
  'a drivers service with a foreign scheme': {
    rule: 'drivers-endpoint',
    field: 'spec.driversDistService',
    document: cluster({ driversDistService: 'ftp://drivers' }),
    remedy: /https:/,
  },
  'a drivers service without a namespace': {
    rule: 'drivers-service-host',
    field: 'spec.driversDistService',
    document: cluster({ driversDistService: 'https://wekasystem.svc.local:60002' }),
    remedy: /SERVICE\.NAMESPACE/,
  },
  'UDP mode': {
    rule: 'udp-mode',
    field: 'spec.network.udpMode',
    document: client({ network: { udpMode: true } }),
    remedy: /ethDevice/,
  },
  'a stripe of two': {
    rule: 'stripe-width',
    field: 'spec.stripeWidth',
    document: cluster({ stripeWidth: 2 }),
    remedy: /3 to 16/,
  },
  'three parity blocks': {
    rule: 'redundancy-level',
    field: 'spec.redundancyLevel',
    document: cluster({ redundancyLevel: 3 }),
    remedy: /2 or 4/,
  },
  'a raft of seven': {
    rule: 'raft-size',
    field: 'spec.bucketRaftSize',
    document: cluster({ bucketRaftSize: 7 }),
    remedy: /5 or 9/,
  },
  'no hot spare': {
    rule: 'hot-spare',
    field: 'spec.hotSpare',
    document: cluster({ hotSpare: 0 }),
    remedy: /1 or more/,
  },
  'a stripe wider than the cluster': {
    rule: 'stripe-fits',
    field: 'spec.stripeWidth',
    document: cluster({ stripeWidth: 16, dynamicTemplate: { driveContainers: 6 } }),
    remedy: /driveContainers/,
  },
  'S3 without envoy cores': {
    rule: 's3-needs-envoy',
    field: 'spec.dynamicTemplate.envoyCores',
    document: cluster({ dynamicTemplate: { s3Containers: 2, envoyCores: 0 } }),
    remedy: /1 or more/,
  },
  'an image without a tag': {
    rule: 'image-tag',
    field: 'spec.image',
    document: container({ mode: 'drivers-dist', image: 'registry.example.com:5000/weka' }),
    remedy: /version as the tag/,
  },
  'a tag without a version': {
    rule: 'image-version',
    field: 'spec.image',
    document: client({ image: 'registry.example.com/weka:stable' }),
    remedy: /version as the tag/,
  },
  'half a digest': {
    rule: 'image-digest',
    field: 'spec.image',
    document: client({ image: `${IMAGE}@sha256:abc` }),
    remedy: /digest/,
  },
  'a client newer than its cluster': {
    rule: 'client-newer-than-cluster',
    field: 'spec.image',
    document: client({ image: 'r/weka:4.4.10.1' }),
    beside: [cluster({ image: 'r/weka:4.4.9.200' })],
    remedy: /cluster first/,
  },
  'signing with the WEKA image': {
    rule: 'sign-drives-image',
    field: 'spec.image',
    document: policy({ ...signDrives, image: IMAGE }),
    remedy: /Leave spec\.image out/,
  },
  'a policy without its payload': {
    rule: 'payload-missing',
    field: 'spec.payload.signDrivesPayload',
    document: policy({ type: 'sign-drives', payload: {} }),
    remedy: /signDrivesPayload/,
  },
  'a payload of another type': {
    rule: 'payload-unused',
    field: 'spec.payload.driverDistPayload',
    document: policy({ type: 'sign-drives', payload: { ...signDrives.payload, driverDistPayload: {} } }),
    remedy: /Move its fields/,
  },
  'a builder that loads': {
    rule: 'builder-mode',
    field: 'spec.mode',
    document: container({ mode: 'drivers-loader' }, { name: 'weka-drivers-builder' }),
    remedy: /drivers-builder/,
  },
  'a builder that uploads nowhere': {
    rule: 'builder-without-upload',
    field: 'spec.uploadResultsTo',
    document: container({ mode: 'drivers-builder' }),
    remedy: /drivers-dist/,
  },
  'a Secret in another namespace': {
    rule: 'client-secret-namespace',
    field: 'spec.wekaSecretRef',
    document: client({ wekaSecretRef: 'key' }),
    beside: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key', namespace: 'elsewhere' } }],
    remedy: /Copy the Secret/,
  },
  'a target in another namespace': {
    rule: 'client-target-namespace',
    field: 'spec.targetCluster.namespace',
    document: client({ targetCluster: { name: 'prod', namespace: 'typo' } }),
    beside: [cluster()],
    remedy: /targetCluster\.namespace/,
  },
  'an address twice': {
    rule: 'duplicate-list-key',
    field: 'spec.network.deviceSubnets[1]',
    document: cluster({ network: { deviceSubnets: ['10.0.0.0/8', '10.0.0.0/8'] } }),
    remedy: /Keep one/,
  },
  'a label value with a blank': {
    rule: 'label-value',
    field: 'spec.nodeSelector.pool',
    document: client({ nodeSelector: { pool: 'a b' } }),
    remedy: /63/,
  },
  'SMB-W with two containers': {
    rule: 'smbw-containers',
    field: 'spec.dynamicTemplate.smbwContainers',
    document: cluster({ dynamicTemplate: { smbwContainers: 2 } }),
    remedy: /3 to 8/,
  },
  'capacity said twice': {
    rule: 'capacity-said-twice',
    field: 'spec.dynamicTemplate.containerCapacity',
    document: cluster({ dynamicTemplate: { driveCapacity: 500, containerCapacity: 5000 } }),
    remedy: /Keep driveCapacity/,
  },
  'an unknown field': {
    rule: 'unknown-field',
    field: 'spec.imagePullSecrt',
    document: client({ imagePullSecrt: 'key' }),
    remedy: /imagePullSecret/,
  },
};

test.each(Object.entries(cases))('%s is found', (_name, { rule, field, document, beside, remedy }) => {
  const finding = lint(document, beside).find((each) => each.rule === rule);
  expect(finding).toBeDefined();
  expect(pathText(finding!.path)).toBe(field);
  expect(finding!.remedy).toMatch(remedy);
});

test('every rule of the table has a case', () => {
  const covered = new Set(Object.values(cases).map(({ rule }) => rule));
  expect(LINT_RULES.map(({ id }) => id).filter((id) => !covered.has(id))).toEqual([]);
});

const fine: Record<string, JsonObject> = {
  'a cluster': cluster({
    stripeWidth: 3,
    redundancyLevel: 2,
    dynamicTemplate: { driveContainers: 6, computeContainers: 6, numDrives: 2 },
  }),
  'a client': client(),
  'a client of an outside cluster': object('WekaClient', {
    image: IMAGE,
    joinIpPorts: ['[fd00::1]:14000', 'weka.example.com:14000'],
  }),
  'an endpoint without a scheme': cluster({
    driversDistService: 'drivers-dist.weka-operator-system.svc.cluster.local:60002',
  }),
  'an IPv6 subnet': cluster({ network: { deviceSubnets: ['fd00:100::/64'] } }),
  'an image with tag and digest': client({ image: `${IMAGE}@sha256:${'a'.repeat(64)}` }),
  'a script that names variables': policy({
    type: 'enable-local-drivers-distribution',
    payload: { driverDistPayload: { builderPreRunScript: '#!/bin/sh\necho $HOME <nothing> MY_VARIABLE\n' } },
  }),
};

test.each(Object.entries(fine))('%s has no findings', (_name, document) => {
  expect(lint(document)).toEqual([]);
});

test('two clients of one name in two namespaces are two objects', () => {
  expect(lint(client({}, { namespace: 'a' }), [client({}, { namespace: 'b' })]).map(({ rule }) => rule)).not.toContain(
    'duplicate-object',
  );
});
