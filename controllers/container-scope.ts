import type { WekaContainerSpec, WekaContainerStatus } from '../lib/api/weka-container';
import type { WekaNodeStatus } from '../lib/api/weka-node';
import type { Condition } from '../lib/base/conditions';
import { conditionsOf, findCondition } from '../lib/base/conditions';
import type { KubeObject, LiveObject } from '../lib/base/kube-object';
import { LABEL } from '../lib/base/names';
import type { BuilderInput } from '../lib/container/builder';
import { buildInputs } from '../lib/container/build-end';
import type { SlotBuilder } from '../lib/container/build-slots';
import { hasSlot } from '../lib/container/build-slots';
import { distNames, pinnedNode } from '../lib/container/dist';
import { loaderNode } from '../lib/container/driver-loader';
import { isBuilderMode } from '../lib/container/modes';
import { hasEnded, podNode, text, unscheduled } from '../lib/container/pod-status';
import type { DistObserved, HeldPackage } from '../lib/drivers/agent-documents';
import { containerAgent } from '../lib/drivers/agent-documents';
import { builderKey, builderState, builtBy, uploadTarget } from '../lib/drivers/builder-facts';
import type { DistHoldings } from '../lib/drivers/dist-holdings';
import { holdingsAgent, readHoldings } from '../lib/drivers/dist-holdings';
import { distsOf } from '../lib/drivers/dists';
import { DIST_PORT } from '../lib/drivers/driver-distribution';
import type { PackageKey } from '../lib/drivers/package';
import { packageId } from '../lib/drivers/package';
import type { PackageWish } from '../lib/drivers/package-plan';
import { readBuilderObserved, readDistObserved } from '../lib/drivers/read-documents';
import { wekaVersionOf } from '../lib/drivers/package';
import { nodeFacts } from '../lib/nodes/node-facts';
import { toldBody } from './common';
import type { Installation } from './installation';
import { TYPES } from './kinds';
import type { Reader } from './runtime/reconciler';
import { isPaused } from './runtime/round-status';

/** What a round reads for a builder. */
export interface BuilderScope {
  readonly kind: 'builder';
  readonly input: Omit<BuilderInput, 'now'>;
  /** Where its package goes. `undefined`: not known yet. */
  readonly target: { readonly distUID: string; readonly url: string } | undefined;
}

/** What a round reads for a distribution service. */
export interface DistScope {
  readonly kind: 'dist';
  /** The one node that it may run on; `undefined`: any. */
  readonly node: string | undefined;
  readonly observed: DistObserved | undefined;
  /** What a policy or the operator wants it to hold; `undefined`: nobody has said so yet. */
  readonly holdings: DistHoldings | undefined;
  /** Packages of builders that were made by hand; `undefined`: somebody else decides what it holds. */
  readonly manual: readonly PackageWish[] | undefined;
  /** Under which names it is dialled. */
  readonly names: readonly string[];
}

/** What a round reads for a loader. */
export interface LoaderScope {
  readonly kind: 'loader';
  readonly node: string | undefined;
  readonly record: WekaNodeStatus | undefined;
  readonly conditions: readonly Condition[];
}

export type ModeScope = BuilderScope | DistScope | LoaderScope;

const specOf = (object: KubeObject): WekaContainerSpec => object.spec as unknown as WekaContainerSpec;
const statusOf = (object: KubeObject): WekaContainerStatus => object.status ?? {};

/** What is read for a container of a mode that this version runs. */
export const observeMode = (object: LiveObject, reader: Reader, settings: Installation): ModeScope | undefined => {
  const { mode } = specOf(object);
  if (mode === 'drivers-dist') return observeDist(object, reader, settings);
  if (isBuilderMode(mode)) return observeBuilder(object, reader, settings);
  return mode === 'drivers-loader' ? observeLoader(object, reader) : undefined;
};

const podOf = (object: LiveObject, reader: Reader): LiveObject | undefined => reader.childrenOf(object, TYPES.pod)[0];

const distTold = (dist: LiveObject, { exchange }: Installation): DistObserved | undefined =>
  toldBody(exchange.observed(containerAgent(dist.metadata.uid)), readDistObserved);

// — builders —————————————————————————————————————————————————————————————————————————————————————————————————————————

const observeBuilder = (object: LiveObject, reader: Reader, settings: Installation): BuilderScope => {
  const spec = specOf(object);
  const { uid, namespace = '' } = object.metadata;
  const pod = podOf(object, reader);
  const node = factsOf(podNode(pod) === '' ? text(statusOf(object).nodeAffinity) : podNode(pod), reader);
  const key = builderKey(spec, node);
  const target = uploadTarget(spec, namespace, reader.list(TYPES.container, { namespace }));
  const dist = 'dist' in target ? target.dist : undefined;
  const ready = findCondition(conditionsOf(object), 'Ready');
  return {
    kind: 'builder',
    target: dist === undefined ? undefined : targetOf(dist, reader),
    input: {
      pod,
      status: statusOf(object),
      readySince: ready?.status === 'True' ? Date.parse(ready.lastTransitionTime) : Number.NaN,
      inputs: buildInputs(spec),
      key,
      noTarget: 'failure' in target ? target.failure : undefined,
      held: dist === undefined ? 'untold' : heldBy(distTold(dist, settings), key),
      nodeSilent: isSilent(podNode(pod), node),
      headersAppeared: key !== undefined && headersOn(podNode(pod), key.kernel, reader),
      hasSlot: pod === undefined && hasSlot(slotsOf(reader), uid, settings.maxBuilds),
      maxBuilds: settings.maxBuilds,
      step: toldBody(settings.exchange.observed(containerAgent(uid)), readBuilderObserved)?.step,
    },
  };
};

const factsOf = (name: string, reader: Reader): ReturnType<typeof nodeFacts> | undefined => {
  const node = name === '' ? undefined : reader.get(TYPES.node, { name });
  return node === undefined ? undefined : nodeFacts(node);
};

/** Whether the node of a Pod does not answer, or is gone; a Pod without a node waits for none. */
const isSilent = (name: string, facts: ReturnType<typeof factsOf>): boolean => name !== '' && facts?.ready !== true;

const heldBy = (
  observed: DistObserved | undefined,
  key: PackageKey | undefined,
): HeldPackage | 'missing' | 'untold' => {
  if (observed === undefined || key === undefined) return 'untold';
  const id = packageId(key);
  return observed.packages.find((held) => held.id === id) ?? 'missing';
};

const headersOn = (node: string, kernel: string, reader: Reader): boolean => {
  const record = node === '' ? undefined : reader.get(TYPES.wekaNode, { name: node });
  const { installedKernels = [] } = (record?.status ?? {}) as WekaNodeStatus;
  return installedKernels.some(({ release, headers }) => release === kernel && headers === true);
};

/** A Service that leads to it, else its Pod: somebody who deploys by hand may make the Service last. */
const targetOf = (dist: LiveObject, reader: Reader): BuilderScope['target'] => {
  const { uid: distUID, namespace = '' } = dist.metadata;
  const [managed] = distsOf([dist], reader.list(TYPES.service, { namespace }), () => undefined);
  const podIP = text(podOf(dist, reader)?.status?.['podIP']);
  const port = specOf(dist).port ?? DIST_PORT;
  const url = managed?.url ?? (podIP === '' ? undefined : `https://${bracketed(podIP)}:${port}`);
  return url === undefined ? undefined : { distUID, url };
};

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);

const BUILDER_PODS: ReadonlySet<string> = new Set(['drivers-builder', 'dist']);

/** All builders of the cluster, as far as turns depend on them. */
export const slotsOf = (reader: Reader): readonly SlotBuilder[] => {
  const busy = new Set(
    reader
      .list(TYPES.pod)
      .filter((pod) => BUILDER_PODS.has(pod.metadata.labels?.[LABEL.mode] ?? '') && isBusy(pod))
      .flatMap(({ metadata }) => (metadata.ownerReferences ?? []).map(({ uid }) => uid)),
  );
  return reader
    .list(TYPES.container)
    .filter((container) => isBuilderMode(specOf(container).mode))
    .map((container) => ({
      uid: container.metadata.uid,
      name: container.metadata.name,
      created: container.metadata.creationTimestamp ?? '',
      state: busy.has(container.metadata.uid) ? 'runs' : waits(container) ? 'waits' : 'rests',
    }));
};

/** A Pod that no node takes must not keep others from building. */
const isBusy = (pod: LiveObject): boolean => !hasEnded(pod) && unscheduled(pod) === undefined;

const RESTING: ReadonlySet<string> = new Set(['Completed', 'Error']);

const waits = (container: LiveObject): boolean => {
  if (container.metadata.deletionTimestamp !== undefined || isPaused(container)) return false;
  const reason = findCondition(conditionsOf(container), 'Ready')?.reason ?? '';
  return !RESTING.has(statusOf(container).status ?? '') && !reason.startsWith('UploadTarget');
};

// — distribution services ————————————————————————————————————————————————————————————————————————————————————————————

const observeDist = (object: LiveObject, reader: Reader, settings: Installation): DistScope => {
  const spec = specOf(object);
  const { uid, namespace = '' } = object.metadata;
  const [managed] = distsOf([object], reader.list(TYPES.service, { namespace }), () => undefined);
  const holdings = settings.exchange.desired(holdingsAgent(uid));
  const exists = (name: string): boolean => reader.get(TYPES.node, { name }) !== undefined;
  const podIP = text(podOf(object, reader)?.status?.['podIP']);
  return {
    kind: 'dist',
    // A claim follows its Pod by itself, as far as its class lets it.
    node:
      spec.pvc === undefined
        ? pinnedNode(spec, statusOf(object).nodeAffinity, exists)
        : pinnedNode(spec, undefined, exists),
    observed: distTold(object, settings),
    holdings: holdings === undefined ? undefined : readHoldings(holdings.body),
    manual: isManual(object, settings) ? wishesFor(object, reader) : undefined,
    names: distNames(managed?.services ?? [], podIP),
  };
};

/** Whether nobody but its builders says what it shall hold. */
const isManual = ({ metadata, spec }: LiveObject, { operatorImage }: Installation): boolean =>
  spec?.['image'] !== operatorImage &&
  metadata.labels?.[LABEL.childRole] === undefined &&
  !(metadata.ownerReferences ?? []).some(({ controller }) => controller === true);

/** What builders of its namespace build for it. */
const wishesFor = (dist: LiveObject, reader: Reader): readonly PackageWish[] => {
  const { namespace = '', uid } = dist.metadata;
  const containers = reader.list(TYPES.container, { namespace });
  const wishes = new Map<string, PackageWish>();
  for (const container of containers.filter((each) => isBuilderMode(specOf(each).mode))) {
    const target = uploadTarget(specOf(container), namespace, containers);
    const key = builderKey(specOf(container), factsOf(nodeOf(container, reader), reader));
    if (!('dist' in target) || target.dist.metadata.uid !== uid || key === undefined) continue;
    const built = builtBy(container);
    const wish = { key, builder: builderState(container), ...(built === undefined ? {} : { built }) };
    if (built !== undefined || !wishes.has(packageId(key))) wishes.set(packageId(key), wish);
  }
  return [...wishes.values()];
};

const nodeOf = (container: LiveObject, reader: Reader): string =>
  podNode(podOf(container, reader)) || text(statusOf(container).nodeAffinity);

// — loaders ——————————————————————————————————————————————————————————————————————————————————————————————————————————

const observeLoader = (object: LiveObject, reader: Reader): LoaderScope => {
  const before = statusOf(object).nodeAffinity;
  const node = loaderNode(specOf(object), before, reader.list(TYPES.node).map(nodeFacts));
  const record = node === undefined ? undefined : reader.get(TYPES.wekaNode, { name: node });
  return {
    kind: 'loader',
    node,
    record: record?.status,
    conditions: record === undefined ? [] : conditionsOf(record),
  };
};

/** The WEKA version that a loader loads. */
export const loaderVersion = (spec: WekaContainerSpec): string | undefined => wekaVersionOf(spec.image);
