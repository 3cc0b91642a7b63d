/** The simulated machines of a cluster: added, removed, switched off, rebooted. */
import type { Random } from '../controllers/runtime/random';
import type { JsonObject } from '../lib/base/json';
import type { LiveObject } from '../lib/base/kube-object';
import type { Indexes } from './api/indexes';
import type { ApiServer } from './api/server';
import { setCondition } from './control-plane/conditions';
import type { PodBehaviour } from './nodes/behaviour';
import { Kubelet } from './nodes/kubelet';
import type { MachineIds, NodeSpec } from './nodes/node-object';
import { nodeInfo, nodeManifest, READY, SILENT } from './nodes/node-object';
import { forkRandom, randomUid } from './random';

const NODE = { apiVersion: 'v1', kind: 'Node' };
const LIFECYCLE_USER = 'system:serviceaccount:kube-system:node-controller';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
/** After this silence the control plane calls a node's state unknown. */
const SILENCE_MS = 40_000;

interface Machine {
  spec: NodeSpec;
  ids: MachineIds;
  readonly kubelet: Kubelet;
  /** Ends the wait for the verdict that it is silent. */
  cancelSilence: (() => void) | undefined;
}

export interface NodesOptions {
  readonly server: ApiServer;
  readonly indexes: Indexes;
  readonly seed: number;
  readonly behaviour: PodBehaviour;
  /** Virtual milliseconds that containers take to stop. */
  readonly stopMs: number;
}

export class SimNodes {
  private readonly machines = new Map<string, Machine>();
  private readonly random: Random;
  private count = 0;

  constructor(private readonly options: NodesOptions) {
    this.random = forkRandom(options.seed, 'nodes');
    options.server.core.store.subscribe(
      ({ type, object }) => {
        const name = object.spec?.nodeName;
        if (typeof name === 'string') this.machines.get(name)?.kubelet.notice(object, type === 'DELETED');
      },
      { apiVersion: 'v1', kind: 'Pod' },
    );
  }

  /** A machine joins the cluster. */
  add(spec: NodeSpec): LiveObject {
    const index = ++this.count;
    const ids = {
      machineID: randomUid(this.random),
      bootID: spec.bootID ?? randomUid(this.random),
      address: `192.168.${index >> 8}.${index & 255}`,
    };
    const { server, indexes, behaviour, stopMs, seed } = this.options;
    const kubelet = new Kubelet({
      node: spec.name,
      address: ids.address,
      podSubnet: `10.${244 + (index >> 8)}.${index & 255}`,
      server,
      indexes,
      random: forkRandom(seed, `kubelet ${spec.name}`),
      behaviour,
      stopMs,
    });
    const machine = { spec, ids, kubelet, cancelSilence: undefined };
    this.machines.set(spec.name, machine);
    const node = this.register(machine);
    // Pods that were bound to an earlier machine of this name are now its own to run, or to end.
    kubelet.comeBack();
    return node;
  }

  /** The machine leaves and its Node object is deleted; its Pods stay until the control plane removes them. */
  remove(name: string): void {
    const machine = this.machine(name);
    machine.kubelet.goDown();
    machine.cancelSilence?.();
    this.machines.delete(name);
    this.options.server.delete({ ...NODE, name }, { user: 'cluster-admin', propagation: 'Background' });
  }

  /** The machine falls silent: its Pods stay as they were, and after 40 s the node is unreachable. */
  stop(name: string): void {
    const machine = this.machine(name);
    machine.kubelet.goDown();
    machine.cancelSilence?.();
    machine.cancelSilence = this.options.server.core.clock.after(SILENCE_MS, () => this.declareSilent(name));
  }

  /** The machine boots: a new boot id, and the kernel it is given; a Node object deleted meanwhile is made again. */
  start(name: string, change: { readonly kernel?: string; readonly bootID?: string } = {}): void {
    const machine = this.machine(name);
    machine.cancelSilence?.();
    machine.cancelSilence = undefined;
    machine.ids = { ...machine.ids, bootID: change.bootID ?? randomUid(this.random) };
    if (change.kernel !== undefined) machine.spec = { ...machine.spec, kernel: change.kernel };
    const node = this.options.server.get({ ...NODE, name });
    if (node === undefined) this.register(machine);
    else this.reportBoot(node, machine);
    machine.kubelet.comeBack();
  }

  /** Off, and on again after `downMs` virtual milliseconds (default 20 s). */
  reboot(
    name: string,
    change: { readonly kernel?: string; readonly bootID?: string; readonly downMs?: number } = {},
  ): void {
    const machine = this.machine(name);
    this.stop(name);
    this.options.server.core.clock.after(change.downMs ?? 20_000, () => {
      // It may have left the cluster meanwhile, and another one may have its name.
      if (this.machines.get(name) === machine) this.start(name, change);
    });
  }

  /** A Pod is ended by its kubelet: `Evicted`, `DeadlineExceeded`. Nothing happens to one that no machine runs. */
  failPod(pod: LiveObject, reason: string, message: string): void {
    const name = pod.spec?.nodeName;
    if (typeof name === 'string') this.machines.get(name)?.kubelet.fail(pod.metadata.uid, reason, message);
  }

  /** Whether a machine of that name is part of the cluster. */
  has(name: string): boolean {
    return this.machines.has(name);
  }

  /** What a machine was made of. Throws RangeError when there is none. */
  specOf(name: string): NodeSpec {
    return this.machine(name).spec;
  }

  /** Names of the machines, in the order in which they joined. */
  names(): readonly string[] {
    return [...this.machines.keys()];
  }

  private machine(name: string): Machine {
    const found = this.machines.get(name);
    if (found === undefined) throw new RangeError(`no simulated node is called ${name}`);
    return found;
  }

  private register(machine: Machine): LiveObject {
    const time = this.options.server.core.clock.timestamp();
    const user = `system:node:${machine.spec.name}`;
    return this.options.server.create(nodeManifest(machine.spec, machine.ids, time), { user, manager: 'kubelet' });
  }

  private reportBoot(node: LiveObject, machine: Machine): void {
    const user = `system:node:${node.metadata.name}`;
    const status = {
      ...node.status,
      conditions: setCondition(node.status?.conditions, READY, this.options.server.core.clock.timestamp()),
      nodeInfo: nodeInfo(machine.spec, machine.ids),
    };
    this.options.server.replace(
      { ...node, status },
      { user, manager: 'kubelet', subresource: 'status', trusted: true },
    );
    this.setTaints(node.metadata.name, []);
  }

  private declareSilent(name: string): void {
    const node = this.options.server.get({ ...NODE, name });
    if (node === undefined) return;
    const time = this.options.server.core.clock.timestamp();
    const status = { ...node.status, conditions: setCondition(node.status?.conditions, SILENT, time) };
    this.options.server.replace(
      { ...node, status },
      { user: LIFECYCLE_USER, manager: 'kube-controller-manager', trusted: true, subresource: 'status' },
    );
    this.setTaints(
      name,
      ['NoSchedule', 'NoExecute'].map((effect) => ({ key: UNREACHABLE, effect, timeAdded: time })),
    );
  }

  /** Replaces the taints that the control plane sets; everybody else's stay. */
  private setTaints(name: string, wanted: readonly JsonObject[]): void {
    const node = this.options.server.get({ ...NODE, name });
    if (node === undefined) return;
    const taints = ((node.spec?.taints ?? []) as JsonObject[]).filter((taint) => taint.key !== UNREACHABLE);
    const next = { ...node.spec, taints: [...taints, ...wanted] };
    if (next.taints.length === 0) Reflect.deleteProperty(next, 'taints');
    this.options.server.replace({ ...node, spec: next }, { user: LIFECYCLE_USER, manager: 'kube-controller-manager' });
  }
}
