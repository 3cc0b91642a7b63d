import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Coordinates } from '../coordinates';
import type { Machine } from './machine';
import type { Names, ServiceObject } from './names';
import { NodeApi } from './node-api';
import type { Image, PodObject } from './pod-spec';
import { PodWorker } from './pod-worker';

export interface KubeletOptions {
  readonly coordinates: Coordinates;
  /** Of the node. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly machine: Machine;
  /** Addresses of the node and its Pods begin with this: `127.20.1`. */
  readonly network: string;
  readonly images: ReadonlyMap<string, Image>;
  readonly names: Names;
  /** For what is no part of the machine: Pods' own volumes, containers, logs. */
  readonly directory: string;
}

const LEASE_MS = 10_000;
const CAPACITY = { cpu: '16', memory: '64Gi', pods: '110', 'ephemeral-storage': '500Gi' };

/**
 * A stand-in for the kubelet of one node: it registers the node and keeps its Lease, and runs the Pods that are bound to it as
 * processes of this machine, with the rights that the API server gives to kubelets. Containers have a file system
 * of their own, no network of their own; users, limits and liveness are not looked at, and tokens are not renewed.
 */
export class Kubelet {
  private readonly api: NodeApi;
  private readonly workers = new Map<string, PodWorker>();
  private readonly stopping = new AbortController();
  private readonly tasks: Promise<void>[] = [];
  private lastAddress = 1;

  private constructor(private readonly options: KubeletOptions) {
    this.api = new NodeApi(options.coordinates, options.name);
    options.names.add(() => this.workers.values());
  }

  static async start(options: KubeletOptions): Promise<Kubelet> {
    const kubelet = new Kubelet(options);
    await mkdir(options.directory, { recursive: true });
    await kubelet.register();
    const { signal } = kubelet.stopping;
    const pods = `/api/v1/pods?fieldSelector=spec.nodeName%3D${options.name}`;
    kubelet.tasks.push(
      kubelet.keepLease(),
      kubelet.api.follow<PodObject>(
        pods,
        { here: (pod) => kubelet.take(pod), gone: (pod) => kubelet.drop(pod) },
        signal,
      ),
    );
    return kubelet;
  }

  /** Tells `names` of all Services: one node does it for all. */
  followServices(): void {
    const { names } = this.options;
    this.tasks.push(this.api.follow<ServiceObject>('/api/v1/services', names.follower, this.stopping.signal));
  }

  get name(): string {
    return this.options.name;
  }

  get machine(): Machine {
    return this.options.machine;
  }

  /** The Pod of that name on this node; `undefined`: it is not here. */
  pod(name: string): PodWorker | undefined {
    return [...this.workers.values()].find((worker) => worker.name === name);
  }

  /** Switches the node off. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([...this.workers.values()].map((worker) => worker.halt()));
    await Promise.all(this.tasks);
  }

  private take(pod: PodObject): void {
    const { uid, deletionTimestamp } = pod.metadata;
    const known = this.workers.get(uid);
    if (known !== undefined) return known.update(pod);
    if (['Succeeded', 'Failed'].includes(pod.status?.phase ?? '')) return;
    const { machine, network, images, names, directory } = this.options;
    const worker = new PodWorker(pod, {
      ...{ api: this.api, root: machine.root, images, names: names.directory },
      hostIP: `${network}.1`,
      podIP: `${network}.${(this.lastAddress += 1)}`,
      directory: join(directory, `${pod.metadata.name}-${uid.slice(0, 8)}`),
      changed: () => names.write(),
    });
    this.workers.set(uid, worker);
    if (deletionTimestamp !== undefined) worker.update(pod);
  }

  private drop(pod: PodObject): void {
    const worker = this.workers.get(pod.metadata.uid);
    this.workers.delete(pod.metadata.uid);
    this.options.names.write();
    if (worker !== undefined) this.tasks.push(worker.halt());
  }

  private async register(): Promise<void> {
    const { name, labels, machine, network } = this.options;
    const standing = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' };
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { ...standing, ...labels } } };
    await this.api.call('POST', '/api/v1/nodes', node);
    const at = new Date().toISOString();
    const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'a stand-in is ready' };
    const status = {
      capacity: CAPACITY,
      allocatable: CAPACITY,
      addresses: [
        { type: 'InternalIP', address: `${network}.1` },
        { type: 'Hostname', address: name },
      ],
      conditions: [{ ...ready, lastHeartbeatTime: at, lastTransitionTime: at }],
      nodeInfo: {
        ...{ kernelVersion: machine.release, bootID: machine.bootID, architecture: 'amd64', operatingSystem: 'linux' },
        ...{ osImage: 'Debian GNU/Linux 12 (bookworm)', containerRuntimeVersion: 'stand-in://1', machineID: name },
        ...{ kubeletVersion: 'v1.34.0', kubeProxyVersion: '', systemUUID: name },
      },
    };
    await this.api.call('PATCH', `/api/v1/nodes/${name}/status`, { status }, 'application/strategic-merge-patch+json');
  }

  /** Without it the node would be called NotReady after 50 s. */
  private async keepLease(): Promise<void> {
    const { name } = this.options;
    const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const renewTime = new Date().toISOString().replace('Z', '000Z');
      const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime };
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec };
      await this.api
        .call('PATCH', `${leases}/${name}`, { spec }, 'application/merge-patch+json')
        .catch(() => this.api.call('POST', leases, lease))
        .catch(() => undefined);
      await wait(LEASE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
