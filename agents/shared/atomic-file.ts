import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Bytes that are gathered before they go to the disk in one call. */
const WRITE_BYTES = 1 << 20;
const TEMPORARY = /^\.[^/]+\.[0-9a-f]{12}\.tmp$/;

/** Mode of new files where none is named: readable by everybody, as what is served is. */
const PUBLIC_MODE = 0o644;

/** Makes the names of `directory` durable: a rename is lost in a power cut until then. */
export const syncDirectory = async (directory: string): Promise<void> => {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/**
 * A file that appears whole or not at all: written beside its place under a temporary name, made durable, then renamed.
 * A process killed at any byte leaves the old file (or none) and a temporary one, which `sweepTemporaries` removes.
 */
export class AtomicFile {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private written = 0;
  /** What is on its way to the disk while the next piece is gathered. */
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    readonly path: string,
    /** Where its bytes are until `commit`. */
    readonly temporary: string,
    private readonly handle: FileHandle,
  ) {}

  /** Opens a temporary file beside `path`. `mode` as chmod; default 0644. Rejects with the system's error. */
  static async create(path: string, { mode = PUBLIC_MODE }: { readonly mode?: number } = {}): Promise<AtomicFile> {
    const name = `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`;
    const temporary = join(dirname(path), name);
    return new AtomicFile(path, temporary, await open(temporary, 'wx+', mode));
  }

  /** Bytes given so far. */
  get size(): number {
    return this.written;
  }

  /**
   * Adds bytes; they go to the disk in larger pieces, one at a time, while more are taken: what the system says against
   * one of them is thrown by a later call. `chunk` belongs to the file until it is committed.
   */
  async write(chunk: Buffer): Promise<void> {
    this.pending.push(chunk);
    this.pendingBytes += chunk.length;
    this.written += chunk.length;
    if (this.pendingBytes >= WRITE_BYTES) await this.flush();
  }

  /** Makes all bytes durable under the temporary name, so that they can be looked at before `commit`. */
  async finish(): Promise<void> {
    await this.flush();
    await this.writing;
    await this.handle.sync();
  }

  /** Gives the file its name. A crash before the rename leaves the old file, a crash after it the new one. */
  async commit(): Promise<void> {
    await this.finish();
    await this.handle.close();
    await rename(this.temporary, this.path);
    await syncDirectory(dirname(this.path));
  }

  /** Gives it up; may be called after a failed `commit`. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await rm(this.temporary, { force: true });
  }

  private async flush(): Promise<void> {
    const [pieces, bytes] = [this.pending, this.pendingBytes];
    if (bytes === 0) return;
    [this.pending, this.pendingBytes] = [[], 0];
    await this.writing;
    this.writing = writeAll(this.handle, pieces, bytes);
    // Thrown by whoever waits for it next.
    this.writing.catch(() => undefined);
  }
}

/** A disk that is nearly full takes a part and says so only on the next call. */
const writeAll = async (handle: FileHandle, pieces: readonly Buffer[], bytes: number): Promise<void> => {
  const { bytesWritten } = await handle.writev(pieces);
  if (bytesWritten === bytes) return;
  const whole = Buffer.concat(pieces);
  for (let at = bytesWritten; at < whole.length;) at += (await handle.write(whole, at)).bytesWritten;
};

/** Replaces `path` by `content`, whole or not at all. `mode` as chmod; default 0644. */
export const writeFileAtomic = async (
  path: string,
  content: string | Buffer,
  options: { readonly mode?: number } = {},
): Promise<void> => {
  const file = await AtomicFile.create(path, options);
  try {
    await file.write(Buffer.from(content));
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
};

/** Whether a file of that name is one that a killed process left behind. */
export const isTemporary = (name: string): boolean => TEMPORARY.test(name);

/** Removes what killed processes left in `directory`; gives the names. Only for a directory that nobody else writes to. */
export const sweepTemporaries = async (directory: string): Promise<readonly string[]> => {
  const left = (await readdir(directory)).filter(isTemporary);
  await Promise.all(left.map((name) => rm(join(directory, name), { force: true })));
  return left;
};
