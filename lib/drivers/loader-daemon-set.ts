import type { Construct } from 'constructs';
import type { ExplicitContainer, ExplicitPodSpec } from '../base/cdk';
import { DaemonSet } from '../base/cdk';
import { ANNOTATION, LABEL } from '../base/names';
import { labelValue, shortHash } from '../base/safe-names';
import { CA_CONFIG_MAP } from './agent-access';
import { anyTaint } from './tolerations';
import {
  LOAD_MOUNTS,
  LOAD_RESOURCES,
  LOAD_SECURITY_CONTEXT,
  loadEnvironment,
  LOADER_COMMAND,
  LOADER_CONTAINER,
  LOADER_POD,
  loaderVolumes,
  WATCH_ENVIRONMENT,
  WATCH_MOUNTS,
  WATCH_READINESS,
  WATCH_RESOURCES,
  WATCH_SECURITY_CONTEXT,
} from './load-pod';

/** Role of a loader for the operator's namespace. */
export const LOADER_ROLE = 'drivers-loader';

/** What makes two loaders two: everything that its Pods are told and nodes can't share. */
export interface LoaderIdentity {
  readonly wekaVersion: string;
  /** `https://host:port` of the distribution service. */
  readonly distUrl: string;
  /** Image of the loader. */
  readonly image: string;
  /** Secret to pull it with. */
  readonly imagePullSecret?: string;
}

/** The value of the label `weka.io/drivers-target` of the nodes that a loader serves. */
export const loaderTarget = ({ wekaVersion, distUrl, image, imagePullSecret = '' }: LoaderIdentity): string =>
  labelValue(
    `${wekaVersion.slice(0, 40)}.${shortHash(JSON.stringify([wekaVersion, distUrl, image, imagePullSecret]))}`,
  );

/** Name of the ConfigMap with one shard of the package index of a WEKA version. */
export const indexName = (wekaVersion: string, shard: number): string =>
  `weka-drivers-index-${shortHash(wekaVersion, 10)}-${shard}`;

export interface LoaderDaemonSetProps extends LoaderIdentity {
  /** The operator's. */
  readonly namespace: string;
  /** Image of the operator: it carries the agent, also where another image loads. */
  readonly operatorImage: string;
}

/** Where the agent lies in a Pod whose image is not the operator's. */
const COPY = { name: 'agent', mountPath: '/opt/weka-agent' } as const;

/**
 * Loads the driver of one WEKA version on the nodes that carry its target label: a rollout is moving labels. A Pod does one
 * attempt; only the operator makes another one, by deleting the Pod. Nothing is unloaded when a Pod ends.
 */
export class LoaderDaemonSet extends DaemonSet {
  readonly target: string;

  constructor(scope: Construct, id: string, props: LoaderDaemonSetProps) {
    const target = loaderTarget(props);
    const selectorLabels = { [LABEL.driversTarget]: target };
    super(scope, id, {
      name: `weka-drivers-loader-${shortHash(target, 10)}`,
      namespace: props.namespace,
      labels: { ...selectorLabels, [LABEL.createdBy]: 'weka-operator', [LABEL.childRole]: LOADER_ROLE },
      annotations: { [ANNOTATION.childSlot]: target },
      selectorLabels,
      podLabels: {
        [LABEL.name]: 'weka-drivers-loader',
        [LABEL.partOf]: 'weka-operator',
        [LABEL.createdBy]: 'weka-operator',
        [LABEL.mode]: 'drivers-loader',
      },
      // A new template waits for the Pods to be deleted: a cosmetic change reloads nothing.
      updateStrategy: { type: 'OnDelete' },
      pod: {
        ...LOADER_POD,
        ...(props.imagePullSecret === undefined ? {} : { imagePullSecrets: [{ name: props.imagePullSecret }] }),
        nodeSelector: { 'kubernetes.io/os': 'linux', ...selectorLabels },
        // Storage comes before whatever a node is tainted for; an ordinary Pod there needs its driver all the same.
        tolerations: anyTaint,
        priorityClassName: 'system-node-critical',
        initContainers: [...agentCopy(props), loadContainer(props)],
        containers: [watchContainer(props)],
        volumes: [
          ...(loaderVolumes(
            (shard) => indexName(props.wekaVersion, shard),
            CA_CONFIG_MAP.name,
          ) as ExplicitPodSpec['volumes'] & []),
          ...(isCopied(props) ? [{ name: COPY.name, emptyDir: {} }] : []),
        ],
      },
    });
    this.target = target;
  }
}

const isCopied = ({ image, operatorImage }: LoaderDaemonSetProps): boolean => image !== operatorImage;

/** Another image has neither the agent nor its runtime: they are copied in. */
const agentCopy = (props: LoaderDaemonSetProps): ExplicitContainer[] =>
  isCopied(props)
    ? [
        {
          name: 'agent',
          image: props.operatorImage,
          imagePullPolicy: 'IfNotPresent',
          args: ['copy-agent', 'drivers-loader', COPY.mountPath],
          resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '256Mi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          volumeMounts: [COPY],
        },
      ]
    : [];

const commandOf = (props: LoaderDaemonSetProps, step: keyof typeof LOADER_COMMAND): string[] =>
  isCopied(props) ? [`${COPY.mountPath}/node`, `${COPY.mountPath}/drivers-loader.js`, step] : [...LOADER_COMMAND[step]];

const copyMount = (props: LoaderDaemonSetProps) => (isCopied(props) ? [{ ...COPY, readOnly: true }] : []);

const loadContainer = (props: LoaderDaemonSetProps): ExplicitContainer => ({
  name: LOADER_CONTAINER.load,
  image: props.image,
  imagePullPolicy: 'IfNotPresent',
  command: commandOf(props, 'load'),
  env: loadEnvironment(props),
  resources: LOAD_RESOURCES,
  securityContext: LOAD_SECURITY_CONTEXT,
  terminationMessagePolicy: 'File',
  volumeMounts: [...LOAD_MOUNTS, ...copyMount(props)],
});

const watchContainer = (props: LoaderDaemonSetProps): ExplicitContainer => ({
  name: LOADER_CONTAINER.watch,
  image: props.image,
  imagePullPolicy: 'IfNotPresent',
  command: commandOf(props, 'watch'),
  env: WATCH_ENVIRONMENT,
  resources: WATCH_RESOURCES,
  securityContext: WATCH_SECURITY_CONTEXT,
  readinessProbe: WATCH_READINESS,
  volumeMounts: [...WATCH_MOUNTS, ...copyMount(props)],
});
