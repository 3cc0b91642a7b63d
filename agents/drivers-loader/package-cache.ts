import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { isPackageId, packageId } from '../../lib/drivers/package';
import type { IndexEntry } from '../../lib/drivers/package-index';
import { sweepTemporaries, writeFileAtomic } from '../shared/atomic-file';
import { textOf } from './linux-files';
import { inDirectory } from './node-files';

const SUFFIX = '.tar.gz';
/** Where the modules of the package at hand lie while they are loaded. Only who holds the lock uses it. */
const EXTRACTED = '.extracted';
/** Which package was loaded last, and under which boot. */
const RECORD = 'loaded.json';
/** Packages that are kept: the one that is wanted, and the one before it, for the way back. */
const KEPT = 2;
/** For files as small as a record. */
const SMALL = 4096;

/** What was loaded, and under which boot. */
export interface LoadRecord {
  readonly bootID: string;
  readonly sha256: string;
}

/** Packages on the node, by id. A file here is believed only after it was hashed again. */
export class PackageCache {
  constructor(readonly directory: string) {}

  /** Makes the directory, and removes what killed loaders left. Only under the lock. */
  async prepare(): Promise<void> {
    await inDirectory(this.directory, SMALL, async () => {
      await sweepTemporaries(this.directory);
      await rm(join(this.directory, EXTRACTED), { recursive: true, force: true });
    });
  }

  /** Makes the directory, where even the lock lies. */
  async create(): Promise<void> {
    await inDirectory(this.directory, SMALL, () => mkdir(this.directory, { recursive: true, mode: 0o755 }));
  }

  pathOf(entry: IndexEntry): string {
    return join(this.directory, `${packageId(entry)}${SUFFIX}`);
  }

  /** The package, if its bytes are those of the index; other bytes under its name are removed. */
  async find(entry: IndexEntry): Promise<'found' | 'absent' | 'removed'> {
    const path = this.pathOf(entry);
    return inDirectory(this.directory, entry.size, async () => {
      const size = await stat(path).then(
        (file) => file.size,
        () => undefined,
      );
      if (size === undefined) return 'absent';
      if (size === entry.size && (await sha256Of(path)) === entry.sha256) return 'found';
      await rm(path, { force: true });
      return 'removed';
    });
  }

  /** Keeps the package of `entry` and the one used before it; the others go. */
  async prune(entry: IndexEntry): Promise<readonly string[]> {
    const wanted = this.pathOf(entry);
    return inDirectory(this.directory, SMALL, async () => {
      const now = new Date();
      // The time of its last use orders them. It may not be there yet.
      await utimes(wanted, now, now).catch(() => undefined);
      const others = (await this.packages()).filter(({ path }) => path !== wanted);
      const old = others.sort((a, b) => b.used - a.used || (a.path < b.path ? -1 : 1)).slice(KEPT - 1);
      await Promise.all(old.map(({ path }) => rm(path, { force: true })));
      return old.map(({ path }) => path).sort();
    });
  }

  private async packages(): Promise<{ readonly path: string; readonly used: number }[]> {
    const names = (await readdir(this.directory)).filter(
      (name) => name.endsWith(SUFFIX) && isPackageId(name.slice(0, -SUFFIX.length)),
    );
    return Promise.all(
      names.map(async (name) => {
        const path = join(this.directory, name);
        return { path, used: (await stat(path)).mtimeMs };
      }),
    );
  }

  /** An empty directory that only root sees; removed after `act`, whatever came of it. `bytes`: what will lie in it. */
  async withExtracted<Result>(bytes: number, act: (directory: string) => Promise<Result>): Promise<Result> {
    const directory = join(this.directory, EXTRACTED);
    try {
      return await inDirectory(this.directory, bytes, async () => {
        await mkdir(directory, { mode: 0o700 });
        return act(directory);
      });
    } finally {
      await rm(directory, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  /** Whether it was this loader that loaded these bytes since the node was booted. */
  async wasLoaded({ bootID, sha256 }: LoadRecord): Promise<boolean> {
    return (await textOf(join(this.directory, RECORD))) === JSON.stringify({ bootID, sha256 });
  }

  /** A crash before it only makes the next attempt look harder. */
  async record({ bootID, sha256 }: LoadRecord): Promise<void> {
    const path = join(this.directory, RECORD);
    await inDirectory(this.directory, SMALL, () => writeFileAtomic(path, JSON.stringify({ bootID, sha256 })));
  }
}

const HASHED_BYTES = 1 << 20;

/** SHA-256 of a file. Reads the next piece while it hashes one. */
export const sha256Of = async (path: string): Promise<string> => {
  const file = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    let [ahead, behind] = [Buffer.allocUnsafe(HASHED_BYTES), Buffer.allocUnsafe(HASHED_BYTES)];
    let reading = file.read(ahead, 0, HASHED_BYTES);
    for (let { bytesRead } = await reading; bytesRead > 0; { bytesRead } = await reading) {
      [ahead, behind] = [behind, ahead];
      reading = file.read(ahead, 0, HASHED_BYTES);
      hash.update(behind.subarray(0, bytesRead));
    }
    return hash.digest('hex');
  } finally {
    await file.close();
  }
};
