import { createReadStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Header } from 'tar-stream';
import { extract, pack } from 'tar-stream';
import { OperatorError } from '../../lib/base/errors';
import { BUNDLE_INDEX, BUNDLE_INDEX_BYTES, bundledFile, bundleIndex, readBundleIndex } from '../../lib/drivers/bundle';
import { packageId } from '../../lib/drivers/package';
import type { IndexEntry } from '../../lib/drivers/package-index';
import { AtomicFile } from '../shared/atomic-file';
import type { Sink } from '../shared/download';
import { PackageFiles } from './package-files';

/** Gives the bytes of a package; it rejects where they are not those of the entry. */
export type FetchPackage = (entry: IndexEntry, sink: Sink) => Promise<unknown>;

const HEADER = { mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, type: 'file' } as const;

/**
 * Writes a bundle of `entries` to `file`, whole or not at all. Equal packages give equal bytes. Rejects as `fetch` does, and with
 * OutputFailed where the file can't be written.
 */
export const exportBundle = async (
  file: string,
  entries: readonly IndexEntry[],
  fetch: FetchPackage,
): Promise<void> => {
  const index = bundleIndex(entries);
  const out = await AtomicFile.create(file).catch((cause: unknown) => {
    throw new OperatorError('OutputFailed', { file, cause: (cause as Error).message }, { cause });
  });
  const tar = pack();
  const writing = pipeline(tar, async (chunks) => {
    for await (const chunk of chunks) await out.write(chunk as Buffer);
  });
  writing.catch(() => undefined);
  try {
    tar.entry({ ...HEADER, name: BUNDLE_INDEX }, index);
    const read = readBundleIndex(index);
    for (const entry of 'entries' in read ? read.entries : []) await append(tar, entry, fetch);
    tar.finalize();
    await writing;
    // A crash before this leaves no bundle, and a temporary file beside its place.
    await out.commit();
  } catch (error) {
    tar.destroy();
    await out.discard();
    throw error;
  }
};

const append = async (tar: ReturnType<typeof pack>, entry: IndexEntry, fetch: FetchPackage): Promise<void> => {
  const header = { ...HEADER, name: bundledFile(packageId(entry)), size: entry.size };
  const file = tar.entry(header) as unknown as NodeJS.WritableStream;
  const ended = new Promise<void>((resolve, reject) => {
    file.once('error', reject);
    file.once('finish', () => resolve());
  });
  ended.catch(() => undefined);
  const write = (chunk: Buffer): Promise<void> =>
    new Promise((resolve) => {
      if (file.write(chunk)) resolve();
      else file.once('drain', () => resolve());
    });
  await fetch(entry, { write });
  file.end();
  await ended;
};

/** What became of each package of a bundle. */
export interface Imported {
  readonly id: string;
  /** `present`: it lay there already, with the same bytes. */
  readonly outcome: 'stored' | 'present';
}

/**
 * Puts the packages of a bundle into the directory of a distribution service, which finds them when it looks next. Each package
 * appears whole or not at all; nothing is taken whose digest differs, nor any file that the index does not name. Rejects with
 * BundleInvalid; packages that came before the fault are stored.
 */
export const importBundle = async (file: string, directory: string): Promise<readonly Imported[]> => {
  const invalid = (problem: string): OperatorError => new OperatorError('BundleInvalid', { file, problem });
  await mkdir(directory, { recursive: true });
  const files = new PackageFiles(directory);
  const tar = extract();
  const entries = tar[Symbol.asyncIterator]();
  const reading = pipeline(createReadStream(file), tar as unknown as NodeJS.WritableStream).catch(
    (error: NodeJS.ErrnoException) =>
      invalid(error.code === 'ENOENT' ? 'there is no such file' : `it is damaged (${error.message})`),
  );
  const imported: Imported[] = [];
  try {
    const wanted = await readIndex(await next(entries), invalid);
    for (let entry = await next(entries); entry !== undefined; entry = await next(entries)) {
      const found = wanted.get(entry.header.name);
      if (found === undefined || entry.header.type !== 'file')
        throw invalid(`it holds ${JSON.stringify(entry.header.name)}, which its index does not name`);
      wanted.delete(entry.header.name);
      imported.push(await store(files, found, { entry, invalid }));
    }
    const failure = await reading;
    if (failure !== undefined) throw failure;
    if (wanted.size > 0) throw invalid(`${[...wanted.keys()][0]} is missing in it`);
    return imported;
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw (await reading) ?? invalid((error as Error).message);
  } finally {
    tar.destroy();
  }
};

/** One file of a tar while it is read. */
type Entry = AsyncIterable<Buffer> & { readonly header: Header };
type Entries = AsyncIterator<unknown>;
type Invalid = (problem: string) => OperatorError;

const next = async (entries: Entries): Promise<Entry | undefined> => {
  const result = await entries.next();
  return result.done === true ? undefined : (result.value as Entry);
};

const readIndex = async (entry: Entry | undefined, invalid: Invalid): Promise<Map<string, IndexEntry>> => {
  if (entry === undefined || entry.header.name !== BUNDLE_INDEX) throw invalid(`its first file is not ${BUNDLE_INDEX}`);
  if ((entry.header.size ?? 0) > BUNDLE_INDEX_BYTES) throw invalid(`its ${BUNDLE_INDEX} is too long`);
  const chunks: Buffer[] = [];
  for await (const chunk of entry) chunks.push(chunk);
  const read = readBundleIndex(Buffer.concat(chunks).toString('utf8'));
  if ('problem' in read) throw invalid(read.problem);
  return new Map(read.entries.map((each) => [bundledFile(packageId(each)), each]));
};

const store = async (
  files: PackageFiles,
  { sha256, size, ...key }: IndexEntry,
  { entry, invalid }: { readonly entry: Entry; readonly invalid: Invalid },
): Promise<Imported> => {
  const id = packageId(key);
  const there = (await files.identity(id)) === undefined ? undefined : await files.record(id);
  if (there?.sha256 === sha256) {
    for await (const _ of entry) continue;
    return { id, outcome: 'present' };
  }
  const out = await AtomicFile.create(join(files.directory, bundledFile(id)));
  try {
    const hash = createHash('sha256');
    for await (const chunk of entry) {
      hash.update(chunk);
      await out.write(chunk);
    }
    if (hash.digest('hex') !== sha256 || out.size !== size)
      throw invalid(`the bytes of ${bundledFile(id)} are not those of its index`);
    // The record before the package: one without the other is swept at the start of the service, and the import may be
    // repeated. Where other bytes lie there, the record names both until the new file has its name.
    const previous = there === undefined ? {} : { previous: { sha256: there.sha256, size: there.size } };
    await files.writeRecord(id, { sha256, size, imported: true, ...previous });
    await out.commit();
    if (there !== undefined) await files.writeRecord(id, { sha256, size, imported: true });
  } catch (error) {
    await out.discard();
    throw error;
  }
  return { id, outcome: 'stored' };
};
