import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isPackageId } from '../../lib/drivers/package';
import { sweepTemporaries, syncDirectory, writeFileAtomic } from '../shared/atomic-file';
import type { Fingerprint } from './fingerprint';
import { CHUNK_BYTES, Fingerprinter } from './fingerprint';
import type { PackageRecord } from './package-record';
import { packageFile, readRecord, recordFile, recordText } from './package-record';

const QUARANTINE = 'quarantine';

const absent = (error: unknown): undefined => {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
};

/** The directory of packages: the only file of this agent that touches it, temporary files aside. */
export class PackageFiles {
  constructor(readonly directory: string) {}

  /** Makes the directory, and removes what killed processes left: temporary files, and records without a package. */
  async prepare(): Promise<void> {
    await mkdir(join(this.directory, QUARANTINE), { recursive: true });
    await sweepTemporaries(this.directory);
    for (const id of await this.ids()) if ((await this.identity(id)) === undefined) await this.remove(id);
  }

  path(id: string): string {
    return join(this.directory, packageFile(id));
  }

  /** Ids of all packages and records that lie there. */
  async ids(): Promise<readonly string[]> {
    const ids = (await readdir(this.directory)).map(idOfFile).filter((id) => id !== undefined);
    return [...new Set(ids)].sort();
  }

  /** Changes whenever the file does: inode, size, and the times of its bytes and of its entry. `undefined`: no file. */
  async identity(id: string): Promise<string | undefined> {
    const found = await stat(this.path(id), { bigint: true }).catch(absent);
    return found === undefined ? undefined : [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':');
  }

  /** Hashes the file from its first to its last byte. */
  async fingerprint(id: string): Promise<Fingerprint> {
    const fingerprinter = new Fingerprinter();
    const handle = await open(this.path(id), 'r');
    try {
      const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES);
        if (bytesRead === 0) return fingerprinter.finish();
        fingerprinter.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  }

  /** Bytes of the file from `position`; fewer than `length` where it ends. */
  async read(id: string, position: number, length: number): Promise<Buffer> {
    const handle = await open(this.path(id), 'r');
    try {
      return await readAt(handle, Buffer.allocUnsafeSlow(length), position);
    } finally {
      await handle.close();
    }
  }

  async record(id: string): Promise<PackageRecord | undefined> {
    const text = await readFile(join(this.directory, recordFile(id)), 'utf8').catch(absent);
    return text === undefined ? undefined : readRecord(text);
  }

  async writeRecord(id: string, record: PackageRecord): Promise<void> {
    await writeFileAtomic(join(this.directory, recordFile(id)), recordText(record));
  }

  /** The package first: a crash in between leaves a record without a package, which is removed at the next start. */
  async remove(id: string): Promise<void> {
    await rm(this.path(id), { force: true });
    await rm(join(this.directory, recordFile(id)), { force: true });
    await syncDirectory(this.directory);
  }

  /** Out of the way, for people to look at; one file a package. A crash in between leaves a record without a package. */
  async quarantine(id: string): Promise<void> {
    await rename(this.path(id), join(this.directory, QUARANTINE, packageFile(id))).catch(absent);
    await this.remove(id);
  }

  async emptyQuarantine(): Promise<void> {
    const directory = join(this.directory, QUARANTINE);
    const names = await readdir(directory);
    await Promise.all(names.map((name) => rm(join(directory, name), { force: true })));
  }

  /** Bytes that the file system still takes. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.directory);
    return bavail * bsize;
  }
}

/** Id of the package that a file belongs to. */
export const idOfFile = (name: string): string | undefined => {
  const id = /^(.+?)\.(?:tar\.gz|json)$/.exec(name)?.[1];
  return id !== undefined && isPackageId(id) ? id : undefined;
};

const readAt = async (handle: FileHandle, buffer: Buffer, position: number): Promise<Buffer> => {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
};
