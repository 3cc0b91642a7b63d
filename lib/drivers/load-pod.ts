import { INDEX_SHARDS } from './package-index';

/**
 * What the Pod of a drivers loader is made of: which privilege it needs and why, what is mounted where, and what its two
 * containers are told. The agent reads the same names (agents/drivers-loader/settings.ts), the DaemonSet is made of them.
 *
 * `load` is the init container: one attempt, exit code 0, a LoadResult in its termination message.
 * `watch` is the main container: it looks whether the modules stay loaded, and is ready while they are.
 */

/** Paths inside of the loader's containers. */
export const LOADER_PATH = {
  agent: '/opt/weka-operator/agents/drivers-loader.js',
  /** One sub-directory a shard of the package index: `0`, `1`, … */
  index: '/etc/weka-operator/index',
  ca: '/etc/weka-operator/ca',
  caFile: '/etc/weka-operator/ca/ca.crt',
  /** On the node at the same path: packages outlive the Pod, and a reboot needs nobody. */
  cache: '/opt/k8s-weka/drivers',
  /** Where `load` leaves its result for `watch`, and `watch` the file that readiness is. */
  state: '/run/weka-drivers',
  loadedFile: '/run/weka-drivers/loaded',
  /** sysfs of the node with what is mounted below it (securityfs, efivarfs), which a container's own /sys lacks. */
  hostSys: '/host/sys',
  modules: '/lib/modules',
  terminationLog: '/dev/termination-log',
} as const;

/** Names of the two containers. */
export const LOADER_CONTAINER = { load: 'load', watch: 'watch' } as const;

/** Whole commands, argument by argument. */
export const LOADER_COMMAND = {
  load: ['node', LOADER_PATH.agent, 'load'],
  watch: ['node', LOADER_PATH.agent, 'watch'],
} as const;

/** Fields of the Pod's spec. The processes that hold a module are the node's, so their PIDs are needed to name them. */
export const LOADER_POD = {
  hostPID: true,
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  /** Of `watch`, which ends at once. `load` is given this long to finish what it began in the kernel. */
  terminationGracePeriodSeconds: 30,
} as const;

/**
 * Of the init container. Whoever may load a module may do everything in the kernel; the other two capabilities only read.
 * - SYS_MODULE: insmod, rmmod, modprobe.
 * - SYS_PTRACE: to see which processes hold a device of the driver open (/proc/PID/fd of processes with other
 *   capabilities). Without it, or under an AppArmor profile that forbids it, they are left unnamed.
 * - SYSLOG: to quote the kernel's own words when it refuses a module.
 * `spc_t` counts where SELinux is on: container_t may not load modules. Elsewhere it is ignored.
 */
export const LOAD_SECURITY_CONTEXT = {
  privileged: false,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsUser: 0,
  capabilities: { drop: ['ALL'], add: ['SYS_MODULE', 'SYS_PTRACE', 'SYSLOG'] },
  seccompProfile: { type: 'RuntimeDefault' },
  seLinuxOptions: { type: 'spc_t' },
} as const;

/** Of the main container: it reads two files of sysfs every few seconds. */
export const WATCH_SECURITY_CONTEXT = {
  privileged: false,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: 65532,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

export const LOAD_RESOURCES = { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '512Mi' } } as const;
export const WATCH_RESOURCES = { requests: { cpu: '5m', memory: '48Mi' }, limits: { memory: '128Mi' } } as const;

/** Ready while the driver that the Pod is for is loaded. */
export const WATCH_READINESS = {
  exec: { command: ['cat', LOADER_PATH.loadedFile] },
  periodSeconds: 5,
  failureThreshold: 1,
} as const;

const shards = Array.from({ length: INDEX_SHARDS }, (_, shard) => shard);

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: true;
}

export const LOAD_MOUNTS: readonly Mount[] = [
  { name: 'cache', mountPath: LOADER_PATH.cache },
  { name: 'state', mountPath: LOADER_PATH.state },
  { name: 'ca', mountPath: LOADER_PATH.ca, readOnly: true },
  { name: 'modules', mountPath: LOADER_PATH.modules, readOnly: true },
  { name: 'sys', mountPath: LOADER_PATH.hostSys, readOnly: true },
  ...shards.map((shard): Mount => ({
    name: `index-${shard}`,
    mountPath: `${LOADER_PATH.index}/${shard}`,
    readOnly: true,
  })),
];

export const WATCH_MOUNTS: readonly Mount[] = [{ name: 'state', mountPath: LOADER_PATH.state }];

type Volume = Readonly<Record<string, unknown>> & { readonly name: string };

const hostPath = (name: string, path: string, type: string): Volume => ({ name, hostPath: { path, type } });

/**
 * Volumes of the Pod. `indexName(shard)` and `caName` are ConfigMaps of its namespace; shards may be missing: what they
 * would hold is then not indexed.
 */
export const loaderVolumes = (indexName: (shard: number) => string, caName: string): readonly Volume[] => [
  hostPath('cache', LOADER_PATH.cache, 'DirectoryOrCreate'),
  // In memory: what was true of one boot is gone with it.
  { name: 'state', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
  { name: 'ca', configMap: { name: caName } },
  hostPath('modules', LOADER_PATH.modules, 'Directory'),
  hostPath('sys', '/sys', 'Directory'),
  ...shards.map((shard): Volume => ({
    name: `index-${shard}`,
    configMap: { name: indexName(shard), optional: true },
  })),
];

/** What the loader is told beyond its node's name. */
export interface LoaderOrder {
  readonly wekaVersion: string;
  /** `https://host:port` of the distribution service. */
  readonly distUrl: string;
  /** Bound of the random delay before a download. @default 10 */
  readonly jitterSeconds?: number;
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
}

const nodeName: Variable = { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } };
const state: Variable = { name: 'STATE_DIRECTORY', value: LOADER_PATH.state };

/** Environment of the init container. */
export const loadEnvironment = ({ wekaVersion, distUrl, jitterSeconds }: LoaderOrder): readonly Variable[] => [
  nodeName,
  state,
  { name: 'WEKA_VERSION', value: wekaVersion },
  { name: 'DIST_URL', value: distUrl },
  { name: 'CA_FILE', value: LOADER_PATH.caFile },
  { name: 'INDEX_DIRECTORY', value: LOADER_PATH.index },
  { name: 'CACHE_DIRECTORY', value: LOADER_PATH.cache },
  { name: 'SYS_DIRECTORY', value: LOADER_PATH.hostSys },
  { name: 'TERMINATION_LOG', value: LOADER_PATH.terminationLog },
  ...(jitterSeconds === undefined ? [] : [{ name: 'JITTER_SECONDS', value: String(jitterSeconds) }]),
];

/** Environment of the main container. */
export const WATCH_ENVIRONMENT: readonly Variable[] = [nodeName, state];
