import type { Construct } from 'constructs';
import type { Toleration } from '../api/common';
import type { ExplicitContainer, ExplicitPodSpec } from '../base/cdk';
import { Pod } from '../base/cdk';
import { ANNOTATION, LABEL } from '../base/names';
import { propagated } from '../base/propagation';
import { labelValue } from '../base/safe-names';
import { ACCESS_MOUNTS, ACCESS_VOLUMES, accessEnvironment } from '../drivers/agent-access';
import { MAIN_CONTAINER } from './build-end';
import type { BuildProps } from './builder-pod';
import { builderParts } from './builder-pod';
import type { DistStorage } from './dist-pod';
import { distParts } from './dist-pod';
import type { DriverMode } from './modes';
import { agentOf } from './modes';
import { podAffinity } from './pod-affinity';
import { driverTolerations } from './pod-tolerations';

/** Where the agent and its Node.js runtime lie in a Pod that runs WEKA's image. */
const AGENT_DIRECTORY = '/opt/weka-operator';
/** Where the operator's image sees that directory: not over its own of the same name, which holds what is copied. */
const COPY_DIRECTORY = '/agent';

/** What the Pods of all driver containers have in common. */
interface CommonProps {
  /** The WekaContainer: the Pod has its name and namespace. */
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly image: string;
  readonly imagePullSecret?: string;
  readonly serviceAccountName?: string;
  readonly port: number;
  readonly agentPort: number;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Name of the one node it must run on. @default any that the selector allows */
  readonly nodeAffinity?: string;
  /** Affinity as a Pod takes it. @default none */
  readonly affinity?: Readonly<Record<string, unknown>>;
  readonly tolerations: readonly Toleration[];
  /** In place of what its mode usually takes. */
  readonly resources?: Readonly<Record<string, unknown>>;
  /** Image of the operator, which carries the agents. */
  readonly operatorImage: string;
  /** Where the agent finds the operator. */
  readonly gatewayUrl: string;
}

export type WekaContainerPodProps =
  | (CommonProps & { readonly mode: 'drivers-dist'; readonly storage: DistStorage })
  | (CommonProps & { readonly mode: Exclude<DriverMode, 'drivers-dist'>; readonly build: BuildProps });

/** What a mode adds to its Pod. */
export interface ModeParts {
  /** Parts of the Pod's spec. */
  readonly pod: Readonly<Record<string, unknown>>;
  /** Parts of the main container. */
  readonly container: Pick<ExplicitContainer, 'resources' | 'securityContext'> & Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly mounts: readonly object[];
  readonly volumes: readonly object[];
  readonly annotations: Readonly<Record<string, string>>;
}

const partsOf = (props: WekaContainerPodProps): ModeParts =>
  props.mode === 'drivers-dist' ? distParts(props) : builderParts(props.build);

/** The operator's own image has the agent in it; any other gets it from an init container. */
const isCopied = ({ image, operatorImage }: CommonProps): boolean => image !== operatorImage;

const agentCopy = ({ operatorImage, mode }: WekaContainerPodProps): ExplicitContainer => ({
  name: 'agent',
  image: operatorImage,
  imagePullPolicy: 'IfNotPresent',
  args: ['copy-agent', agentOf(mode), COPY_DIRECTORY],
  resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '256Mi' } },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  volumeMounts: [{ name: 'agent', mountPath: COPY_DIRECTORY }],
});

const commandOf = (props: WekaContainerPodProps): string[] =>
  isCopied(props)
    ? [`${AGENT_DIRECTORY}/node`, `${AGENT_DIRECTORY}/${agentOf(props.mode)}.js`]
    : ['node', `${AGENT_DIRECTORY}/agents/${agentOf(props.mode)}.js`];

const environmentOf = (props: WekaContainerPodProps, parts: ModeParts): object[] => {
  const values: Readonly<Record<string, string | undefined>> = {
    MODE: props.mode,
    PORT: String(props.port),
    AGENT_PORT: String(props.agentPort),
    WEKA_CONTAINER_ID: props.uid,
    ...parts.environment,
  };
  return [
    ...accessEnvironment(props.gatewayUrl),
    { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ...Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
  ];
};

const mainContainer = (props: WekaContainerPodProps, parts: ModeParts): ExplicitContainer => {
  const agent = isCopied(props) ? [{ name: 'agent', mountPath: AGENT_DIRECTORY, readOnly: true }] : [];
  return {
    name: MAIN_CONTAINER,
    image: props.image,
    imagePullPolicy: 'IfNotPresent',
    command: commandOf(props),
    env: environmentOf(props, parts) as unknown as NonNullable<ExplicitContainer['env']>,
    terminationMessagePolicy: 'File',
    volumeMounts: [...agent, ...ACCESS_MOUNTS, ...parts.mounts] as unknown as NonNullable<
      ExplicitContainer['volumeMounts']
    >,
    ...parts.container,
    ...(props.resources === undefined ? {} : { resources: props.resources }),
  };
};

const specOf = (props: WekaContainerPodProps, parts: ModeParts): ExplicitPodSpec => {
  const { serviceAccountName, imagePullSecret } = props;
  const agent = isCopied(props) ? [{ name: 'agent', emptyDir: {} }] : [];
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    ...(imagePullSecret === undefined ? {} : { imagePullSecrets: [{ name: imagePullSecret }] }),
    nodeSelector: { 'kubernetes.io/os': 'linux', ...props.nodeSelector },
    ...podAffinity(props.affinity, props.nodeAffinity),
    tolerations: [...driverTolerations(props.mode), ...props.tolerations],
    ...(isCopied(props) ? { initContainers: [agentCopy(props)] } : {}),
    containers: [mainContainer(props, parts)],
    volumes: [...agent, ...ACCESS_VOLUMES, ...parts.volumes] as unknown as NonNullable<ExplicitPodSpec['volumes']>,
    ...parts.pod,
  };
};

const labelsOf = ({ labels, mode }: WekaContainerPodProps): Record<string, string> => ({
  ...propagated(labels),
  [LABEL.name]: 'WekaContainer',
  [LABEL.partOf]: 'weka-operator',
  [LABEL.createdBy]: 'weka-operator',
  [LABEL.mode]: labelValue(mode),
  [LABEL.childRole]: 'pod',
});

/**
 * The Pod of a driver container. WEKA's image runs, with our agent as its entrypoint: an init container copies agent
 * and runtime from the operator's image. No credential of the API server in it, no capability it doesn't use.
 */
export class WekaContainerPod extends Pod {
  constructor(scope: Construct, id: string, props: WekaContainerPodProps) {
    const parts = partsOf(props);
    super(scope, id, {
      name: props.name,
      namespace: props.namespace,
      labels: labelsOf(props),
      annotations: { ...propagated(props.annotations), ...parts.annotations, [ANNOTATION.childSlot]: '' },
      spec: specOf(props, parts),
    });
  }
}
