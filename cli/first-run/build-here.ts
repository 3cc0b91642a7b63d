import { existsSync, readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { buildPackage } from '../../agents/drivers-builder/build';
import { LinuxHost } from '../../agents/drivers-builder/linux-host';
import { readPaths } from '../../agents/drivers-builder/settings';
import type { PackageKey } from '../../lib/drivers/package';
import { packageId } from '../../lib/drivers/package';
import type { FirstRunPlaces, MadePackage } from './made-package';
import { inTemporaryDirectory, never, silent } from './surroundings';

const MODULES = '/lib/modules';
const TIMEOUT = { text: '5m', ms: 300_000 };

/** Releases of the installed kernels that modules can be built for, newest name first. */
export const kernelsWithHeaders = (modules = MODULES): readonly string[] => {
  if (!existsSync(modules)) return [];
  const releases = readdirSync(modules).filter((release) => existsSync(join(modules, release, 'build', 'Makefile')));
  return releases.sort().reverse();
};

/**
 * Builds the sources with the builder's own code, as in its Pod but for the node's libraries: here they are in their place.
 * Everything is done in a temporary directory. Throws what buildPackage throws.
 */
export const buildHere = (
  wanted: Pick<PackageKey, 'wekaVersion' | 'kernel'>,
  { sources, modules = MODULES }: FirstRunPlaces,
): Promise<MadePackage> =>
  inTemporaryDirectory(async (directory) => {
    const inside = (name: string): string => join(directory, name);
    const paths = readPaths({
      SCRATCH_DIRECTORY: inside('build'),
      MODULES_DIRECTORY: modules,
      NODE_LIBRARIES: inside('none'),
      LIBRARIES: inside('none'),
      DRIVER_SOURCES: resolve(sources),
      WEKA_DIRECTORY: inside('none'),
    });
    const host = new LinuxHost(paths);
    const machine = host.machine();
    const target = { ...wanted, architecture: machine.architecture };
    const settings = { node: hostname(), target, extraBuildArgs: [], timeout: TIMEOUT };
    const parts = { host, machine, paths, log: silent, stop: never, report: () => undefined };
    const { archive, compiler } = await buildPackage(settings, parts);
    return { ...target, archive, how: `built ${packageId(target)} from ${sources}, ${compiler}` };
  });
