import type { PackageManifest } from '../../lib/drivers/package-manifest';
import type { Failure } from './failure';
import { failure } from './failure';
import { isSame, someOf } from './decide';
import type { LiveModule, ModuleUsers } from './host';

/** Modules of earlier WEKA versions, which a package of today may no longer bring but find in its way. */
const EARLIER_MODULES = ['wekafsio', 'wekafsgw', 'mpin_user', 'igb_uio'];

type Live = ReadonlyMap<string, LiveModule>;

/** What is done to the kernel, in this order. */
export interface LoadPlan {
  readonly unload: readonly string[];
  /** Names, in the manifest's order. */
  readonly load: readonly string[];
}

/** The only modules that may ever be unloaded; also those that a result reports. Sorted. */
export const ownModules = (manifest?: PackageManifest): readonly string[] =>
  [...new Set([...EARLIER_MODULES, ...(manifest?.modules ?? []).map(({ name }) => name)])].sort();

/**
 * What must go and come so that the modules of the manifest are loaded. A module that is loaded in another version goes, and so does
 * what holds it, as far as that is ours; whatever else holds it is a blocker (`blockersOf`). What is loaded as it
 * should be, and is held by nothing that goes, stays. `recorded`: see isSame.
 */
export const planLoad = (manifest: PackageManifest, live: Live, recorded: boolean): LoadPlan => {
  const allowed = new Set(ownModules(manifest));
  const going = new Set<string>();
  const pending = manifest.modules
    .filter((module) => live.has(module.name) && !isSame(module, live.get(module.name), recorded))
    .map(({ name }) => name);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (going.has(name) || !allowed.has(name)) continue;
    going.add(name);
    pending.push(...(live.get(name)?.holders ?? []));
  }
  const unload = holdersFirst(going, live);
  const load = manifest.modules.filter(({ name }) => !live.has(name) || going.has(name)).map(({ name }) => name);
  return { unload, load };
};

/** The kernel's graph of holders has no cycle; should it ever show one, what is left comes in the order of names. */
const holdersFirst = (going: ReadonlySet<string>, live: Live): string[] => {
  const left = [...going].sort();
  const order: string[] = [];
  while (left.length > 0) {
    const free = left.findIndex((name) => !(live.get(name)?.holders ?? []).some((holder) => left.includes(holder)));
    order.push(...left.splice(Math.max(free, 0), 1));
  }
  return order;
};

const NAMED_USERS = 5;

/**
 * Who keeps `unload` from being unloaded: modules that are not ours, mounts, processes, or a reference that nothing
 * on the node explains. `undefined`: nobody. Looked at again right before each rmmod.
 */
export const blockersOf = (unload: readonly string[], live: Live, users: ModuleUsers): Failure | undefined => {
  const holders = unload.flatMap((name) =>
    (live.get(name)?.holders ?? [])
      .filter((holder) => !unload.includes(holder))
      .map((holder) => `module ${holder} holds ${name}`),
  );
  const used = unload.filter((name) => usersBeyondHolders(live.get(name)) > 0);
  if (holders.length === 0 && used.length === 0) return undefined;
  const mounts = users.mounts.map((mount) => `mount ${mount}`);
  const processes = users.processes.map(({ pid, name }) => `process ${pid} (${name})`);
  const named = [holders.sort(), mounts, processes].filter(({ length }) => length > 0);
  const groups = named.length > 0 ? named : [used.map((name) => `something unseen holds ${name}`)];
  const modules = unload.filter((name) => used.includes(name) || holders.some((text) => text.endsWith(` ${name}`)));
  return failure('DriverInUse', {
    modules: modules.sort().join(', '),
    users: groups.map((group) => someOf(group, NAMED_USERS)).join(', '),
  });
};

const usersBeyondHolders = (module: LiveModule | undefined): number =>
  (module?.references ?? 0) - (module?.holders.length ?? 0);
