import type { WekaNodeSpec, WekaNodeStatus } from '../lib/api/weka-node';
import type { WekaPolicySpec } from '../lib/api/weka-policy';
import { conditionsOf, isTrue } from '../lib/base/conditions';
import type { LiveObject, ObjectRef } from '../lib/base/kube-object';
import { refOf, refString } from '../lib/base/kube-object';
import { childName } from '../lib/base/safe-names';
import type { DistObserved } from '../lib/drivers/agent-documents';
import { containerAgent } from '../lib/drivers/agent-documents';
import type { BuildDemand, BuildNode, ImageDemand } from '../lib/drivers/demand';
import { buildDemands } from '../lib/drivers/demand';
import { DEFAULT_CLAIM_SIZE, ROLE } from '../lib/drivers/driver-distribution';
import { wekaVersionOf } from '../lib/drivers/package';
import type { IndexEntry } from '../lib/drivers/package-index';
import { readIndex } from '../lib/drivers/package-index';
import { readDistObserved } from '../lib/drivers/read-documents';
import { recogniseDistributionChild } from '../lib/drivers/recognise';
import { nodeFacts } from '../lib/nodes/node-facts';
import type { LiveChild } from '../synth/child';
import { toldBody } from './common';
import type { Installation } from './installation';
import { TYPES } from './kinds';
import type { BaseScope, Reader } from './runtime/reconciler';

/** A volume claim that the policy asks for. */
export interface ClaimScope {
  readonly ref: ObjectRef;
  readonly size: string;
  readonly storageClassName: string | undefined;
  /** `undefined`: it is not there yet. */
  readonly live: LiveObject | undefined;
  /** Its storage class is named and does not exist. */
  readonly classMissing: boolean;
}

/** What one round of a policy reads. */
export interface PolicyScope extends BaseScope {
  readonly spec: WekaPolicySpec;
  /** Images of clusters and clients, and those that the policy itself names. */
  readonly images: readonly ImageDemand[];
  /** What is wanted for them on these nodes. */
  readonly demands: readonly BuildDemand[];
  readonly nodes: readonly BuildNode[];
  /** WEKA versions that somebody wants, or whose driver some node holds. */
  readonly versionsInUse: ReadonlySet<string>;
  readonly live: readonly LiveChild[];
  /** What its distribution service has told; `undefined`: nothing since this operator leads. */
  readonly observed: DistObserved | undefined;
  readonly claim: ClaimScope | undefined;
  /** What the package index says, by package id: it outlives policies. */
  readonly indexed: ReadonlyMap<string, IndexEntry>;
  /** Policies that have to be Ready first and are not. */
  readonly waitingFor: readonly string[];
}

type DistPayload = NonNullable<WekaPolicySpec['payload']['driverDistPayload']>;

/** What the policy says of driver distribution; nothing where it says nothing. */
export const payloadOf = (spec: WekaPolicySpec): DistPayload => spec.payload.driverDistPayload ?? {};

/** All that a round reads. The claim and its class are asked for by name, and only where the policy asks for a claim. */
export const observePolicy = async (
  object: LiveObject,
  reader: Reader,
  { exchange }: Installation,
): Promise<Omit<PolicyScope, 'now'>> => {
  const spec = object.spec as unknown as WekaPolicySpec;
  const payload = payloadOf(spec);
  const images = imageDemands(reader, payload.ensureImages ?? []);
  const records = reader.list(TYPES.wekaNode);
  const nodes = buildNodes(reader, records);
  const live = [TYPES.service, TYPES.container].flatMap((type) => reader.childrenOf(object, type)).flatMap(liveChild);
  const dist = distOf(live);
  const told = dist === undefined ? undefined : exchange.observed(containerAgent(dist.metadata.uid));
  return {
    object,
    spec,
    images,
    demands: buildDemands(images, nodes, payload.nodeSelectors ?? []),
    nodes,
    versionsInUse: versionsInUse(images, records),
    live,
    observed: toldBody(told, readDistObserved),
    claim: await observeClaim(object, payload.storage, reader),
    indexed: readIndex(reader.list(TYPES.configMap).map(dataOf)),
    waitingFor: notReady(object, spec.payload.waitForPolicies ?? [], reader),
  };
};

const dataOf = (configMap: LiveObject): Record<string, string> =>
  (configMap['data'] as Record<string, string> | undefined) ?? {};

/** The living distribution service among the children of a policy. */
export const distOf = (live: readonly LiveChild[]): LiveObject | undefined =>
  live.find(({ role }) => role === ROLE.dist)?.object;

const imageDemands = (reader: Reader, ensured: readonly string[]): ImageDemand[] => [
  ...reader.list(TYPES.cluster).flatMap((cluster) => imagesOf(cluster, ['spec.image', 'status.lastAppliedImage'])),
  ...reader.list(TYPES.client).flatMap((client) => imagesOf(client, ['spec.image', 'status.lastAppliedImage'])),
  ...ensured.map((image) => ({ image, wantedBy: 'ensureImages' })),
];

/** In the middle of an upgrade the drivers of both versions are needed. */
const imagesOf = (object: LiveObject, paths: readonly ('spec.image' | 'status.lastAppliedImage')[]): ImageDemand[] => {
  const images = paths.map((path) =>
    path === 'spec.image' ? object.spec?.['image'] : object.status?.['lastAppliedImage'],
  );
  return images.flatMap((image) =>
    typeof image === 'string' && image !== '' ? [{ image, wantedBy: refString(refOf(object)) }] : [],
  );
};

const buildNodes = (reader: Reader, records: readonly LiveObject[]): BuildNode[] => {
  const installed = new Map(
    records.map(({ metadata, status }) => [metadata.name, (status as WekaNodeStatus | undefined)?.installedKernels]),
  );
  return reader.list(TYPES.node).map((node) => {
    const kernels = installed.get(node.metadata.name);
    return { ...nodeFacts(node), ...(kernels === undefined ? {} : { installed: kernels }) };
  });
};

const versionsInUse = (images: readonly ImageDemand[], records: readonly LiveObject[]): ReadonlySet<string> => {
  const held = records.flatMap(({ spec, status }) => [
    (spec as WekaNodeSpec | undefined)?.driver?.wekaVersion,
    (status as WekaNodeStatus | undefined)?.driver?.wekaVersion,
  ]);
  return new Set([...images.map(({ image }) => wekaVersionOf(image)), ...held].flatMap((version) => version ?? []));
};

const liveChild = (object: LiveObject): LiveChild[] => {
  const identity = recogniseDistributionChild(object);
  return identity === undefined ? [] : [{ ...identity, object }];
};

const CLAIM = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
const STORAGE_CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' };

const observeClaim = async (
  { metadata }: LiveObject,
  storage: DistPayload['storage'],
  reader: Reader,
): Promise<ClaimScope | undefined> => {
  const { size, storageClassName } = storage ?? {};
  if (size === undefined && storageClassName === undefined) return undefined;
  const { name, namespace } = metadata;
  const ref = { ...CLAIM, ...(namespace === undefined ? {} : { namespace }), name: claimName(name) };
  const live = await reader.fetch(ref);
  const bound = live?.status?.['phase'] === 'Bound';
  const known = bound || storageClassName === undefined || (await classExists(storageClassName, reader));
  return { ref, size: String(size ?? DEFAULT_CLAIM_SIZE), storageClassName, live, classMissing: !known };
};

/** Name of the claim that is made for a policy. */
export const claimName = (policy: string): string => childName(policy, 'dist');

const classExists = async (name: string, reader: Reader): Promise<boolean> =>
  (await reader.fetch({ ...STORAGE_CLASS, name })) !== undefined;

const notReady = ({ metadata }: LiveObject, names: readonly string[], reader: Reader): string[] =>
  names.filter((name) => {
    const policy = reader.get(TYPES.policy, {
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      name,
    });
    return policy === undefined || !isTrue(conditionsOf(policy), 'Ready');
  });
