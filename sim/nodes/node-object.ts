/** The Node object of a simulated machine. Pure. */
import type { JsonObject } from '../../lib/base/json';
import type { Manifest } from '../../lib/base/kube-object';

export interface NodeSpec {
  readonly name: string;
  /** Kernel release. Default `6.1.0-18-amd64`. */
  readonly kernel?: string;
  /** As in status.nodeInfo. Default `amd64`. */
  readonly architecture?: 'amd64' | 'arm64';
  readonly osImage?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  /** Over the default of 16 cpu, 64Gi memory, 110 pods. Hugepages and extended resources come here. */
  readonly capacity?: Readonly<Record<string, string>>;
  /** Default: drawn from the seed. */
  readonly bootID?: string;
}

/** Identity of a machine that its Node object shows. */
export interface MachineIds {
  readonly machineID: string;
  readonly bootID: string;
  readonly address: string;
}

export const nodeInfo = (spec: NodeSpec, ids: MachineIds): JsonObject => ({
  machineID: ids.machineID.replaceAll('-', ''),
  systemUUID: ids.machineID,
  bootID: ids.bootID,
  kernelVersion: spec.kernel ?? '6.1.0-18-amd64',
  osImage: spec.osImage ?? 'Debian GNU/Linux 12 (bookworm)',
  containerRuntimeVersion: 'containerd://2.0.0',
  kubeletVersion: 'v1.34.0',
  kubeProxyVersion: '',
  operatingSystem: 'linux',
  architecture: spec.architecture ?? 'amd64',
});

/** The Ready condition of a kubelet that reports. */
export const READY = {
  type: 'Ready',
  status: 'True',
  reason: 'KubeletReady',
  message: 'kubelet is posting ready status',
};
/** What the control plane writes when a kubelet has been silent for long. */
export const SILENT = {
  type: 'Ready',
  status: 'Unknown',
  reason: 'NodeStatusUnknown',
  message: 'Kubelet stopped posting node status.',
};

export const nodeManifest = (spec: NodeSpec, ids: MachineIds, time: string): Manifest => {
  const architecture = spec.architecture ?? 'amd64';
  const resources = { cpu: '16', memory: '64Gi', 'ephemeral-storage': '100Gi', pods: '110', ...spec.capacity };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: spec.name,
      labels: {
        'kubernetes.io/hostname': spec.name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': architecture,
        ...spec.labels,
      },
    },
    spec: spec.taints === undefined ? {} : { taints: spec.taints.map((taint): JsonObject => ({ ...taint })) },
    status: {
      capacity: resources,
      allocatable: resources,
      addresses: [
        { type: 'InternalIP', address: ids.address },
        { type: 'Hostname', address: spec.name },
      ],
      conditions: [{ ...READY, lastTransitionTime: time, lastHeartbeatTime: time }],
      nodeInfo: nodeInfo(spec, ids),
    },
  };
};
