import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadedModule, LoadResult } from '../../lib/drivers/agent-result';
import { packageId } from '../../lib/drivers/package';
import type { IndexEntry } from '../../lib/drivers/package-index';
import { INDEX_SHARDS } from '../../lib/drivers/package-index';
import type { PackageManifest } from '../../lib/drivers/package-manifest';
import type { Log } from '../shared/log';
import { wantedKey, wantedPackage } from './decide';
import { errorOf, failureOf } from './failure';
import type { Host, KernelFacts } from './host';
import { bringIn } from './into-kernel';
import { withLock } from './lock';
import { openPackage } from './open-package';
import { PackageCache } from './package-cache';
import type { LoadSettings } from './settings';
import { ownModules } from './unload-plan';

/** See fetchPackage (fetch-package.ts). */
type FetchPackage = (
  entry: IndexEntry,
  cache: PackageCache,
  settings: LoadSettings,
  options: { readonly signal: AbortSignal },
) => Promise<void>;

/** What an attempt works with. */
export interface Attempt {
  readonly host: Host;
  readonly settings: LoadSettings;
  readonly log: Log;
  /** Aborted when the Pod is being deleted: what has not reached the kernel then is given up. Its reason is LoaderStopped. */
  readonly signal: AbortSignal;
  /** Puts the package into the cache: whole and with the right digest, or rejects. */
  readonly fetch: FetchPackage;
}

/** What becomes known on the way, for the result of an attempt that fails later. */
interface Known extends Pick<LoadResult, 'sha256' | 'from'> {
  readonly manifest?: PackageManifest;
}

/** One attempt to have the driver in the kernel. Never rejects: whatever happens is in the result. */
export const loadDriver = async (attempt: Attempt): Promise<LoadResult> => {
  const { host, settings, log } = attempt;
  let known: Known = {};
  let kernel: KernelFacts | undefined;
  const end = async (rest: Pick<LoadResult, 'kind' | 'how' | 'failure'>): Promise<LoadResult> => {
    const { manifest, ...origin } = known;
    const { bootID = '', release = '' } = kernel ?? {};
    const about = { bootID, kernel: release, wekaVersion: settings.wekaVersion };
    const names = rest.kind === 'DriverLoaded' ? namesOf(manifest) : ownModules(manifest);
    return { ...rest, ...about, ...origin, modules: await seen(host, names) };
  };
  try {
    kernel = await host.kernel();
    const how = await load(attempt, kernel, (more) => (known = { ...known, ...more }));
    log.info('the driver is loaded', { how, sha256: known.sha256, from: known.from });
    return await end({ kind: 'DriverLoaded', how });
  } catch (error) {
    log.error('the driver is not loaded', { error, sha256: known.sha256, from: known.from });
    return end({ kind: 'DriverLoadFailed', failure: failureOf(error) });
  }
};

const namesOf = (manifest: PackageManifest | undefined): string[] => (manifest?.modules ?? []).map(({ name }) => name);

/** Those of `names` that are loaded at the end, whoever loaded them. */
const seen = async (host: Host, names: readonly string[]): Promise<LoadedModule[]> => {
  try {
    const live = await host.loaded(names);
    return names.flatMap((name) => {
      const module = live.get(name);
      return module === undefined ? [] : [{ name, srcversion: module.srcversion }];
    });
  } catch {
    return []; // The result says what failed first.
  }
};

const load = async (
  attempt: Attempt,
  kernel: KernelFacts,
  tell: (more: Known) => void,
): Promise<'loaded' | 'unchanged'> => {
  const { settings, log } = attempt;
  const key = wantedKey(settings.wekaVersion, kernel);
  const entry = wantedPackage(await readShards(settings.indexDirectory, packageId(key)), key);
  if ('code' in entry) throw errorOf(entry);
  tell({ sha256: entry.sha256 });
  const cache = new PackageCache(settings.cacheDirectory);
  await cache.create();
  return withLock(cache.directory, async () => {
    await cache.prepare();
    // Before the download, which may need their room.
    const removed = await cache.prune(entry);
    if (removed.length > 0) log.info('packages that nobody needs were removed', { removed });
    tell({ from: await obtain(entry, cache, attempt) });
    return cache.withExtracted(entry.size, async (directory) => {
      const opened = await openPackage(cache.pathOf(entry), key, directory);
      tell({ manifest: opened.manifest });
      return bringIn({ ...attempt, kernel, cache, entry, opened });
    });
  });
};

/** The files of one package id in all shards; most are not there. */
const readShards = (directory: string, id: string): Promise<Readonly<Record<string, string>>[]> =>
  Promise.all(
    Array.from({ length: INDEX_SHARDS }, async (_, shard): Promise<Readonly<Record<string, string>>> => {
      try {
        return { [id]: await readFile(join(directory, String(shard), id), 'utf8') };
      } catch {
        return {}; // Not in this shard.
      }
    }),
  );

const obtain = async (entry: IndexEntry, cache: PackageCache, attempt: Attempt): Promise<'cache' | 'dist'> => {
  const { settings, log, signal, fetch } = attempt;
  const held = await cache.find(entry);
  if (held === 'found') return 'cache';
  if (held === 'removed')
    log.warn('the package in the cache had other bytes and was removed', { id: packageId(entry) });
  await fetch(entry, cache, settings, { signal });
  return 'dist';
};
