import { createHash, randomBytes } from 'node:crypto';
import { packArchive } from '../../../agents/shared/archive';
import type { PackageKey } from '../../../lib/drivers/package';
import { packageId } from '../../../lib/drivers/package';
import type { PackageManifest } from '../../../lib/drivers/package-manifest';

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A package as a builder makes it. */
export interface TestPackage extends PackageKey {
  readonly id: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

export const keyOf = (kernel: string): PackageKey => ({ wekaVersion: '4.4.5', kernel, architecture: 'amd64' });

/** `size`: bytes of its one module, which don't compress. `manifest`: what differs in it. */
export const aPackage = async (
  kernel: string,
  size = 1000,
  manifest: Partial<PackageManifest> = {},
): Promise<TestPackage> => {
  const key = keyOf(kernel);
  const content = randomBytes(size);
  const module = {
    name: 'wekafsio',
    file: 'modules/wekafsio.ko',
    sha256: sha256(content),
    srcversion: 'A1',
    vermagic: `${kernel} SMP`,
    depends: [],
  };
  const whole: PackageManifest = {
    schema: 1,
    ...key,
    modules: [module],
    toolchain: { compiler: 'gcc 12.2.0', builder: 'kbuild' },
    ...manifest,
  };
  const bytes = await packArchive([
    { name: 'manifest.json', content: Buffer.from(JSON.stringify(whole)) },
    { name: module.file, content },
  ]);
  return { ...key, id: packageId(key), bytes, sha256: sha256(bytes) };
};
