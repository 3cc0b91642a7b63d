import type { WekaPolicySpec, WekaPolicyStatus } from '../lib/api/weka-policy';
import { conditionsOf, isTrue, verdictOf } from '../lib/base/conditions';
import { parseDuration } from '../lib/base/duration';
import type { LiveObject } from '../lib/base/kube-object';
import { refOf, refString } from '../lib/base/kube-object';
import type { BuildDemand, ImageDemand } from '../lib/drivers/demand';
import { buildDemands, imagesWithoutVersion } from '../lib/drivers/demand';
import { distServiceUrl, DriverDistribution, ROLE } from '../lib/drivers/driver-distribution';
import { packageKeyString } from '../lib/drivers/package';
import type { BuildState } from '../lib/drivers/policy-report';
import { distributionStatus } from '../lib/drivers/policy-report';
import { recogniseDistributionChild } from '../lib/drivers/recognise';
import { DEFAULT_LABEL_KEYS, nodeFacts } from '../lib/nodes/node-facts';
import type { LiveChild } from '../synth/child';
import { render } from '../synth/render';
import { childrenFrom, notRunYet, ourConditions, pick } from './common';
import { TYPES, wakesAll } from './kinds';
import { projectNode } from './projections';
import type { BaseScope, Outcome, Reader, Reconciler, Report } from './runtime/reconciler';

const TYPE = 'enable-local-drivers-distribution';
const DEFAULT_INTERVAL_MS = 5 * 60_000;

/** What one round of a policy reads. */
export interface PolicyScope extends BaseScope {
  readonly spec: WekaPolicySpec;
  /** Images of clusters and clients, and those that the policy itself names. */
  readonly images: readonly ImageDemand[];
  /** What must be built for them on these nodes. */
  readonly builds: readonly BuildDemand[];
  readonly live: readonly LiveChild[];
}

/**
 * WekaPolicy controller, for policies of type enable-local-drivers-distribution.
 *
 * Reads:   the policy; all Nodes; images of all WekaClusters and WekaClients; its own Services and WekaContainers.
 * Writes:  Service `<policy>-dist`, the dist WekaContainer, one builder WekaContainer for each (WEKA version × kernel ×
 *          architecture); WekaPolicy.status.
 * Wakes:   on the policy, its children, Nodes, clusters and clients; every spec.payload.interval otherwise.
 * Never:   changes the image of a builder (a new version is a new builder); touches a node; makes a second child beside
 *          one that the Go operator made.
 * Crash safety: children carry an owner reference from their first write; deletion is the API server's garbage collection.
 */
export const policyReconciler: Reconciler<PolicyScope> = {
  name: 'policy',
  primary: { type: TYPES.policy },
  children: [{ type: TYPES.service }, { type: TYPES.container }],
  reads: [
    { type: TYPES.node, project: projectNode, wakes: wakesAll(TYPES.policy) },
    { type: TYPES.cluster, wakes: wakesAll(TYPES.policy) },
    { type: TYPES.client, wakes: wakesAll(TYPES.policy) },
  ],
  finalizer: false,
  validate: (object) => {
    const { type } = object.spec as WekaPolicySpec;
    return type === TYPE ? undefined : notRunYet(object, `policy type ${type}`);
  },
  observe: (object, reader) => observe(object, reader),
  decide: (scope) => {
    const interval = parseDuration(scope.spec.payload.interval ?? '');
    return {
      children:
        scope.object.metadata.deletionTimestamp === undefined
          ? childrenFrom(
              render((chart) => new DriverDistribution(chart, 'drivers', props(scope))),
              (role, slot) => becauseOf(scope.builds, role, slot),
            )
          : [],
      live: scope.live,
      requeueAfterMs: interval === undefined || interval === 0 ? DEFAULT_INTERVAL_MS : interval,
    };
  },
  report: (scope, outcome) => report(scope, outcome),
};

const observe = (object: LiveObject, reader: Reader): Omit<PolicyScope, 'now'> => {
  const spec = object.spec as WekaPolicySpec;
  const payload = spec.payload.driverDistPayload;
  const images: ImageDemand[] = [
    ...reader.list(TYPES.cluster).flatMap((cluster) => imagesOf(cluster, ['spec.image', 'status.lastAppliedImage'])),
    ...reader.list(TYPES.client).flatMap((client) => imagesOf(client, ['spec.image'])),
    ...(payload?.ensureImages ?? []).map((image) => ({ image, wantedBy: 'ensureImages' })),
  ];
  return {
    object,
    spec,
    images,
    builds: buildDemands(images, reader.list(TYPES.node).map(nodeFacts), payload?.nodeSelectors ?? []),
    live: [TYPES.service, TYPES.container].flatMap((type) => reader.childrenOf(object, type)).flatMap(liveChild),
  };
};

/** Why a child is wanted, for plans and logs. */
const becauseOf = (builds: readonly BuildDemand[], role: string, slot: string): string => {
  const build = builds.find((each) => role === ROLE.builder && packageKeyString(each) === slot);
  if (build === undefined) return role === ROLE.service ? 'where packages are fetched' : 'stores and serves packages';
  const nodes = build.nodes.length === 1 ? build.nodes[0] : `${build.nodes.length} nodes`;
  return `${build.wekaVersion} for kernel ${build.kernel} of ${nodes}; wanted by ${build.wantedBy.join(', ')}`;
};

/** A cluster in the middle of an upgrade needs the drivers of both versions. */
const imagesOf = (object: LiveObject, paths: readonly ('spec.image' | 'status.lastAppliedImage')[]): ImageDemand[] => {
  const images = paths.map((path) =>
    path === 'spec.image' ? object.spec?.['image'] : object.status?.['lastAppliedImage'],
  );
  return images.flatMap((image) =>
    typeof image === 'string' && image !== '' ? [{ image, wantedBy: refString(refOf(object)) }] : [],
  );
};

const liveChild = (object: LiveObject): LiveChild[] => {
  const identity = recogniseDistributionChild(object);
  return identity === undefined ? [] : [{ ...identity, object }];
};

type Props = ConstructorParameters<typeof DriverDistribution>[2];

const props = (scope: PolicyScope): Props => {
  const { object, spec, live, images } = scope;
  const { name, namespace = 'default', labels = {} } = object.metadata;
  const dist = live.find(({ role }) => role === ROLE.dist)?.object.metadata.name;
  return {
    name,
    namespace,
    labels,
    ...(dist === undefined ? {} : { distName: dist }),
    image: spec.image ?? images[0]?.image ?? '',
    ...pick(spec, ['imagePullSecret', 'serviceAccountName']),
    tolerations: spec.tolerations ?? [],
    builds: scope.builds,
    ...payloadProps(spec.payload.driverDistPayload ?? {}),
  };
};

type DistPayload = NonNullable<WekaPolicySpec['payload']['driverDistPayload']>;

const payloadProps = (payload: DistPayload): Pick<Props, 'distNodeSelector' | 'labelKeys' | 'extraBuildArgs'> => ({
  distNodeSelector: payload.distNodeSelector ?? {},
  labelKeys: {
    kernel: payload.kernelLabelKey ?? DEFAULT_LABEL_KEYS.kernel,
    architecture: payload.architectureLabelKey ?? DEFAULT_LABEL_KEYS.architecture,
  },
  ...(payload.builderPreRunScript === undefined ? {} : { preRunScript: payload.builderPreRunScript }),
  extraBuildArgs: payload.extraBuildArgs ?? [],
  ...pick(payload, ['buildTimeout', 'builderImageOverride']),
});

const report = (scope: PolicyScope, outcome: Outcome | undefined): Report => {
  const { object, now, live, images } = scope;
  const { name, namespace, generation } = object.metadata;
  const status = (object.status ?? {}) as WekaPolicyStatus;
  return {
    status: distributionStatus({
      now,
      generation,
      conditions: ourConditions(object),
      lastRunTime: status.lastRunTime,
      previousResult: status.result,
      serviceUrl: distServiceUrl(name, namespace ?? 'default'),
      distReady: live.some(({ role, object: dist }) => role === ROLE.dist && isReady(dist)),
      builds: scope.builds.map((build) => buildState(packageKeyString(build), live)),
      unknownVersions: imagesWithoutVersion(images).map(({ image }) => image),
      failure: outcome?.error === undefined ? undefined : verdictOf(outcome.error),
    }),
    events: [],
  };
};

const isReady = (container: LiveObject): boolean =>
  isTrue(conditionsOf(container), 'Ready') || container.status?.['status'] === 'Running';

const buildState = (slot: string, live: readonly LiveChild[]): BuildState => {
  const builder = live.find((child) => child.role === ROLE.builder && child.slot === slot)?.object;
  if (builder === undefined) return { slot, state: 'missing' };
  const status = builder.status?.['status'];
  if (status === 'Completed') return { slot, state: 'done' };
  const why = conditionsOf(builder).find(({ type }) => type === 'Ready')?.message;
  return status === 'Error'
    ? { slot, state: 'failed', ...(why === undefined ? {} : { message: why }) }
    : { slot, state: 'building' };
};
