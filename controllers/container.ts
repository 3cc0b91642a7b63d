import type { DriverPackage } from '../lib/api/driver-package';
import type { WekaContainerSpec, WekaContainerStatus } from '../lib/api/weka-container';
import { verdictOf } from '../lib/base/conditions';
import type { JsonObject } from '../lib/base/json';
import type { LiveObject } from '../lib/base/kube-object';
import type { BuilderStep } from '../lib/container/builder';
import { builderStep } from '../lib/container/builder';
import { containerStatus, UP_TO_DATE } from '../lib/container/container-report';
import { distPhase, fullStorage, STORAGE_AVAILABLE, untilReplaced } from '../lib/container/dist';
import { loaderPhase } from '../lib/container/driver-loader';
import { isDriverMode } from '../lib/container/modes';
import type { Phase } from '../lib/container/phase';
import { podNode } from '../lib/container/pod-status';
import type { PlannedPackage } from '../lib/drivers/package-plan';
import { planPackage, recordedPackages } from '../lib/drivers/package-plan';
import type { LiveChild } from '../synth/child';
import { notRunYet, OUR_PODS, ourConditions } from './common';
import { builderOrders, distOrders } from './container-orders';
import { podChildren } from './container-pod';
import type { BuilderScope, DistScope, ModeScope } from './container-scope';
import { loaderVersion, observeMode } from './container-scope';
import { containerSignals, containerWakes } from './container-wakes';
import type { Installation } from './installation';
import { TYPES } from './kinds';
import { projectNode } from './projections';
import type { BaseScope, Decision, EventNote, Outcome, Reconciler, Report } from './runtime/reconciler';
import type { AgentTrust, TrustWrite } from './agent-trust';
import { createAgentTrust } from './agent-trust';

const POD = { role: 'pod', slot: '' };
/** Certificates are renewed long before they end: looked at this often. */
const RENEW_LOOK_MS = 3_600_000;

/** What one round of a container reads. */
export interface ContainerScope extends BaseScope {
  readonly spec: WekaContainerSpec;
  /** `undefined`: a mode that this version does not run. */
  readonly mode: ModeScope | undefined;
  /** Its Pod; at most one is owned by it. */
  readonly pods: readonly LiveChild[];
  /** The certificates that agents of its namespace trust, where they have to be written. */
  readonly trust: TrustWrite | undefined;
}

/**
 * WekaContainer controller, for the modes of driver distribution (drivers-dist, drivers-builder, dist, drivers-loader).
 *
 * Reads:   the container; its Pod; containers, Services, Nodes and WekaNodes; what its agent and the service that it uploads
 *          to have told; what a policy or the operator wants a service to hold.
 * Writes:  one Pod of the container's name, and another one when it has ended for good and has to run again; the ConfigMap
 *          `weka-operator-ca` of its namespace; what its agent is told; WekaContainer.status. A loader makes nothing: it is a
 *          demand, which controllers/drivers.ts serves.
 * Wakes:   on all of these.
 * Never:   replaces a living Pod because the spec changed (the new spec holds for the next Pod); builds again what is stored;
 *          lets more builders run than may; touches a container of another mode, or lets go of its finalizer: who runs such a
 *          container must also take it down.
 * Crash safety: the Pod carries an owner reference from its first write; its name is fixed, so it is never made twice. How
 *          often a build has failed is written on its Pod.
 */
export const containerReconciler = (settings: Installation): Reconciler<ContainerScope> => {
  const trust = createAgentTrust(settings);
  return {
    name: 'container',
    primary: { type: TYPES.container, wakes: containerWakes.container },
    children: [{ type: TYPES.pod, labelSelector: OUR_PODS }],
    reads: [
      { type: TYPES.node, project: projectNode, wakes: containerWakes.node },
      { type: TYPES.wekaNode, wakes: containerWakes.wekaNode },
      { type: TYPES.service, wakes: containerWakes.service },
    ],
    signals: containerSignals(settings),
    finalizer: true,
    validate: (object) => {
      const { mode } = object.spec as unknown as WekaContainerSpec;
      return isDriverMode(mode) || mode === 'drivers-loader' ? undefined : notRunYet(object, `mode ${mode}`);
    },
    observe: (object, reader) => observe(object, { reader, settings, trust }),
    decide: (scope) => decide(scope, settings),
    report: (scope, outcome) => report(scope, outcome),
  };
};

const observe = async (
  object: LiveObject,
  { reader, settings, trust }: { reader: Parameters<typeof observeMode>[1]; settings: Installation; trust: AgentTrust },
): Promise<Omit<ContainerScope, 'now'>> => {
  const { mode } = object.spec as unknown as WekaContainerSpec;
  return {
    object,
    spec: object.spec as unknown as WekaContainerSpec,
    mode: observeMode(object, reader, settings),
    pods: reader.childrenOf(object, TYPES.pod).map((pod) => ({ ...POD, object: pod })),
    trust: isDriverMode(mode) ? await trust.writeFor(object.metadata.namespace ?? 'default', reader) : undefined,
  };
};

const decide = (scope: ContainerScope, settings: Installation): Decision => {
  const { object, mode } = scope;
  if (mode === undefined) return { children: [], live: [], holdFinalizer: true };
  if (object.metadata.deletionTimestamp !== undefined) return takeDown(scope);
  if (mode.kind === 'builder') return decideBuilder(scope, mode, settings);
  return mode.kind === 'dist' ? decideDist(scope, mode, settings) : { children: [], live: [] };
};

/** The Pod first, then the finalizer. */
const takeDown = ({ object, pods }: ContainerScope): Decision => ({
  children: [],
  live: pods,
  holdFinalizer: pods.length > 0,
  goneFirst: [{ ...TYPES.pod, namespace: object.metadata.namespace, name: object.metadata.name }],
});

const stepOf = (scope: ContainerScope, { input }: BuilderScope): BuilderStep =>
  builderStep({ ...input, now: scope.now });

const abandoned = (pod: LiveChild): LiveChild => ({ ...pod, lost: true });

const decideBuilder = (scope: ContainerScope, mode: BuilderScope, settings: Installation): Decision => {
  const step = stepOf(scope, mode);
  const runs = step.pod === 'keep' || step.pod === 'create';
  return {
    children: runs ? podChildren(scope, { attempt: step.attempt, settings }) : [],
    // A Pod whose work is done stays for its log, until the container goes or builds again.
    live: step.pod === 'none' ? [] : step.pod === 'abandon' ? scope.pods.map(abandoned) : scope.pods,
    shared: scope.trust === undefined ? [] : [scope.trust],
    documents: builderOrders(scope, mode, settings),
    ...(step.lookAgainMs === undefined ? {} : { requeueAfterMs: step.lookAgainMs }),
  };
};

const decideDist = (scope: ContainerScope, mode: DistScope, settings: Installation): Decision => {
  const replaceAfterMs = untilReplaced(scope.pods[0]?.object, scope.now);
  const again = [
    ...(replaceAfterMs === undefined || replaceAfterMs === 0 ? [] : [replaceAfterMs]),
    ...(settings.signRequest === undefined ? [] : [RENEW_LOOK_MS]),
  ];
  return {
    children: replaceAfterMs === 0 ? [] : podChildren(scope, { attempt: 1, settings }),
    live: scope.pods,
    shared: scope.trust === undefined ? [] : [scope.trust],
    documents: distOrders(scope, { mode, packages: packagesOf(scope, mode), settings }),
    ...(again.length === 0 ? {} : { requeueAfterMs: Math.min(...again) }),
  };
};

/** Packages of a service that was made by hand; `undefined`: somebody else decides. */
const packagesOf = (scope: ContainerScope, { manual, observed }: DistScope): readonly PlannedPackage[] | undefined => {
  const { packages } = (scope.object.status ?? {}) as unknown as WekaContainerStatus;
  return manual?.map((wish) =>
    planPackage(wish, {
      now: scope.now,
      mode: 'Local',
      offline: false,
      observed,
      recorded: recordedPackages(packages),
      answer: () => undefined,
    }),
  );
};

const report = (scope: ContainerScope, outcome: Outcome | undefined): Report => {
  const { object, now, mode, pods } = scope;
  const { phase, more } = phaseOf(scope);
  const failure = outcome?.error === undefined ? undefined : verdictOf(outcome.error);
  return {
    status: containerStatus({
      now,
      generation: object.metadata.generation,
      conditions: ourConditions(object, UP_TO_DATE, STORAGE_AVAILABLE),
      phase,
      more,
      pod: pods[0]?.object,
      node: nodeOf(scope),
      failure,
      outdated: outdatedFields(outcome),
      full: mode?.kind === 'dist' ? fullStorage(mode.observed) : undefined,
    }),
    events: failure === undefined ? eventsOf(scope, phase) : [],
  };
};

interface Told {
  readonly phase: Phase;
  readonly more: JsonObject;
}

const phaseOf = (scope: ContainerScope): Told => {
  const { mode, spec } = scope;
  if (mode?.kind === 'builder') {
    const { phase, status } = stepOf(scope, mode);
    return { phase, more: status };
  }
  if (mode?.kind === 'loader')
    return { phase: loaderPhase({ ...mode, wekaVersion: loaderVersion(spec), image: spec.image }), more: {} };
  const packages = mode === undefined ? undefined : packagesOf(scope, mode)?.map(({ entry }) => entry);
  return { phase: distPhase(scope.pods[0]?.object), more: packageList(packages) };
};

/** An empty list is never applied: taking the last entry out of one that is owned leaves null, which no schema takes. */
const packageList = (packages: readonly DriverPackage[] | undefined): JsonObject =>
  packages === undefined || packages.length === 0
    ? {}
    : { packages: [...packages].sort((a, b) => (a.id < b.id ? -1 : 1)) };

/** Where its Pod is, else where it was: a service goes back to its packages, and a finished build was there. */
const nodeOf = ({ mode, pods, object }: ContainerScope): string => {
  const here = podNode(pods[0]?.object);
  if (mode?.kind === 'loader') return mode.node ?? '';
  if (here !== '') return here;
  if (mode?.kind === 'dist') return mode.node ?? '';
  return (object.status as unknown as WekaContainerStatus | undefined)?.nodeAffinity ?? '';
};

/** Told when a build ends, well or not. */
const eventsOf = ({ mode }: ContainerScope, { phase, verdict }: Phase): readonly EventNote[] => {
  if (mode?.kind !== 'builder') return [];
  if (phase === 'Completed')
    return [{ type: 'Normal', reason: 'BuildCompleted', message: verdict.message ?? 'The build has completed.' }];
  if (phase !== 'Error' || verdict.state === 'ready') return [];
  return [{ type: 'Warning', reason: verdict.reason, message: verdict.message }];
};

/** In what the living Pod differs from the one that would be made now. */
const outdatedFields = (outcome: Outcome | undefined): readonly string[] =>
  (outcome?.plan.stages ?? []).flatMap(({ steps }) =>
    steps.flatMap((step) => (step.action === 'keep' ? (step.outdated ?? []) : [])),
  );
