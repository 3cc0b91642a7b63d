import { packageId } from '../../lib/drivers/package';
import type { IndexEntry } from '../../lib/drivers/package-index';
import type { Log } from '../shared/log';
import type { ReadModule } from './decide';
import { companions, confirmationProblem, foreignNeeds, isSame, refusalOf } from './decide';
import type { Failure } from './failure';
import { errorOf, refuse } from './failure';
import type { Host, KernelFacts } from './host';
import { loadRefusal, unloadRefusal } from './kernel-refusal';
import type { OpenedPackage } from './open-package';
import type { PackageCache } from './package-cache';
import { blockersOf, ownModules, planLoad } from './unload-plan';

/** A verified package and the kernel it is for. */
export interface BringIn {
  readonly host: Host;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly kernel: KernelFacts;
  readonly cache: PackageCache;
  readonly entry: IndexEntry;
  readonly opened: OpenedPackage;
}

/**
 * Has the modules of a package in the kernel, and only reports success when the kernel shows them. Everything that
 * can be known before is checked before: a refusal by then has changed nothing.
 */
export const bringIn = async (work: BringIn): Promise<'loaded' | 'unchanged'> => {
  const { host, kernel, cache, entry, opened, signal, log } = work;
  const { manifest, modules } = opened;
  const load = { bootID: kernel.bootID, sha256: entry.sha256 };
  const live = await host.loaded(ownModules(manifest));
  const recorded = await cache.wasLoaded(load);
  if (manifest.modules.every((module) => isSame(module, live.get(module.name), recorded))) return 'unchanged';

  const symbols = await host.symbolVersions(kernel.release);
  refuse(refusalOf({ id: packageId(entry), modules, kernel, ...(symbols === undefined ? {} : { symbols }) }));
  const plan = planLoad(manifest, live, recorded);
  refuse(await blockers(host, plan.unload, manifest));
  // From here on it is finished even when the Pod is being deleted: half a driver helps nobody.
  signal.throwIfAborted();
  await loadOthers(work);
  await unload(work, plan.unload);
  await loadAll(
    work,
    modules.filter(({ info }) => plan.load.includes(info.name)),
  );
  refuse(confirmationProblem(manifest, await host.loaded(ownModules(manifest))));
  // The driver is loaded whether this can be written or not: only modules without srcversion are told apart by it.
  await cache.record(load).catch((error: unknown) => log.warn('what was loaded cannot be recorded', { error }));
  return 'loaded';
};

/** Looks at who holds `unload` now. */
const blockers = async (
  host: Host,
  unload: readonly string[],
  manifest: OpenedPackage['manifest'],
): Promise<Failure | undefined> => {
  if (unload.length === 0) return undefined;
  const live = await host.loaded(unload);
  const nobody = { mounts: [], processes: [] };
  // Who it is costs a look at every process of the node: only when there is somebody.
  if (blockersOf(unload, live, nobody) === undefined) return undefined;
  return blockersOf(unload, live, await host.users(ownModules(manifest)));
};

/** Modules of the kernel's own. What the driver needs and did not get shows when it is loaded; the others are optional. */
const loadOthers = async ({ host, kernel, opened, log }: BringIn): Promise<void> => {
  for (const module of [...foreignNeeds(opened.manifest), ...companions(kernel)]) {
    const end = await host.modprobe(module);
    if (!end.ok) log.info('a module of the kernel’s own is not there', { module, said: end.said });
  }
};

/** A crash in between leaves fewer modules than before; the next attempt loads all that are missing. */
const unload = async ({ host, opened, log }: BringIn, names: readonly string[]): Promise<void> => {
  for (const [at, name] of names.entries()) {
    // Others may have come to use it since: looked at again, at the last moment.
    refuse(await blockers(host, names.slice(at), opened.manifest));
    const end = await host.rmmod(name);
    if (!end.ok) refuse((await blockers(host, names.slice(at), opened.manifest)) ?? unloadRefusal(end, name));
    log.info('a module of another version was unloaded', { module: name });
  }
};

/** A crash in between leaves the first modules loaded, which the next attempt keeps and completes. */
const loadAll = async (work: BringIn, modules: readonly ReadModule[]): Promise<void> => {
  const { host, kernel, log } = work;
  const loaded: string[] = [];
  for (const { info, path } of modules) {
    const end = await host.insmod(path);
    if (!end.ok) {
      await undo(work, loaded);
      throw errorOf(loadRefusal(end, info, kernel.signatures));
    }
    loaded.push(info.name);
    log.info('a module was loaded', { module: info.name, srcversion: info.srcversion });
  }
};

/** What this attempt loaded goes again: modules that are of no use alone would be in the way of the next version. */
const undo = async ({ host, log }: BringIn, loaded: readonly string[]): Promise<void> => {
  for (const module of [...loaded].reverse()) {
    const end = await host.rmmod(module);
    if (!end.ok) log.warn('a module that was just loaded stays', { module, said: end.said });
  }
};
