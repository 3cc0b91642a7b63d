import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../lib/base/errors';
import type { PackageKey } from '../../lib/drivers/package';
import { packageId, packageKeyOf } from '../../lib/drivers/package';
import type { RealPackage } from '../../sim/drivers/package-file';
import { buildHere, kernelsWithHeaders } from './build-here';
import { deliver } from './deliver';
import type { FirstRunPlaces, MadePackage } from './made-package';

/** A driver that went the whole way of one, short of a kernel. */
export interface RealDriver extends PackageKey, RealPackage {
  /** What was done, one sentence a line. The same machine says the same each time. */
  readonly story: string;
}

/**
 * A driver package of this WEKA version, for real: built for a kernel of this machine that has headers, else taken from
 * `prebuilt`; served over TLS by a distribution service, fetched and verified by a loader's code. Nothing is loaded, and
 * nothing stays behind. Throws OperatorError (FileUnreadable: no package is there either).
 */
export const realDriver = async (wekaVersion: string, places: FirstRunPlaces): Promise<RealDriver> => {
  const made = await makePackage(wekaVersion, places);
  const key = packageKeyOf(made);
  const delivered = await deliver(key, made.archive);
  return { ...key, ...delivered, story: told(made, delivered) };
};

const makePackage = async (wekaVersion: string, places: FirstRunPlaces): Promise<MadePackage> => {
  let why = 'this machine has no kernel headers (/lib/modules/*/build)';
  for (const kernel of kernelsWithHeaders(places.modules)) {
    try {
      return await buildHere({ wekaVersion, kernel }, places);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      why = error.message.replace(/\.$/, '');
    }
  }
  return prebuilt(wekaVersion, places.prebuilt, why);
};

const prebuilt = async (wekaVersion: string, directory: string, why: string): Promise<MadePackage> => {
  try {
    const keys = (await readdir(directory)).flatMap((name) => keyOf(name) ?? []);
    const key = keys.find((each) => each.wekaVersion === wekaVersion);
    if (key === undefined) throw new Error(`it has no package for WEKA ${wekaVersion}`);
    const archive = await readFile(join(directory, `${packageId(key)}.tar.gz`));
    return { ...key, archive, how: `prebuilt, because ${why}: ${packageId(key)} of ${directory}` };
  } catch (cause) {
    throw new OperatorError('FileUnreadable', { file: directory, cause: (cause as Error).message }, { cause });
  }
};

/** What the name of a prebuilt package says. */
const keyOf = (name: string): PackageKey | undefined => {
  const [, wekaVersion = '', kernel = '', architecture = ''] =
    /^([^_]+)_([^_]+)_([^_]+)_[0-9a-f]{10}\.tar\.gz$/.exec(name) ?? [];
  return wekaVersion === '' ? undefined : { wekaVersion, kernel, architecture };
};

const told = ({ how, kernel }: MadePackage, { size, sha256, modules }: RealPackage): string =>
  [
    'A driver for real, before anything is simulated:',
    `  made      ${how}`,
    `  served    ${size} bytes, over TLS by a distribution service, uploaded under a permit as builders do`,
    `  verified  as loaders do, SHA-256 ${sha256.slice(0, 12)}…: ${modules.map(({ name, srcversion }) => `${name} (${srcversion})`).join(', ')}`,
    `Simulated nodes with kernel ${kernel} load these bytes; their kernels are simulated, and this machine's is not touched.`,
  ].join('\n');
