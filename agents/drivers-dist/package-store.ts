import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import type { Log } from '../shared/log';
import { ChunkCache } from './chunk-cache';
import type { Fingerprint } from './fingerprint';
import { Gate, KeyedLock } from './gate';
import { IncomingPackage } from './incoming-package';
import { idOfFile, PackageFiles } from './package-files';
import type { StoredBytes } from './package-record';
import { recognise } from './package-record';
import { Space } from './space';
import type { Shared, Verified } from './stored-package';
import { StoredPackage } from './stored-package';

export interface PackageStoreOptions {
  readonly directory: string;
  readonly log: Log;
  /** Told whenever a package has come, gone, or turned out damaged. */
  readonly onChange: () => void;
  /** Told of each package whose bytes changed. */
  readonly onQuarantine?: () => void;
  /** Bytes of packages in memory. Default 128 MiB. */
  readonly cacheBytes?: number;
  /** Bytes that stay free on the file system. Default 64 MiB. */
  readonly keptFree?: number;
}

const CACHE_BYTES = 128 << 20;
/** Chunks that are read at once: as many as Node has threads for it. */
const READERS = 4;
/** Files that are verified at once. */
const VERIFIERS = 2;
/** A file that is being written by hand changes many times. */
const SETTLE_MS = 200;

/**
 * The packages of a directory: `<id>.tar.gz`, each with a record that says what its bytes must be. Nothing is given out
 * that was not verified: at the start, after each change of the file, and chunk by chunk as it is read.
 */
export class PackageStore {
  readonly space: Space;
  /** Resolves when everything that lay there at the start was looked at. */
  readonly scan: Promise<void>;
  /** Whether it was. */
  scanned = false;
  private readonly files: PackageFiles;
  private readonly shared: Shared;
  private readonly packages = new Map<string, StoredPackage>();
  private readonly damaged = new Set<string>();
  private readonly locks = new KeyedLock();
  private readonly verifying = new Gate(VERIFIERS);
  private readonly unsettled = new Map<string, NodeJS.Timeout>();
  private readonly watcher: FSWatcher;

  /** Begins to verify what lies in the directory, which `prepareDirectory` has made. */
  constructor(private readonly options: PackageStoreOptions) {
    const files = new PackageFiles(options.directory);
    const cache = new ChunkCache(options.cacheBytes ?? CACHE_BYTES);
    this.files = files;
    this.shared = { files, cache, reading: new Gate(READERS) };
    this.space = new Space({
      freeBytes: () => files.freeBytes(),
      usedBytes: () => this.holdings().reduce((sum, { size }) => sum + size, 0),
      ...(options.keptFree === undefined ? {} : { keptFree: options.keptFree }),
    });
    this.watcher = watch(options.directory, (_, name) => this.notice(name));
    // Not fatal: what is missed is seen when it is asked for, or at the next recheck.
    this.watcher.on('error', (error) => options.log.warn('The directory of packages cannot be watched', { error }));
    this.scan = this.recheck().then(() => {
      this.scanned = true;
    });
  }

  /** What is stored and verified, by id. */
  holdings(): readonly StoredPackage[] {
    return [...this.packages.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Ids of packages whose bytes changed, until others are stored in their place. */
  quarantined(): readonly string[] {
    return [...this.damaged].sort();
  }

  /** The package as it lies there now, verified; `undefined`: there is none. */
  async find(id: string): Promise<StoredPackage | undefined> {
    const known = this.packages.get(id);
    const identity = await this.files.identity(id);
    if (known !== undefined && !known.suspect && known.identity === identity) return known;
    return this.locks.run(id, () => this.look(id));
  }

  /** Looks at everything that lies there, and at everything that should. */
  async recheck(): Promise<void> {
    const ids = new Set([...(await this.files.ids()), ...this.packages.keys()]);
    await Promise.all([...ids].map((id) => this.find(id).catch((error: unknown) => this.complain(id, error))));
  }

  /** A place for a new package of `size` bytes (0: unknown). Throws StorageFull, or the system's error. */
  async receive(id: string, size: number): Promise<IncomingPackage> {
    return IncomingPackage.begin(id, this.files.path(id), size, this.space);
  }

  /**
   * Makes `incoming`, which is finished, the package of its id, unless `mayReplace` says no to what is there: then it is
   * thrown away. Gives what is stored now. A crash leaves the old package or the new one: the record names both until the
   * new file has its name.
   */
  async accept(
    incoming: IncomingPackage,
    { fingerprint, podUID }: { readonly fingerprint: Fingerprint; readonly podUID?: string },
    mayReplace: (there: StoredBytes) => boolean,
  ): Promise<StoredBytes> {
    const { id } = incoming;
    return this.locks.run(id, async () => {
      const there = (await this.look(id))?.bytes;
      if (there !== undefined && !mayReplace(there)) {
        await incoming.discard();
        return there;
      }
      const { sha256, size } = fingerprint;
      const bytes: StoredBytes = { sha256, size, ...(podUID === undefined ? {} : { podUID }) };
      await this.files.writeRecord(id, { ...bytes, ...(there === undefined ? {} : { previous: there }) });
      await incoming.commit();
      if (there !== undefined) await this.files.writeRecord(id, bytes);
      const identity = (await this.files.identity(id)) ?? '';
      this.put({ id, bytes, identity, fingerprint });
      return bytes;
    });
  }

  /** Vouches for a file that lies there without a record, if it has this digest. */
  async adopt(id: string, sha256: string): Promise<boolean> {
    return this.locks.run(id, async () => {
      if ((await this.files.identity(id)) === undefined || (await this.files.record(id)) !== undefined) return false;
      const { size, sha256: actual } = await this.verifying.run(() => this.files.fingerprint(id));
      if (actual !== sha256) return false;
      await this.files.writeRecord(id, { sha256, size });
      return (await this.look(id)) !== undefined;
    });
  }

  async remove(id: string): Promise<void> {
    await this.locks.run(id, async () => {
      await this.files.remove(id);
      this.forget(id);
    });
  }

  /** Removes what was put aside for people to look at. */
  async emptyQuarantine(): Promise<void> {
    await this.files.emptyQuarantine();
  }

  close(): void {
    this.watcher.close();
    for (const timer of this.unsettled.values()) clearTimeout(timer);
  }

  /** Looks at one package, under its lock: what is there, and whether it is what it must be. */
  private async look(id: string): Promise<StoredPackage | undefined> {
    const identity = await this.files.identity(id);
    const known = this.packages.get(id);
    if (known !== undefined && !known.suspect && known.identity === identity) return known;
    if (identity !== undefined) return this.verify(id, identity);
    // Deleted by hand. The record stays until the next start: whoever puts a package here writes its record first.
    return this.forget(id);
  }

  private async verify(id: string, identity: string): Promise<StoredPackage | undefined> {
    const record = await this.files.record(id);
    if (record === undefined) {
      this.options.log.warn('A package without a record is not served', { package: id });
      return this.forget(id);
    }
    const fingerprint = await this.verifying.run(() => this.files.fingerprint(id));
    const bytes = recognise(record, fingerprint.sha256);
    if (bytes === undefined) return this.quarantine(id);
    if (record.previous !== undefined) await this.files.writeRecord(id, bytes);
    return this.put({ id, bytes, identity, fingerprint });
  }

  private async quarantine(id: string): Promise<undefined> {
    this.options.log.error('The bytes of a package changed: it goes into quarantine', { package: id });
    await this.files.quarantine(id);
    this.packages.delete(id);
    this.damaged.add(id);
    this.options.onQuarantine?.();
    this.options.onChange();
  }

  private put(verified: Verified): StoredPackage {
    const found = new StoredPackage(verified, this.shared);
    this.packages.set(found.id, found);
    this.damaged.delete(found.id);
    this.options.onChange();
    return found;
  }

  private forget(id: string): undefined {
    if (this.packages.delete(id)) this.options.onChange();
  }

  /** A file changed: looked at once it has come to rest. */
  private notice(name: string | null): void {
    const id = name === null ? undefined : idOfFile(name);
    if (id === undefined) return;
    clearTimeout(this.unsettled.get(id));
    const look = (): void => {
      this.unsettled.delete(id);
      this.find(id).catch((error: unknown) => this.complain(id, error));
    };
    this.unsettled.set(id, setTimeout(look, SETTLE_MS));
  }

  private complain(id: string, error: unknown): void {
    this.options.log.error('A package could not be looked at', { package: id, error });
  }
}

/** Makes `directory`, and removes what killed processes left there. */
export const prepareDirectory = (directory: string): Promise<void> => new PackageFiles(directory).prepare();
