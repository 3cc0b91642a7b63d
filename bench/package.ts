import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { packageFile } from '../agents/drivers-dist/package-record';
import type { PackageKey } from '../lib/drivers/package';
import { packageId } from '../lib/drivers/package';
import type { PackageManifest } from '../lib/drivers/package-manifest';
import { MANIFEST_FILE } from '../lib/drivers/package-manifest';

/** A driver package that lies in a directory. */
export interface BenchPackage extends PackageKey {
  readonly id: string;
  readonly file: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

const KEY: PackageKey = { wekaVersion: '4.4.5', kernel: '6.1.0-18-amd64', architecture: 'amd64' };

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A package with one module of `size` random bytes, not compressed: packing would take longer than the measure. */
export const writePackage = async (directory: string, size: number): Promise<BenchPackage> => {
  const module = randomBytes(size);
  const manifest: PackageManifest = {
    schema: 1,
    ...KEY,
    modules: [
      {
        ...{ name: 'wekafsio', file: 'modules/wekafsio.ko', sha256: sha256Of(module) },
        ...{ srcversion: 'A1', vermagic: `${KEY.kernel} SMP`, depends: [] },
      },
    ],
    toolchain: { compiler: 'gcc 12.2.0', builder: 'kbuild' },
  };
  const tar = pack();
  tar.entry({ name: MANIFEST_FILE, mtime: new Date(0) }, JSON.stringify(manifest));
  tar.entry({ name: 'modules/wekafsio.ko', mtime: new Date(0) }, module);
  tar.finalize();
  const bytes = gzipSync(await buffer(tar), { level: 0 });
  const id = packageId(KEY);
  const file = join(directory, packageFile(id));
  writeFileSync(file, bytes);
  return { ...KEY, id, file, sha256: sha256Of(bytes), size: bytes.length };
};
