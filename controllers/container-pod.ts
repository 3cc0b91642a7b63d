import type { WekaContainerSpec } from '../lib/api/weka-container';
import { attemptOf, buildInputs, inputsOf } from '../lib/container/build-end';
import { distDirectory } from '../lib/container/dist-pod';
import type { BuildProps } from '../lib/container/builder-pod';
import type { DistStorage } from '../lib/container/dist-pod';
import { isBuilderMode } from '../lib/container/modes';
import { isPinned } from '../lib/container/pod-affinity';
import { podNode } from '../lib/container/pod-status';
import type { WekaContainerPodProps } from '../lib/container/weka-container-pod';
import { WekaContainerPod } from '../lib/container/weka-container-pod';
import { builderVersion } from '../lib/drivers/builder-facts';
import { DIST_AGENT_PORT, DIST_PORT } from '../lib/drivers/driver-distribution';
import type { DesiredChild } from '../synth/child';
import { render } from '../synth/render';
import { childrenFrom, pick } from './common';
import type { ContainerScope } from './container';
import { buildMs } from './container-orders';
import type { Installation } from './installation';

export interface PodOptions {
  /** Which attempt in a row a builder's Pod is. */
  readonly attempt: number;
  readonly settings: Installation;
}

/** Beyond what the builder's own limit takes. */
const DEADLINE_MARGIN_SECONDS = 1_200;

/** The Pod of a driver container, as the one child that it has. */
export const podChildren = (scope: ContainerScope, options: PodOptions): DesiredChild[] =>
  childrenFrom(
    render((chart) => new WekaContainerPod(chart, 'pod', podProps(scope, options))),
    () => `runs mode ${scope.spec.mode}`,
  );

const podProps = (scope: ContainerScope, options: PodOptions): WekaContainerPodProps => {
  const { spec, mode } = scope;
  const common = commonProps(scope, options.settings);
  if (isBuilderMode(spec.mode)) return { ...common, mode: spec.mode, build: buildProps(scope, options) };
  const { name, namespace = 'default' } = scope.object.metadata;
  const node = mode?.kind === 'dist' ? mode.node : undefined;
  const pinned = node === undefined || isThereAnyway(scope, node) ? {} : { nodeAffinity: node };
  return { ...common, ...pinned, mode: 'drivers-dist', storage: storageOf(spec, namespace, name) };
};

/** A Pod that was made before it had a node is not outdated for having got one: the next one goes back there. */
const isThereAnyway = ({ pods: [pod] }: ContainerScope, node: string): boolean =>
  pod !== undefined && podNode(pod.object) === node && !isPinned(pod.object.spec?.['affinity']);

const commonProps = (
  { object, spec }: ContainerScope,
  { operatorImage, gatewayUrl }: Installation,
): Omit<WekaContainerPodProps, 'mode' | 'storage' | 'build'> => {
  const { name, namespace = 'default', uid, labels = {}, annotations = {} } = object.metadata;
  const node = spec.nodeAffinity ?? '';
  return {
    name,
    namespace,
    uid,
    labels,
    annotations,
    image: spec.image,
    ...pick(spec, ['imagePullSecret', 'serviceAccountName', 'affinity', 'resources']),
    port: spec.port ?? DIST_PORT,
    agentPort: spec.agentPort ?? DIST_AGENT_PORT,
    nodeSelector: spec.nodeSelector ?? {},
    ...(node === '' ? {} : { nodeAffinity: node }),
    tolerations: spec.tolerations ?? [],
    operatorImage,
    gatewayUrl,
  };
};

const storageOf = (spec: WekaContainerSpec, namespace: string, name: string): DistStorage =>
  spec.pvc === undefined
    ? { directory: spec.packagesDirectory ?? distDirectory(namespace, name) }
    : { claim: spec.pvc.name };

/** A living Pod keeps what is written on it: with what it was given, and as which attempt. */
const buildProps = ({ spec, pods }: ContainerScope, { attempt }: PodOptions): BuildProps => {
  const pod = pods[0]?.object;
  const wekaVersion = builderVersion(spec);
  const script = spec.overrides?.preRunScript;
  return {
    ...(wekaVersion === undefined ? {} : { wekaVersion }),
    ...instructions(spec),
    ...(script === undefined ? {} : { preRunScript: script }),
    attempt: pod === undefined ? attempt : attemptOf(pod),
    inputs: (pod === undefined ? '' : inputsOf(pod)) || buildInputs(spec),
    deadlineSeconds: Math.ceil(buildMs(spec) / 1000) + DEADLINE_MARGIN_SECONDS,
  };
};

const instructions = ({
  instructions: given,
}: WekaContainerSpec): { instructions?: { type: string; payload: string } } =>
  given?.type === undefined ? {} : { instructions: { type: given.type, payload: given.payload ?? '' } };
