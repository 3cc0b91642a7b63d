import type { JsonObject } from '../lib/base/json';
import type { KubeObject } from '../lib/base/kube-object';
import type { PlannedNode } from './node-list';

/** Of a node in the short form that doesn't say: a common server. */
const ALLOCATABLE = { cpu: '32', memory: '128Gi', pods: '110' };

/** The Node object of a planned node: the one given, or what the short form stands for, with the labels that a kubelet sets. */
export const nodeObject = (node: PlannedNode): KubeObject => {
  if (node.object !== undefined) return node.object as unknown as KubeObject;
  const { name, labels, kernel, architecture, osImage, unschedulable, taints, allocatable } = node;
  const set = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': architecture };
  const resources = { ...ALLOCATABLE, ...allocatable };
  const spec: JsonObject = {
    ...(unschedulable ? { unschedulable } : {}),
    ...(taints.length > 0 ? { taints: [...taints] } : {}),
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { ...set, ...labels } },
    spec,
    status: {
      allocatable: resources,
      capacity: resources,
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: { kernelVersion: kernel, architecture, osImage, operatingSystem: 'linux' },
    },
  };
};
