import type { WekaContainerSpec } from '../lib/api/weka-container';
import { verdictOf } from '../lib/base/conditions';
import type { LiveObject } from '../lib/base/kube-object';
import { LABEL } from '../lib/base/names';
import { containerStatus, UP_TO_DATE } from '../lib/container/container-report';
import type { DriverMode } from '../lib/container/modes';
import { isDriverMode, isOneOff } from '../lib/container/modes';
import { WekaContainerPod } from '../lib/container/weka-container-pod';
import { DIST_AGENT_PORT, DIST_PORT } from '../lib/drivers/driver-distribution';
import type { LiveChild } from '../synth/child';
import { render } from '../synth/render';
import { childrenFrom, notRunYet, ourConditions, pick } from './common';
import type { Installation } from './installation';
import { TYPES } from './kinds';
import type { BaseScope, Decision, Outcome, Reconciler } from './runtime/reconciler';

const POD = { role: 'pod', slot: '' };
/** Set on each Pod of a container, by the Go operator too. A cluster has thousands of other Pods. */
const OUR_PODS = `${LABEL.createdBy}=weka-operator`;

/** A Pod that failed is replaced no sooner than this long after it was made. */
const REPLACE_MS = 30_000;

/** What one round of a container reads. */
export interface ContainerScope extends BaseScope {
  readonly spec: WekaContainerSpec;
  /** `undefined`: a mode that this version does not run. */
  readonly mode: DriverMode | undefined;
  /** Its Pod; at most one is owned by it. */
  readonly pods: readonly LiveChild[];
}

/**
 * WekaContainer controller, for the modes of driver distribution (drivers-dist, drivers-builder, dist).
 *
 * Reads:   the container; its Pod.
 * Writes:  one Pod of the container's name, and another one when it has failed for good; WekaContainer.status.
 * Wakes:   on the container and its Pod.
 * Never:   replaces a living Pod because the spec changed (the new spec holds for the next Pod); makes the Pod of a
 *          finished build again; touches a container of another mode, or lets go of its finalizer: who runs such a
 *          container must also take it down.
 * Crash safety: the Pod carries an owner reference from its first write; its name is fixed, so it is never made twice.
 */
export const containerReconciler = (settings: Installation): Reconciler<ContainerScope> => ({
  name: 'container',
  primary: { type: TYPES.container },
  children: [{ type: TYPES.pod, labelSelector: OUR_PODS }],
  reads: [],
  finalizer: true,
  validate: (object) =>
    modeOf(object) === undefined ? notRunYet(object, `mode ${(object.spec as WekaContainerSpec).mode}`) : undefined,
  observe: (object, reader) => ({
    object,
    spec: object.spec as WekaContainerSpec,
    mode: modeOf(object),
    pods: reader.childrenOf(object, TYPES.pod).map((pod) => ({ ...POD, object: pod })),
  }),
  decide: (scope) => decide(scope, settings),
  report: ({ object, now, mode, pods }, outcome) => ({
    status: containerStatus({
      now,
      generation: object.metadata.generation,
      conditions: ourConditions(object, UP_TO_DATE),
      mode: mode ?? 'drivers-dist',
      pod: pods[0]?.object,
      previousStatus: object.status?.['status'] as string | undefined,
      failure: outcome?.error === undefined ? undefined : verdictOf(outcome.error),
      outdated: outdatedFields(outcome),
    }),
    events: [],
  }),
});

const modeOf = (object: LiveObject): DriverMode | undefined => {
  const { mode } = object.spec as WekaContainerSpec;
  return isDriverMode(mode) ? mode : undefined;
};

const decide = (scope: ContainerScope, settings: Installation): Decision => {
  const { object, mode, pods } = scope;
  if (mode === undefined) return { children: [], live: [], holdFinalizer: true };
  const wanted = object.metadata.deletionTimestamp === undefined && !isFinished(scope);
  const replaceAfterMs = wanted ? untilReplaced(scope) : undefined;
  return {
    ...(replaceAfterMs === undefined || replaceAfterMs === 0 ? {} : { requeueAfterMs: replaceAfterMs }),
    children:
      wanted && replaceAfterMs !== 0
        ? childrenFrom(
            render((chart) => new WekaContainerPod(chart, 'pod', podProps(scope, mode, settings))),
            () => `runs mode ${mode}`,
          )
        : [],
    live: wanted || object.metadata.deletionTimestamp !== undefined ? pods : [],
    holdFinalizer: pods.length > 0,
    goneFirst: [{ ...TYPES.pod, namespace: object.metadata.namespace, name: object.metadata.name }],
  };
};

/**
 * Milliseconds until a Pod that has failed makes room for the next one; 0: now; `undefined`: none has. Kubernetes never starts
 * such a Pod again (it was evicted, or its deadline passed); the pause keeps a node in trouble from eating one after another.
 */
const untilReplaced = ({ pods, now }: ContainerScope): number | undefined => {
  const failed = pods.find(({ object }) => object.status?.['phase'] === 'Failed')?.object;
  if (failed === undefined) return undefined;
  const age = now - Date.parse(failed.metadata.creationTimestamp ?? '');
  return age >= 0 && age < REPLACE_MS ? REPLACE_MS - age : 0;
};

/** A build that has ended: its Pod stays for its log until the container goes, and is never made again. */
const isFinished = ({ object, mode }: ContainerScope): boolean =>
  mode !== undefined && isOneOff(mode) && object.status?.['status'] === 'Completed';

const podProps = (
  { object, spec }: ContainerScope,
  mode: DriverMode,
  settings: Installation,
): ConstructorParameters<typeof WekaContainerPod>[2] => {
  const { name, namespace, uid, labels, annotations } = object.metadata;
  const node = spec.nodeAffinity ?? '';
  return {
    name,
    namespace: namespace ?? 'default',
    uid,
    labels: labels ?? {},
    annotations: annotations ?? {},
    mode,
    image: spec.image,
    ...pick(spec, ['imagePullSecret', 'serviceAccountName', 'uploadResultsTo']),
    ...instructions(spec),
    port: spec.port ?? DIST_PORT,
    agentPort: spec.agentPort ?? DIST_AGENT_PORT,
    nodeSelector: spec.nodeSelector ?? {},
    ...(node === '' ? {} : { nodeAffinity: node }),
    tolerations: spec.tolerations ?? [],
    ...(spec.overrides?.preRunScript === undefined ? {} : { preRunScript: spec.overrides.preRunScript }),
    operatorImage: settings.operatorImage,
  };
};

const instructions = ({
  instructions: given,
}: WekaContainerSpec): { instructions?: { type: string; payload: string } } =>
  given?.type === undefined ? {} : { instructions: { type: given.type, payload: given.payload ?? '' } };

/** In what the living Pod differs from the one that would be made now. */
const outdatedFields = (outcome: Outcome | undefined): readonly string[] =>
  (outcome?.plan.stages ?? []).flatMap(({ steps }) =>
    steps.flatMap((step) => (step.action === 'keep' ? (step.outdated ?? []) : [])),
  );
