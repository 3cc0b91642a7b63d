import type { LiveObject, Manifest, ObjectRef } from '../../lib/base/kube-object';
import { refString } from '../../lib/base/kube-object';
import { FIELD_MANAGER, LABEL } from '../../lib/base/names';
import type { InventoryEntry, Parent } from '../../synth/child';
import { decodeInventory, encodeInventory, sameInventory, SHARD_BYTES } from '../../synth/inventory';
import type { ClusterClient } from '../kube/cluster-client';
import type { InventoryStore } from './inventory-store';

interface Stored {
  readonly entries: readonly InventoryEntry[];
  /** ConfigMaps in use, in order. */
  readonly shards: readonly LiveObject[];
}

type Data = Readonly<Record<string, string>>;

/**
 * Inventories as ConfigMaps `weka-inventory-<owner UID>-<number>` in the operator's namespace. Kept in memory once read:
 * the leader alone writes them.
 */
export class ConfigMapInventory implements InventoryStore {
  private readonly stored = new Map<string, Stored>();

  constructor(
    private readonly client: ClusterClient,
    private readonly namespace: string,
    private readonly shardBytes = SHARD_BYTES,
  ) {}

  async load(parent: Parent, signal?: AbortSignal): Promise<readonly InventoryEntry[]> {
    return (await this.read(parent, signal)).entries;
  }

  async save(parent: Parent, entries: readonly InventoryEntry[], signal?: AbortSignal): Promise<void> {
    const old = await this.read(parent, signal);
    const wanted = entries.length === 0 ? [] : encodeInventory(entries, this.shardBytes);
    if (wanted.length === old.shards.length && sameInventory(entries, old.entries)) return;
    // What is in memory may be wrong as soon as the first write is under way.
    this.stored.delete(parent.uid);
    const call = signal === undefined ? {} : { signal };
    const shards: LiveObject[] = [];
    // A crash between two of these leaves shards of both states: every entry is in one of them, some in two.
    for (const [index, data] of wanted.entries()) {
      shards.push(
        await this.client.apply(this.manifest(parent, index, data), {
          fieldManager: FIELD_MANAGER,
          force: true,
          ...call,
        }),
      );
    }
    // Surplus shards go last: a crash before leaves entries of children that are gone, which are found gone and dropped.
    for (const shard of old.shards.slice(wanted.length)) {
      await this.client.delete(this.ref(shard.metadata.name), {
        uid: shard.metadata.uid,
        propagation: 'Background',
        ...call,
      });
    }
    this.stored.set(parent.uid, { entries, shards });
  }

  forget(parent?: Parent): void {
    if (parent === undefined) this.stored.clear();
    else this.stored.delete(parent.uid);
  }

  private async read(parent: Parent, signal?: AbortSignal): Promise<Stored> {
    const known = this.stored.get(parent.uid);
    if (known !== undefined) return known;
    const shards: LiveObject[] = [];
    for (let index = 0; ; index += 1) {
      const shard = await this.client.get(this.ref(nameOf(parent, index)), signal === undefined ? {} : { signal });
      if (shard === undefined) break;
      shards.push(shard);
    }
    const stored = { entries: decodeInventory(shards.map(dataOf)), shards };
    this.stored.set(parent.uid, stored);
    return stored;
  }

  private ref(name: string): ObjectRef {
    return { apiVersion: 'v1', kind: 'ConfigMap', namespace: this.namespace, name };
  }

  private manifest(parent: Parent, index: number, data: Data): Manifest {
    const { apiVersion, kind } = this.ref('');
    return {
      apiVersion,
      kind,
      metadata: {
        name: nameOf(parent, index),
        namespace: this.namespace,
        labels: { [LABEL.managedBy]: FIELD_MANAGER },
        annotations: { 'weka.io/inventory-of': refString(parent.ref) },
      },
      data,
    };
  }
}

const nameOf = (parent: Parent, index: number): string => `weka-inventory-${parent.uid}-${index}`;

const dataOf = (shard: LiveObject): Data => (shard['data'] ?? {}) as Data;
