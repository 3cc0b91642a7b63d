import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { packArchive } from '../../agents/shared/archive';
import { readModuleInfo } from '../../lib/drivers/module-info';
import type { PackageKey } from '../../lib/drivers/package';
import { packageId, packagePath } from '../../lib/drivers/package';
import type { IndexEntry } from '../../lib/drivers/package-index';
import { shardsOf } from '../../lib/drivers/package-index';
import type { PackageManifest } from '../../lib/drivers/package-manifest';
import { kernel } from './vm/vm';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A package made of real module files. */
export interface RealPackage {
  readonly entry: IndexEntry;
  readonly bytes: Buffer;
  /** Path at a distribution service. */
  readonly path: string;
  readonly srcversions: Readonly<Record<string, string>>;
}

/** Packs module files of this machine, in the order of loading, for the guest's kernel. `edit`: changes the bytes of each before. */
export const packModules = async (
  wekaVersion: string,
  files: readonly string[],
  edit: (module: Buffer, name: string) => Buffer = (module) => module,
): Promise<RealPackage> => {
  const key: PackageKey = { wekaVersion, kernel: kernel().release, architecture: 'amd64' };
  const modules = await Promise.all(
    files.map(async (file) => {
      const content = edit(await readFile(file), basename(file, '.ko'));
      const read = readModuleInfo(content);
      if ('problem' in read) throw new Error(`${file}: ${read.problem}`);
      const { name, srcversion, vermagic, depends } = read.module;
      return {
        content,
        name,
        file: `modules/${basename(file)}`,
        sha256: sha256(content),
        srcversion,
        vermagic,
        depends,
      };
    }),
  );
  const manifest: PackageManifest = {
    schema: 1,
    ...key,
    toolchain: { compiler: 'gcc', builder: 'kbuild' },
    modules: modules.map(({ content: _, ...module }) => module),
  };
  const archive = [
    { name: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)) },
    ...modules.map(({ file, content }) => ({ name: file, content })),
  ];
  const bytes = await packArchive(archive);
  return {
    bytes,
    entry: { ...key, sha256: sha256(bytes), size: bytes.length, source: 'built' },
    path: packagePath(packageId(key)),
    srcversions: Object.fromEntries(modules.map(({ name, srcversion }) => [name, srcversion])),
  };
};

/** Files of a mounted package index, by their path in the guest. */
export const indexFiles = (packages: readonly RealPackage[]): Record<string, { text: string }> => {
  const { shards } = shardsOf(packages.map(({ entry }) => entry));
  return Object.fromEntries(
    shards.flatMap((data, shard) =>
      Object.entries(data).map(([id, text]) => [`/etc/weka-operator/index/${shard}/${id}`, { text }]),
    ),
  );
};
