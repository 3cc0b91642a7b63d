import { join } from 'node:path';
import type { LiveModule } from './host';
import { namesIn, textOf } from './linux-files';

/** A module as sysfs shows it; `undefined`: not loaded, or built into the kernel (which then has no initstate). */
export const liveModule = async (sysDirectory: string, name: string): Promise<LiveModule | undefined> => {
  const directory = join(sysDirectory, 'module', name);
  if ((await textOf(join(directory, 'initstate'))) === undefined) return undefined;
  const [srcversion = '', references] = await Promise.all([
    textOf(join(directory, 'srcversion')),
    textOf(join(directory, 'refcnt')),
  ]);
  return {
    name,
    srcversion: srcversion.trim(),
    holders: await namesIn(join(directory, 'holders')),
    ...(references === undefined ? {} : { references: Number(references) }),
  };
};

/** Those of `names` that are loaded, and whatever holds them. */
export const liveModules = async (
  sysDirectory: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, LiveModule>> => {
  const found = new Map<string, LiveModule>();
  const pending = [...names];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const module = found.has(name) ? undefined : await liveModule(sysDirectory, name);
    if (module === undefined) continue;
    found.set(name, module);
    pending.push(...module.holders);
  }
  return found;
};
