import type { JsonObject } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import type { Store, StoreEvent } from '../api/store';
import { textOf } from '../text';
import type { MachineInfo, MachineTraits } from './machine';
import { Machine } from './machine';

const NODE = { apiVersion: 'v1', kind: 'Node' };

const infoOf = (node: LiveObject): JsonObject => (isJsonObject(node.status?.nodeInfo) ? node.status.nodeInfo : {});

const machineInfo = (info: JsonObject): MachineInfo => ({
  bootID: textOf(info.bootID),
  kernel: textOf(info.kernelVersion),
  architecture: textOf(info.architecture),
});

/** The machines behind the Nodes of a cluster: one that boots is empty, one that is replaced has another disk. */
export class Machines {
  private readonly machines = new Map<string, { readonly id: string; readonly machine: Machine }>();

  /** `traits`: by name of the Node; what is not there is ordinary. */
  constructor(private readonly traits: Readonly<Record<string, MachineTraits>> = {}) {}

  /** Follows the Nodes of a store from now on. */
  follow(store: Store): void {
    for (const node of store.list(NODE)) this.see(node);
    store.subscribe((event) => this.take(event), NODE);
  }

  /** The machine of a Node; throws RangeError when there is none. */
  get(name: string): Machine {
    const found = this.machines.get(name);
    if (found === undefined) throw new RangeError(`no simulated machine is called ${name}`);
    return found.machine;
  }

  /** Those that ever were part of the cluster. */
  all(): readonly Machine[] {
    return [...this.machines.values()].map(({ machine }) => machine);
  }

  private take({ type, object }: StoreEvent): void {
    if (type !== 'DELETED') this.see(object);
  }

  private see(node: LiveObject): void {
    const { name } = node.metadata;
    const info = infoOf(node);
    const id = textOf(info.machineID);
    const known = this.machines.get(name);
    const next = machineInfo(info);
    if (known?.id !== id) this.machines.set(name, { id, machine: new Machine(name, next, this.traits[name] ?? {}) });
    else if (known.machine.info.bootID !== next.bootID) known.machine.boot(next);
  }
}
