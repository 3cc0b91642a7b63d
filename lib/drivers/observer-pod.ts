import { ACCESS_MOUNTS, ACCESS_VOLUMES, accessEnvironment } from './agent-access';

/**
 * What the Pod of a node's observer is made of. It only reads: no capability, not root, no PID namespace of the node, no
 * token that the API server accepts. The agent reads the same paths (agents/node/main.ts), the DaemonSet is made of them.
 */

/** Role of the observer's Pod among the children of its owner: what its label `weka.io/child-role` says. */
export const OBSERVER_ROLE = 'observer';
/** Name of its one container. */
export const OBSERVER_CONTAINER = 'observe';

/** Where the parts of the node that are looked at lie in the container, all of them read-only. */
export const HOST_PATH = {
  /** sysfs with what is mounted below it: securityfs and efivarfs, which a container's own /sys lacks. */
  sys: '/host/sys',
  modules: '/host/lib/modules',
  /** Whole, because every node has it: /usr/src, which headers are linked to, is missing on some. */
  usr: '/host/usr',
  /** Mounts as the node's first process sees them. This one file instead of the PIDs of the whole node. */
  mountinfo: '/host/mountinfo',
} as const;

/** Whole command, argument by argument. */
export const OBSERVER_COMMAND = ['node', '/opt/weka-operator/agents/node.js'] as const;

/** Fields of the Pod's spec. */
export const OBSERVER_POD = {
  hostPID: false,
  hostNetwork: false,
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  terminationGracePeriodSeconds: 5,
} as const;

/**
 * Of the container. `spc_t` counts where SELinux is on: container_t may not read the mounts of another process, nor
 * securityfs. It lifts no other limit; elsewhere it is ignored.
 */
export const OBSERVER_SECURITY_CONTEXT = {
  privileged: false,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  // One user for the whole Pod: the kubelet then gives it, and nobody else, the token file.
  runAsUser: 65532,
  runAsGroup: 65532,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
  seLinuxOptions: { type: 'spc_t' },
} as const;

export const OBSERVER_RESOURCES = { requests: { cpu: '5m', memory: '48Mi' }, limits: { memory: '128Mi' } } as const;

type Named = Readonly<Record<string, unknown>> & { readonly name: string };

const hostPath = (name: string, path: string, type: string): Named => ({ name, hostPath: { path, type } });
const mount = (name: string, mountPath: string): Named => ({ name, mountPath, readOnly: true });

export const OBSERVER_VOLUMES: readonly Named[] = [
  ...ACCESS_VOLUMES,
  hostPath('sys', '/sys', 'Directory'),
  hostPath('modules', '/lib/modules', 'Directory'),
  hostPath('usr', '/usr', 'Directory'),
  hostPath('mountinfo', '/proc/1/mountinfo', 'File'),
];

export const OBSERVER_MOUNTS: readonly Named[] = [
  ...ACCESS_MOUNTS,
  mount('sys', HOST_PATH.sys),
  mount('modules', HOST_PATH.modules),
  mount('usr', HOST_PATH.usr),
  mount('mountinfo', HOST_PATH.mountinfo),
];

/** What the container is told; `url`: where the gateway is. */
export const observerEnvironment = (url: string): readonly Named[] => [
  ...accessEnvironment(url),
  { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
];
