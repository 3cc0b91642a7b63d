import type { WekaPolicySpec, WekaPolicyStatus } from '../lib/api/weka-policy';
import { conditionsOf, findCondition, isTrue, verdictOf } from '../lib/base/conditions';
import { parseDuration } from '../lib/base/duration';
import type { LiveObject, Manifest, ObjectKey } from '../lib/base/kube-object';
import { keyOf } from '../lib/base/kube-object';
import { LABEL } from '../lib/base/names';
import { fullStorage } from '../lib/container/dist';
import { imagesWithoutVersion } from '../lib/drivers/demand';
import { holdingsDocument } from '../lib/drivers/dist-holdings';
import type { DriverDistributionProps } from '../lib/drivers/driver-distribution';
import { distServiceUrl, DriverDistribution, ROLE } from '../lib/drivers/driver-distribution';
import { packageKeyString } from '../lib/drivers/package';
import { recordedPackages } from '../lib/drivers/package-plan';
import type { PolicyPackages } from '../lib/drivers/policy-packages';
import { policyPackages } from '../lib/drivers/policy-packages';
import { distributionStatus } from '../lib/drivers/policy-report';
import { DEFAULT_LABEL_KEYS } from '../lib/nodes/node-facts';
import { render } from '../synth/render';
import { childrenFrom, notRunYet, ourConditions, pick } from './common';
import type { Installation } from './installation';
import { TYPES, wakesAll } from './kinds';
import type { ClaimScope, PolicyScope } from './policy-scope';
import { distOf, observePolicy, payloadOf } from './policy-scope';
import { projectNode } from './projections';
import type { Decision, EventNote, Outcome, Reader, Reconciler, Report, SharedWrite } from './runtime/reconciler';
import { controllerKey } from './runtime/wiring';

const TYPE = 'enable-local-drivers-distribution';
const DEFAULT_INTERVAL_MS = 5 * 60_000;
/** A claim that is not bound changes without telling us. */
const CLAIM_LOOK_MS = 30_000;
const AGENT = 'container/';

/**
 * WekaPolicy controller, for policies of type enable-local-drivers-distribution.
 *
 * Reads:   the policy; all Nodes and WekaNodes; images of all WekaClusters and WekaClients; its own Services and
 *          WekaContainers; what its distribution service has told; what the registry says, where its source lets it ask; its
 *          volume claim and StorageClass, where it wants one.
 * Writes:  Service `<policy>-dist`, the dist WekaContainer, one builder WekaContainer for each (WEKA version × kernel ×
 *          architecture) that is to be built, the volume claim `<policy>-dist` where one is asked for; what its distribution
 *          service shall hold; WekaPolicy.status.
 * Wakes:   on all of these; every spec.payload.interval otherwise.
 * Never:   changes the image of a builder (a new version is a new builder); removes a builder whose WEKA version somebody
 *          uses, or that it did not make; deletes a volume claim or what lies in it; touches a node; makes a second child
 *          beside one that the Go operator made.
 * Crash safety: children carry an owner reference from their first write; deletion is the API server's garbage collection.
 *          Which bytes are right, and since when nobody needs a version, is written in the status.
 */
export const policyReconciler = (settings: Installation): Reconciler<PolicyScope> => ({
  name: 'policy',
  primary: { type: TYPES.policy, wakes: wakesWaiting },
  children: [{ type: TYPES.service }, { type: TYPES.container }],
  reads: [
    { type: TYPES.node, project: projectNode, wakes: wakesAll(TYPES.policy) },
    { type: TYPES.wekaNode, wakes: wakesAll(TYPES.policy) },
    { type: TYPES.cluster, wakes: wakesAll(TYPES.policy) },
    { type: TYPES.client, wakes: wakesAll(TYPES.policy) },
    { type: TYPES.configMap, namespace: settings.operatorNamespace, labelSelector: LABEL.driversIndex },
  ],
  signals: [
    {
      subscribe: (listener) => settings.exchange.onObserved((agent) => agent.startsWith(AGENT) && listener(agent)),
      wakes: (agent, reader) => ownersOf(agent.slice(AGENT.length), reader),
    },
    { subscribe: (listener) => settings.registry.onAnswer(listener), wakes: wakesAll(TYPES.policy) },
  ],
  finalizer: false,
  validate: (object) => {
    const { type } = object.spec as unknown as WekaPolicySpec;
    return type === TYPE ? undefined : notRunYet(object, `policy type ${type}`);
  },
  observe: (object, reader) => observePolicy(object, reader, settings),
  decide: (scope) => decide(scope, settings),
  report: (scope, outcome) => report(scope, outcome, settings),
});

/** The policy that a container belongs to. */
const ownersOf = (containerUID: string, reader: Reader): readonly ObjectKey[] =>
  reader
    .list(TYPES.container)
    .filter(({ metadata }) => metadata.uid === containerUID)
    .flatMap((container) => controllerKey(container, TYPES.policy) ?? []);

/** Policies that wait for this one. */
const wakesWaiting = ({ metadata }: LiveObject, reader: Reader): readonly ObjectKey[] =>
  reader
    .list(TYPES.policy)
    .filter(
      (policy) => (policy.spec as unknown as WekaPolicySpec).payload?.waitForPolicies?.includes(metadata.name) === true,
    )
    .map(keyOf);

const statusOf = ({ object }: PolicyScope): WekaPolicyStatus => object.status ?? {};

/** All packages, decided. The same twice a round: from the same scope it gives the same. */
const packagesOf = (scope: PolicyScope, { registry, registryUrl, offline }: Installation): PolicyPackages => {
  const images = new Map(scope.nodes.map(({ name, osImage }) => [name, osImage]));
  return policyPackages({
    now: scope.now,
    mode: payloadOf(scope.spec).source ?? 'Local',
    offline,
    observed: scope.observed,
    recorded: recordedPackages(statusOf(scope).typedStatus?.distService?.packages),
    indexed: scope.indexed,
    answer: (key) => registry.answer(registryUrl, key),
    demands: scope.demands,
    builders: new Map(scope.live.filter(({ role }) => role === ROLE.builder).map(({ slot, object }) => [slot, object])),
    versionsInUse: scope.versionsInUse,
    osImageOf: (node) => images.get(node) ?? '',
  });
};

const decide = (scope: PolicyScope, settings: Installation): Decision => {
  const { object, claim } = scope;
  // What waits for others makes nothing; what has been made already is kept.
  const waits = scope.waitingFor.length > 0 && scope.live.length === 0;
  if (object.metadata.deletionTimestamp !== undefined || waits) return { children: [], live: [] };
  const packages = packagesOf(scope, settings);
  const dist = distOf(scope.live);
  return {
    children: childrenFrom(
      render((chart) => new DriverDistribution(chart, 'drivers', props(scope, packages, settings))),
      (role, slot) => becauseOf(packages, role, slot),
    ),
    live: managed(scope, packages),
    shared: claim === undefined ? [] : claimWrites(claim),
    documents: dist === undefined ? [] : [holdingsDocument(dist.metadata.uid, { packages: packages.holdings })],
    requeueAfterMs: lookAgain(scope, packages),
  };
};

/** Builders that are neither wanted nor expired are left alone: somebody may roll back. */
const managed = ({ live }: PolicyScope, { builds, expired }: PolicyPackages): PolicyScope['live'] => {
  const wanted = new Set(builds.map(packageKeyString));
  return live.filter(({ role, slot }) => role !== ROLE.builder || wanted.has(slot) || expired.has(slot));
};

const lookAgain = ({ spec, claim }: PolicyScope, { lookAgainMs }: PolicyPackages): number => {
  const interval = parseDuration(spec.payload.interval ?? '');
  const usual = interval === undefined || interval === 0 ? DEFAULT_INTERVAL_MS : interval;
  const unbound = claim !== undefined && claim.live?.status?.['phase'] !== 'Bound' ? [CLAIM_LOOK_MS] : [];
  return Math.min(usual, ...unbound, ...(lookAgainMs === undefined ? [] : [lookAgainMs]));
};

/** Why a child is wanted, for plans and logs. */
const becauseOf = ({ builds }: PolicyPackages, role: string, slot: string): string => {
  const build = builds.find((each) => role === ROLE.builder && packageKeyString(each) === slot);
  if (build === undefined) return role === ROLE.service ? 'where packages are fetched' : 'stores and serves packages';
  const [first = 'a node that has it installed'] = build.nodes;
  const nodes = build.nodes.length <= 1 ? first : `${build.nodes.length} nodes`;
  return `${build.wekaVersion} for kernel ${build.kernel} of ${nodes}; wanted by ${build.wantedBy.join(', ')}`;
};

const props = (
  scope: PolicyScope,
  { builds }: PolicyPackages,
  { operatorImage }: Installation,
): DriverDistributionProps => {
  const { object, spec, live, claim } = scope;
  const { name, namespace = 'default', labels = {} } = object.metadata;
  const payload = payloadOf(spec);
  const dist = distOf(live)?.metadata.name;
  return {
    name,
    namespace,
    labels,
    ...(dist === undefined ? {} : { distName: dist }),
    image: spec.image ?? operatorImage,
    ...pick(spec, ['imagePullSecret', 'serviceAccountName']),
    tolerations: spec.tolerations ?? [],
    builds,
    distNodeSelector: payload.distNodeSelector ?? {},
    ...storageOf(payload.storage, claim),
    labelKeys: {
      kernel: payload.kernelLabelKey ?? DEFAULT_LABEL_KEYS.kernel,
      architecture: payload.architectureLabelKey ?? DEFAULT_LABEL_KEYS.architecture,
    },
    ...(payload.builderPreRunScript === undefined ? {} : { preRunScript: payload.builderPreRunScript }),
    extraBuildArgs: payload.extraBuildArgs ?? [],
    ...pick(payload, ['buildTimeout', 'builderImageOverride']),
  };
};

const storageOf = (
  storage: ReturnType<typeof payloadOf>['storage'],
  claim: ClaimScope | undefined,
): Pick<DriverDistributionProps, 'storage'> => {
  if (storage?.claimName !== undefined) return { storage: { claim: storage.claimName } };
  if (claim !== undefined) return { storage: { claim: claim.ref.name } };
  return storage?.hostPath === undefined ? {} : { storage: { directory: storage.hostPath } };
};

/** The claim has no owner: what lies in it outlives the policy, as a directory of a node does, and the next one takes it up. */
const claimWrites = ({ ref, size, storageClassName, live }: ClaimScope): SharedWrite[] => {
  if (live !== undefined) return [];
  const { namespace } = ref;
  const manifest: Manifest = {
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    metadata: {
      name: ref.name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [LABEL.createdBy]: 'weka-operator' },
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: size } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  };
  return [{ manifest, live: undefined }];
};

const report = (scope: PolicyScope, outcome: Outcome | undefined, settings: Installation): Report => {
  const { object, now, images } = scope;
  const { name, namespace = 'default', generation } = object.metadata;
  const { lastRunTime, result } = statusOf(scope);
  const { demanded, entries } = packagesOf(scope, settings);
  const dist = distOf(scope.live);
  const status = distributionStatus({
    now,
    generation,
    conditions: ourConditions(object),
    lastRunTime,
    previousResult: result,
    serviceUrl: distServiceUrl(name, namespace),
    distReady: dist !== undefined && isTrue(conditionsOf(dist), 'Ready'),
    full: fullStorage(scope.observed),
    demanded: demanded.map(({ entry }) => entry),
    packages: entries,
    unknownVersions: imagesWithoutVersion(images).map(({ image }) => image),
    waitingFor: scope.waitingFor,
    storage: missingClass(scope.claim),
    failure: outcome?.error === undefined ? undefined : verdictOf(outcome.error),
  });
  return { status, events: eventsOf(status) };
};

const missingClass = (claim: ClaimScope | undefined) =>
  claim?.classMissing === true
    ? {
        code: 'StorageClassMissing',
        parameters: { name: claim.storageClassName ?? '', claim: claim.ref.name },
      }
    : undefined;

/** What is merely on its way is no news. */
const QUIET: ReadonlySet<string> = new Set(['Building', 'DistributionNotReady', 'WaitingForPolicies']);

const eventsOf = (status: Report['status']): readonly EventNote[] => {
  const ready = findCondition(conditionsOf({ status }), 'Ready');
  if (ready === undefined || ready.status === 'True' || QUIET.has(ready.reason)) return [];
  return [{ type: 'Warning', reason: ready.reason, message: ready.message }];
};
