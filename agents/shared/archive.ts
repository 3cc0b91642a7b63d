import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TransformCallback } from 'node:stream';
import { createGunzip, gzip } from 'node:zlib';
import { promisify } from 'node:util';
import type { Header } from 'tar-stream';
import { extract, pack } from 'tar-stream';
import { MANIFEST_FILE } from '../../lib/drivers/package-manifest';

/** A file of an archive, whole. */
export interface ArchiveFile {
  /** Relative, of letters, digits, `.`, `_`, `+`, `-` and `/`: `modules/wekafsio.ko`. */
  readonly name: string;
  readonly content: Buffer;
}

/** A file of an archive while it is read. `content` is read to its end before the next entry is asked for, or not at all. */
export interface ArchiveEntry {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly content: AsyncIterable<Buffer>;
}

/** How much of an archive is taken; what exceeds it is refused before it is read. */
export interface ArchiveLimits {
  readonly entries: number;
  /** Bytes of one file. */
  readonly fileBytes: number;
  /** Bytes of everything, unpacked. */
  readonly totalBytes: number;
}

/** Far above any driver package, far below what troubles a node. */
export const ARCHIVE_LIMITS: ArchiveLimits = { entries: 64, fileBytes: 256 << 20, totalBytes: 512 << 20 };

/** An archive that is damaged, or not one of ours. The message is a sentence without a subject: `it is cut off`. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

const BLOCK = 512;
const MODE = 0o644;
const GZIP_LEVEL = 9;
/** Place of the operating system in the header of gzip, and its value for "unknown". */
const GZIP_SYSTEM = { at: 9, unknown: 255 };

/**
 * A tar.gz of `files` in the given order. Equal files give equal bytes: no times, owners or modes of this machine are
 * in it (the runtime's zlib is: another version of it may compress differently).
 */
export const packArchive = async (files: readonly ArchiveFile[]): Promise<Buffer> => {
  const tar = pack();
  const chunks: Buffer[] = [];
  tar.on('data', (chunk) => chunks.push(chunk as Buffer));
  const ended = once(tar, 'end');
  for (const { name, content } of files) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw new ArchiveError(problem);
    tar.entry({ name, mode: MODE, mtime: new Date(0), uid: 0, gid: 0, type: 'file', size: content.length }, content);
  }
  tar.finalize();
  await ended;
  const packed = await promisify(gzip)(Buffer.concat(chunks), { level: GZIP_LEVEL });
  packed[GZIP_SYSTEM.at] = GZIP_SYSTEM.unknown;
  return packed;
};

/**
 * The files of a tar.gz, in order, as they arrive. Only what packArchive writes is taken: plain files under relative
 * names, manifest.json first, nothing twice, no extension headers, nothing behind the end. Throws ArchiveError for
 * anything else, at the latest when the last file has been read: keep nothing before that.
 */
export async function* readArchive(source: Readable, limits = ARCHIVE_LIMITS): AsyncGenerator<ArchiveEntry> {
  const tar = extract();
  const gauge = new Gauge(limits.totalBytes);
  // Iterated at once: it is the iterator that listens for entries and errors.
  const entries = tar[Symbol.asyncIterator]();
  const piped = pipeline(source, createGunzip(), gauge, tar as unknown as NodeJS.WritableStream).catch(asArchiveError);
  const order = new Order(limits);
  try {
    for (let next = await entries.next(); next.done !== true; next = await entries.next()) {
      const { header } = next.value;
      order.take(header as PlacedHeader);
      yield { name: header.name, size: header.size, content: contentOf(next.value as AsyncIterable<Buffer>) };
      // Whatever the consumer left unread.
      next.value.resume();
    }
    const failure = await piped;
    if (failure !== undefined) throw failure;
    order.end(gauge);
  } catch (error) {
    throw asArchiveError(error);
  } finally {
    tar.destroy();
    await piped;
  }
}

async function* contentOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* stream;
  } catch (error) {
    throw asArchiveError(error);
  }
}

/** The bytes of an entry. */
export const readEntry = async (entry: ArchiveEntry): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of entry.content) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** Of a header that was read: where its file begins, in bytes of the tar. */
type PlacedHeader = Header & { readonly byteOffset: number };

/** Counts what comes out of gzip, refuses too much of it, and remembers where the last byte is that isn't zero. */
class Gauge extends Transform {
  total = 0;
  lastNonZero = -1;

  constructor(private readonly limit: number) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let at = chunk.length - 1;
    while (at >= 0 && chunk[at] === 0) at--;
    if (at >= 0) this.lastNonZero = this.total + at;
    this.total += chunk.length;
    if (this.total > this.limit) done(new ArchiveError(`it unpacks to more than ${this.limit} bytes`));
    else done(null, chunk);
  }
}

/** What has been seen so far, and whether the next entry may follow. */
class Order {
  private readonly names = new Set<string>();
  /** Where the next header must be. */
  private expected = 0;

  constructor(private readonly limits: ArchiveLimits) {}

  take(header: PlacedHeader): void {
    const problem = this.problemOf(header);
    if (problem !== undefined) throw new ArchiveError(problem);
    this.names.add(header.name);
    this.expected = header.byteOffset + Math.ceil(header.size / BLOCK) * BLOCK;
  }

  /** After the last entry: two blocks of zeros at least, and nothing else. */
  end({ total, lastNonZero }: Gauge): void {
    if (this.names.size === 0) throw new ArchiveError('it is empty');
    if (lastNonZero >= this.expected) throw new ArchiveError('there is something behind its end');
    if (total < this.expected + 2 * BLOCK) throw new ArchiveError('it is cut off');
  }

  private problemOf({ name, type, size, byteOffset }: PlacedHeader): string | undefined {
    const { entries, fileBytes } = this.limits;
    // Extension headers (pax, long names) and blocks of zeros are consumed unseen: they show as a gap.
    if (byteOffset !== this.expected + BLOCK) return 'it has extension headers, or entries behind its end';
    if (type !== 'file') return `${JSON.stringify(name)} is not a plain file`;
    if (this.names.size === 0 && name !== MANIFEST_FILE) return `its first entry is not ${MANIFEST_FILE}`;
    if (this.names.has(name)) return `${name} is in it twice`;
    if (this.names.size === entries) return `it has more than ${entries} entries`;
    if (size > fileBytes) return `${JSON.stringify(name)} is larger than ${fileBytes} bytes`;
    return nameProblem(name);
  }
}

/** As many bytes as an entry holds without an extension header. */
const NAME_BYTES = 100;

const nameProblem = (name: string): string | undefined => {
  const safe = /^[A-Za-z0-9_][A-Za-z0-9._+-]*(\/[A-Za-z0-9_][A-Za-z0-9._+-]*)*$/.test(name);
  return safe && name.length <= NAME_BYTES ? undefined : `${JSON.stringify(name)} is no name for a file in it`;
};

/** Errors of gzip and tar by what they mean; failures of the source itself pass unchanged. */
const asArchiveError = (error: unknown): Error => {
  if (error instanceof ArchiveError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR' || message === 'Unexpected end of data') return new ArchiveError('it is cut off');
  if (code?.startsWith('Z_') === true) return new ArchiveError('it is not gzip, or damaged');
  if (/^(Invalid (tar )?header|Header exceeds)/.test(message)) return new ArchiveError('it is not tar, or damaged');
  return error as Error;
};
