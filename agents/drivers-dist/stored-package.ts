import { OperatorError } from '../../lib/base/errors';
import type { ChunkCache, Lease } from './chunk-cache';
import type { Fingerprint } from './fingerprint';
import { CHUNK_BYTES } from './fingerprint';
import type { Gate } from './gate';
import type { PackageFiles } from './package-files';
import type { StoredBytes } from './package-record';

/** What packages share. */
export interface Shared {
  readonly files: PackageFiles;
  readonly cache: ChunkCache;
  /** How many chunks are read from the disk at once. */
  readonly reading: Gate;
}

/** What was found out about a package. */
export interface Verified {
  readonly id: string;
  /** As its record says, and as its file has. */
  readonly bytes: StoredBytes;
  /** Of the file that was verified: PackageFiles.identity. */
  readonly identity: string;
  readonly fingerprint: Fingerprint;
}

let generations = 0;

/**
 * A package whose bytes were verified, as they were then: a file that is replaced or changed later becomes another one.
 * It gives out no byte that does not belong to the digest.
 */
export class StoredPackage {
  private readonly generation = (generations += 1);
  /** Set when a chunk did not verify: the whole file is looked at again before it is served. */
  suspect = false;

  constructor(
    private readonly verified: Verified,
    private readonly shared: Shared,
  ) {}

  get id(): string {
    return this.verified.id;
  }

  get bytes(): StoredBytes {
    return this.verified.bytes;
  }

  get sha256(): string {
    return this.bytes.sha256;
  }

  get size(): number {
    return this.bytes.size;
  }

  get identity(): string {
    return this.verified.identity;
  }

  /** A chunk, verified; to be released once it is sent. Rejects with PackageCorrupted when the disk has other bytes. */
  async chunk(index: number): Promise<Lease> {
    const { cache, reading } = this.shared;
    const size = this.verified.fingerprint.chunkSize(index);
    return cache.take(`${this.generation}/${index}`, size, () => reading.run(() => this.read(index)));
  }

  private async read(index: number): Promise<Buffer> {
    const { fingerprint } = this.verified;
    const bytes = await this.shared.files.read(this.id, index * CHUNK_BYTES, fingerprint.chunkSize(index));
    if (fingerprint.holds(index, bytes)) return bytes;
    this.suspect = true;
    throw new OperatorError('PackageCorrupted', { id: this.id });
  }
}
