import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { OperatorError } from '../../lib/base/errors';
import { readModuleInfo } from '../../lib/drivers/module-info';
import type { PackageKey } from '../../lib/drivers/package';
import { packageId } from '../../lib/drivers/package';
import type { PackagedModule, PackageManifest } from '../../lib/drivers/package-manifest';
import { MANIFEST_FILE, readManifest } from '../../lib/drivers/package-manifest';
import type { ArchiveEntry, ArchiveLimits } from '../shared/archive';
import { ArchiveError, readArchive, readEntry } from '../shared/archive';
import type { ReadModule } from './decide';
import { manifestProblem, moduleProblem } from './decide';

/** Below what the memory of the loader's container holds: a module is in it whole, once. */
export const LOADER_LIMITS: ArchiveLimits = { entries: 64, fileBytes: 128 << 20, totalBytes: 256 << 20 };

/** A package whose every module is what the manifest says. */
export interface OpenedPackage {
  readonly manifest: PackageManifest;
  /** In the order of loading. */
  readonly modules: readonly ReadModule[];
}

/**
 * Reads the archive at `path`, whose digest is known to be right, and puts its modules into `directory`. Throws ArchiveUnsafe or PackageInvalid;
 * what is in the directory then is of no use.
 */
export const openPackage = async (path: string, wanted: PackageKey, directory: string): Promise<OpenedPackage> => {
  const id = packageId(wanted);
  const invalid = (cause: string): OperatorError => new OperatorError('PackageInvalid', { package: id, cause });
  const found = new Map<string, ReadModule>();
  let manifest: PackageManifest | undefined;
  try {
    for await (const entry of readArchive(createReadStream(path, { highWaterMark: 1 << 20 }), LOADER_LIMITS)) {
      if (entry.name === MANIFEST_FILE)
        manifest = manifestOf((await readEntry(entry)).toString('utf8'), wanted, invalid);
      const packaged = manifest?.modules.find(({ file }) => file === entry.name);
      if (packaged !== undefined) found.set(packaged.name, await extract(entry, packaged, directory, invalid));
    }
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    throw new OperatorError('ArchiveUnsafe', { package: id, cause: error.message }, { cause: error });
  }
  if (manifest === undefined) throw invalid(`${MANIFEST_FILE} is missing`);
  return { manifest, modules: manifest.modules.map(({ name, file }) => present(found.get(name), file, invalid)) };
};

type Invalid = (cause: string) => OperatorError;

const present = (module: ReadModule | undefined, file: string, invalid: Invalid): ReadModule => {
  if (module === undefined) throw invalid(`${file} is missing`);
  return module;
};

const manifestOf = (text: string, wanted: PackageKey, invalid: Invalid): PackageManifest => {
  const read = readManifest(text);
  if ('problem' in read) throw invalid(`${MANIFEST_FILE}: ${read.problem}`);
  const problem = manifestProblem(read.manifest, wanted);
  if (problem !== undefined) throw invalid(problem);
  return read.manifest;
};

const extract = async (
  entry: ArchiveEntry,
  packaged: PackagedModule,
  directory: string,
  invalid: Invalid,
): Promise<ReadModule> => {
  const content = await readEntry(entry);
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (sha256 !== packaged.sha256) throw invalid(`${entry.name} does not have the SHA-256 that its manifest names`);
  const read = readModuleInfo(content);
  const problem = 'problem' in read ? `${entry.name}: ${read.problem}` : moduleProblem(packaged, read.module);
  if (problem !== undefined || 'problem' in read) throw invalid(problem ?? 'a module cannot be read');
  const path = join(directory, basename(packaged.file));
  // Whoever is killed here leaves a directory that the next loader removes.
  await writeFile(path, content, { mode: 0o600, flag: 'wx' });
  return { info: read.module, path };
};
