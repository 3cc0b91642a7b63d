import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { AtomicFile } from '../shared/atomic-file';
import type { Fingerprint } from './fingerprint';
import { CHUNK_BYTES, Fingerprinter } from './fingerprint';
import type { Space } from './space';

/**
 * A package that is arriving: hashed as it comes, in a temporary file that nobody serves. It becomes a package only by
 * PackageStore.accept; a process killed before that leaves a temporary file, which the next start removes.
 */
export class IncomingPackage {
  private readonly fingerprinter = new Fingerprinter();
  private open = true;

  private constructor(
    readonly id: string,
    private readonly file: AtomicFile,
    private readonly space: Space,
    private reserved: number,
  ) {}

  /** `size`: bytes that are kept free for it; 0 where nobody knows. Throws StorageFull, or the system's error. */
  static async begin(id: string, path: string, size: number, space: Space): Promise<IncomingPackage> {
    await space.reserve(id, size);
    try {
      return new IncomingPackage(id, await AtomicFile.create(path), space, size);
    } catch (error) {
      space.release(size, 0);
      throw error;
    }
  }

  /** Bytes so far. */
  get size(): number {
    return this.file.size;
  }

  /** Adds bytes; `chunk` must not be changed afterwards. Throws StorageFull where more come than were expected. */
  async write(chunk: Buffer): Promise<void> {
    if (this.file.size + chunk.length > this.reserved) await this.reserveMore(chunk.length);
    this.fingerprinter.update(chunk);
    this.space.wrote(chunk.length);
    await this.file.write(chunk);
  }

  /** After the last byte: makes them durable, still under the temporary name. */
  async finish(): Promise<Fingerprint> {
    await this.file.finish();
    return this.fingerprinter.finish();
  }

  /** What was written; after `finish`. */
  content(): Readable {
    return createReadStream(this.file.temporary);
  }

  /** Gives the file its name. */
  async commit(): Promise<void> {
    await this.file.commit();
    this.giveBack();
  }

  /** Throws everything away; does nothing after `commit`. */
  async discard(): Promise<void> {
    if (this.open) await this.file.discard();
    this.giveBack();
  }

  /** In steps, so that the file system is not asked for each piece of the network. */
  private async reserveMore(bytes: number): Promise<void> {
    const step = Math.max(bytes, CHUNK_BYTES);
    await this.space.reserve(this.id, step);
    this.reserved += step;
  }

  private giveBack(): void {
    if (!this.open) return;
    this.open = false;
    this.space.release(this.reserved, this.file.size);
  }
}
