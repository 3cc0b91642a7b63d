import type { LiveObject, Manifest, ObjectRef } from '../../lib/base/kube-object';
import { refString } from '../../lib/base/kube-object';
import { FIELD_MANAGER, LABEL } from '../../lib/base/names';
import { canonicalJson } from '../../synth/canonical-json';
import type { InventoryEntry, Parent } from '../../synth/child';
import type { ClusterClient } from '../kube/cluster-client';
import type { InventoryStore } from './inventory-store';

/** Entries are spread over ConfigMaps of at most this many characters: an object must stay below 1 MiB. */
const SHARD_CHARACTERS = 500_000;
const KEY = 'entries';

interface Stored {
  readonly entries: readonly InventoryEntry[];
  readonly text: string;
  /** ConfigMaps in use, in order. */
  readonly shards: readonly LiveObject[];
}

/** `entries` as texts of at most `limit` characters each (one entry may be longer), each a JSON list. Pure. */
export const shardsOf = (entries: readonly InventoryEntry[], limit = SHARD_CHARACTERS): readonly string[] => {
  const shards: string[][] = [];
  let length = Infinity;
  for (const entry of entries) {
    const text = canonicalJson({ ...entry, ref: { ...entry.ref } });
    if (length + text.length > limit) {
      shards.push([]);
      length = 0;
    }
    shards[shards.length - 1]?.push(text);
    length += text.length + 1;
  }
  return shards.map((texts) => `[${texts.join(',')}]`);
};

/**
 * Inventories as ConfigMaps `weka-inventory-<owner UID>-<number>` in the operator's namespace. Kept in memory once read:
 * the leader alone writes them.
 */
export class ConfigMapInventory implements InventoryStore {
  private readonly stored = new Map<string, Stored>();

  constructor(
    private readonly client: ClusterClient,
    private readonly namespace: string,
    private readonly limit = SHARD_CHARACTERS,
  ) {}

  async load(parent: Parent, signal?: AbortSignal): Promise<readonly InventoryEntry[]> {
    return (await this.read(parent, signal)).entries;
  }

  async save(parent: Parent, entries: readonly InventoryEntry[], signal?: AbortSignal): Promise<void> {
    const old = await this.read(parent, signal);
    const texts = shardsOf(entries, this.limit);
    if (texts.join('\n') === old.text) return;
    // What is in memory may be wrong as soon as the first write is under way.
    this.stored.delete(parent.uid);
    const call = signal === undefined ? {} : { signal };
    const shards: LiveObject[] = [];
    // A crash between two of these leaves shards of both states: every entry is in one of them, some in two.
    for (const [index, text] of texts.entries()) {
      shards.push(
        await this.client.apply(this.manifest(parent, index, text), {
          fieldManager: FIELD_MANAGER,
          force: true,
          ...call,
        }),
      );
    }
    // Surplus shards go last: a crash before leaves entries of children that are gone, which are found gone and dropped.
    for (const shard of old.shards.slice(texts.length)) {
      await this.client.delete(this.ref(shard.metadata.name), {
        uid: shard.metadata.uid,
        propagation: 'Background',
        ...call,
      });
    }
    this.stored.set(parent.uid, { entries, text: texts.join('\n'), shards });
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
    const texts = shards.map(textOf);
    const entries = unique(texts.flatMap((text) => JSON.parse(text) as InventoryEntry[]));
    const stored = { entries, text: texts.join('\n'), shards };
    this.stored.set(parent.uid, stored);
    return stored;
  }

  private ref(name: string): ObjectRef {
    return { apiVersion: 'v1', kind: 'ConfigMap', namespace: this.namespace, name };
  }

  private manifest(parent: Parent, index: number, text: string): Manifest {
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
      data: { [KEY]: text },
    };
  }
}

const nameOf = (parent: Parent, index: number): string => `weka-inventory-${parent.uid}-${index}`;

const textOf = (shard: LiveObject): string => {
  const data = shard['data'] as Readonly<Record<string, string>> | undefined;
  return data?.[KEY] ?? '[]';
};

/** An entry that a crash left in two shards counts once: the later one, which may know its UID. */
const unique = (entries: readonly InventoryEntry[]): readonly InventoryEntry[] => [
  ...new Map(entries.map((entry) => [`${refString(entry.ref)} ${entry.ref.apiVersion}`, entry])).values(),
];
