import type { PackageKey } from './package';
import { isSha256, packageId, packageKeyOf } from './package';
import { isJsonObject } from '../base/json';

/**
 * The package index: which bytes may be loaded into which kernel. The operator writes it, into ConfigMaps of its own
 * namespace; loaders mount it and trust it, not the service that the bytes come from.
 */
export interface IndexEntry extends PackageKey {
  /** Of the archive; no other bytes are ever extracted. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Whose word the digest is: the builder's Pod, the registry, or the first fetch from a service that nobody here runs. */
  readonly source: 'built' | 'registry' | 'pinned';
}

/** ConfigMap data: package id → entry as JSON. */
export type IndexData = Record<string, string>;

/** Bytes of one ConfigMap that are used: below etcd's and the API server's 1 MiB with room for metadata. */
const SHARD_BYTES = 800_000;
/** Shards of one WEKA version that a loader mounts; each holds some two thousand kernels. */
export const INDEX_SHARDS = 4;

const encode = (entry: IndexEntry): string => {
  const { sha256, size, source } = entry;
  return JSON.stringify({ ...packageKeyOf(entry), sha256, size, source });
};

/** The entry that a value of the index holds; `undefined` for anything else. */
export const readIndexEntry = (text: string): IndexEntry | undefined => {
  try {
    const value = JSON.parse(text) as unknown;
    if (!isJsonObject(value) || !isSha256(value['sha256']) || typeof value['size'] !== 'number') return undefined;
    const named = ['wekaVersion', 'kernel', 'architecture', 'source'].every((name) => typeof value[name] === 'string');
    return named ? (value as unknown as IndexEntry) : undefined;
  } catch {
    return undefined;
  }
};

/** All entries of some shards, by package id. Damaged values are left out: their packages are asked for again. */
export const readIndex = (shards: readonly Readonly<Record<string, string>>[]): ReadonlyMap<string, IndexEntry> => {
  const entries = shards.flatMap((data) => Object.values(data)).flatMap((text) => readIndexEntry(text) ?? []);
  return new Map(entries.map((entry) => [packageId(entry), entry]));
};

/** What a loader looks up; `undefined`: nothing may be loaded. */
export const lookUp = (
  shards: readonly Readonly<Record<string, string>>[],
  key: PackageKey,
): IndexEntry | undefined => {
  const id = packageId(key);
  return shards.flatMap((data) => (data[id] === undefined ? [] : [readIndexEntry(data[id])])).find(Boolean);
};

/**
 * The entries of one WEKA version as the data of at most INDEX_SHARDS ConfigMaps, in the order of their ids, so that
 * equal indexes are equal bytes. What no longer fits is left out and told in `dropped`.
 */
export const shardsOf = (
  entries: readonly IndexEntry[],
): { readonly shards: readonly IndexData[]; readonly dropped: readonly IndexEntry[] } => {
  const shards: { data: IndexData; bytes: number }[] = [];
  const dropped: IndexEntry[] = [];
  const byId = entries.map((entry) => ({ entry, id: packageId(entry) })).sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const { entry, id } of byId) {
    const value = encode(entry);
    const bytes = Buffer.byteLength(value) + id.length;
    let shard = shards.at(-1);
    if (shard === undefined || shard.bytes + bytes > SHARD_BYTES) {
      if (shards.length === INDEX_SHARDS) {
        dropped.push(entry);
        continue;
      }
      shard = { data: {}, bytes: 0 };
      shards.push(shard);
    }
    shard.data[id] = value;
    shard.bytes += bytes;
  }
  return { shards: shards.map(({ data }) => data), dropped };
};
