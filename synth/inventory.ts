/**
 * The list of children that can't carry an owner reference to their parent: cluster-scoped ones and those in another
 * namespace. It is written down before the first of them is made (old ∪ new), so that a crash leaves nothing that
 * nobody remembers; stored in ConfigMaps that stay below the API server's limit of 1 MiB.
 */
import type { JsonObject, JsonValue } from '../lib/base/json';
import { isJsonObject } from '../lib/base/json';
import { canonicalJson } from './canonical-json';
import type { InventoryEntry } from './child';
import { compareRefs } from './kind-order';

/** Bytes of entries in one ConfigMap: room is left below 1 MiB for metadata and managedFields. */
export const SHARD_BYTES = 768 * 1024;
const DATA_KEY = 'entries';

/** Which child of the parent an entry is: identity and object. Two entries of one key are about the same child. */
export const entryKey = ({ role, slot, ref }: InventoryEntry): string =>
  canonicalJson([role, slot, ref.apiVersion, ref.kind, ref.namespace ?? '', ref.name]);

const compareEntries = (a: InventoryEntry, b: InventoryEntry): number =>
  compareRefs(a.ref, b.ref) || (entryKey(a) < entryKey(b) ? -1 : entryKey(a) > entryKey(b) ? 1 : 0);

/** Entries of both, sorted; a UID once seen is kept, that of `b` wins. */
export const unionInventory = (a: readonly InventoryEntry[], b: readonly InventoryEntry[]): InventoryEntry[] => {
  const all = new Map<string, InventoryEntry>();
  for (const entry of [...a, ...b]) {
    const uid = entry.uid ?? all.get(entryKey(entry))?.uid;
    all.set(entryKey(entry), {
      role: entry.role,
      slot: entry.slot,
      ref: entry.ref,
      ...(uid === undefined ? {} : { uid }),
    });
  }
  return [...all.values()].sort(compareEntries);
};

/** Whether both list the same children with the same UIDs. */
export const sameInventory = (a: readonly InventoryEntry[], b: readonly InventoryEntry[]): boolean => {
  const text = (entries: readonly InventoryEntry[]) =>
    canonicalJson(unionInventory(entries, []) as unknown as JsonValue);
  return text(a) === text(b);
};

const encodeEntry = (entry: InventoryEntry): string => canonicalJson(entry as unknown as JsonValue);

/** The `data` of each ConfigMap needed, in order; one (empty) even for no entries. Each holds one JSON line an entry. */
export const encodeInventory = (
  entries: readonly InventoryEntry[],
  shardBytes: number = SHARD_BYTES,
): Record<string, string>[] => {
  const shards: string[][] = [[]];
  let size = 0;
  for (const line of unionInventory(entries, []).map(encodeEntry)) {
    const bytes = Buffer.byteLength(line) + 1;
    if (size > 0 && size + bytes > shardBytes) {
      shards.push([]);
      size = 0;
    }
    shards.at(-1)?.push(line);
    size += bytes;
  }
  return shards.map((lines) => ({ [DATA_KEY]: lines.join('\n') }));
};

const isEntry = (value: JsonValue): boolean =>
  isJsonObject(value) &&
  typeof value['role'] === 'string' &&
  typeof value['slot'] === 'string' &&
  isJsonObject(value['ref']) &&
  typeof value['ref']['name'] === 'string';

/** Reads the ConfigMaps' `data` back. Throws SyntaxError for a line that is no entry: forgetting one would leave its object behind. */
export const decodeInventory = (shards: readonly Readonly<Record<string, string>>[]): InventoryEntry[] => {
  const entries = shards.flatMap((data) => (data[DATA_KEY] ?? '').split('\n').filter((line) => line !== ''));
  return unionInventory(
    entries.map((line) => {
      const entry = JSON.parse(line) as JsonObject;
      if (!isEntry(entry)) throw new SyntaxError(`not an inventory entry: ${line.slice(0, 80)}`);
      return entry as unknown as InventoryEntry;
    }),
    [],
  );
};
