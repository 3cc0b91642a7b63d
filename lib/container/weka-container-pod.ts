import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import type { Toleration } from '../api/common';
import { ANNOTATION, LABEL } from '../base/names';
import { propagated } from '../base/propagation';
import { labelValue } from '../base/safe-names';
import type { DriverMode } from './modes';
import { agentOf, isOneOff } from './modes';

/** Where WEKA keeps its data on an ordinary node. */
export const WEKA_DIRECTORY = '/opt/k8s-weka';
/** Where the agent and its Node.js runtime lie in a Pod that runs WEKA's image. */
const AGENT_DIRECTORY = '/opt/weka-operator';
/** Where the operator's image sees that directory: not over its own of the same name, which holds what is copied. */
const COPY_DIRECTORY = '/agent';

export interface WekaContainerPodProps {
  /** The WekaContainer: the Pod has its name and namespace. */
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly mode: DriverMode;
  readonly image: string;
  readonly imagePullSecret?: string;
  readonly serviceAccountName?: string;
  readonly port: number;
  readonly agentPort: number;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Name of the one node it must run on. @default any that the selector allows */
  readonly nodeAffinity?: string;
  readonly tolerations: readonly Toleration[];
  readonly uploadResultsTo?: string;
  readonly instructions?: { readonly type: string; readonly payload: string };
  readonly preRunScript?: string;
  /** Image of the operator, which carries the agents. */
  readonly operatorImage: string;
}

/**
 * The Pod of a driver container. WEKA's image runs, with our agent as its entrypoint: an init container copies agent
 * and runtime from the operator's image. No Kubernetes credential in it, no capability it doesn't use.
 */
export class WekaContainerPod extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: WekaContainerPodProps,
  ) {
    super(scope, id);
    const { name, namespace, mode, imagePullSecret, serviceAccountName, nodeSelector } = props;
    new ApiObject(this, 'pod', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace,
        labels: this.labels(),
        annotations: { ...propagated(props.annotations), [ANNOTATION.childSlot]: '' },
      },
      spec: {
        restartPolicy: isOneOff(mode) ? 'OnFailure' : 'Always',
        terminationGracePeriodSeconds: isOneOff(mode) ? 120 : 30,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
        ...(imagePullSecret === undefined ? {} : { imagePullSecrets: [{ name: imagePullSecret }] }),
        nodeSelector: { 'kubernetes.io/os': 'linux', ...nodeSelector },
        ...this.affinity(),
        tolerations: [...standingTolerations, ...props.tolerations],
        initContainers: [this.agentCopy()],
        containers: [this.container()],
        volumes: this.volumes(),
      },
    });
  }

  private labels(): Record<string, string> {
    return {
      ...propagated(this.props.labels),
      [LABEL.name]: 'WekaContainer',
      [LABEL.partOf]: 'weka-operator',
      [LABEL.createdBy]: 'weka-operator',
      [LABEL.mode]: labelValue(this.props.mode),
      [LABEL.childRole]: 'pod',
    };
  }

  /** By metadata.name: a hostname label may differ from it. */
  private affinity(): Record<string, unknown> {
    const node = this.props.nodeAffinity;
    if (node === undefined) return {};
    const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }];
    return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } };
  }

  private agentCopy(): Record<string, unknown> {
    return {
      name: 'agent',
      image: this.props.operatorImage,
      imagePullPolicy: 'IfNotPresent',
      args: ['copy-agent', agentOf(this.props.mode), COPY_DIRECTORY],
      resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '256Mi' } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      volumeMounts: [{ name: 'agent', mountPath: COPY_DIRECTORY }],
    };
  }

  private container(): Record<string, unknown> {
    const { mode, image, port } = this.props;
    return {
      name: 'weka-container',
      image,
      imagePullPolicy: 'IfNotPresent',
      command: [`${AGENT_DIRECTORY}/node`, `${AGENT_DIRECTORY}/${agentOf(mode)}.js`],
      env: this.environment(),
      ports: [{ name: 'dist', containerPort: port, protocol: 'TCP' }],
      resources: {
        requests: { cpu: '500m', memory: '3G', 'ephemeral-storage': '100Mi' },
        limits: { cpu: '2', memory: '3G' },
      },
      // The build writes below /usr and /opt of WEKA's image, as root; it needs no capability and no new privilege.
      securityContext: { privileged: false, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      terminationMessagePolicy: 'File',
      volumeMounts: this.mounts(),
    };
  }

  private environment(): { name: string; value: string }[] {
    const { mode, port, agentPort, uid, uploadResultsTo, instructions, preRunScript } = this.props;
    const values: Record<string, string | undefined> = {
      MODE: mode,
      PORT: String(port),
      AGENT_PORT: String(agentPort),
      WEKA_CONTAINER_ID: uid,
      UPLOAD_RESULTS_TO: uploadResultsTo,
      INSTRUCTIONS: instructions === undefined ? undefined : JSON.stringify(instructions),
      PRE_RUN_SCRIPT: preRunScript === undefined ? undefined : Buffer.from(preRunScript, 'utf8').toString('base64'),
    };
    return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
  }

  private volumes(): Record<string, unknown>[] {
    const agent = { name: 'agent', emptyDir: {} };
    return isOneOff(this.props.mode)
      ? [agent, hostPath('modules', '/lib/modules', 'Directory'), hostPath('sources', '/usr/src', 'Directory')]
      : [agent, hostPath('packages', `${WEKA_DIRECTORY}/containers/${this.props.uid}`, 'DirectoryOrCreate')];
  }

  private mounts(): Record<string, unknown>[] {
    const agent = { name: 'agent', mountPath: AGENT_DIRECTORY, readOnly: true };
    return isOneOff(this.props.mode)
      ? [
          agent,
          { name: 'modules', mountPath: '/lib/modules', readOnly: true },
          { name: 'sources', mountPath: '/usr/src', readOnly: true },
        ]
      : [agent, { name: 'packages', mountPath: '/var/lib/weka-drivers' }];
  }
}

const hostPath = (name: string, path: string, type: string): Record<string, unknown> => ({
  name,
  hostPath: { path, type },
});

const exists = (key: string, effect: string): Toleration => ({ key, operator: 'Exists', effect });

/** Trouble on a node must not drive the containers away that repair it. */
const standingTolerations: readonly Toleration[] = [
  exists('weka.io/shutdown-node', 'NoExecute'),
  ...['not-ready', 'unreachable', 'network-unavailable', 'unschedulable'].map((name) =>
    exists(`node.kubernetes.io/${name}`, 'NoExecute'),
  ),
  ...['disk-pressure', 'cpu-pressure', 'memory-pressure'].flatMap((name) =>
    ['NoSchedule', 'NoExecute'].map((effect) => exists(`node.kubernetes.io/${name}`, effect)),
  ),
];
