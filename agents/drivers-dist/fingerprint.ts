import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';

/** Bytes of a chunk: what is read, verified, kept in memory and sent as one. */
export const CHUNK_BYTES = 1 << 20;

/** One chunk of a file: the state of the hash before it, and the digest of everything up to its end. */
interface Checkpoint {
  readonly before: Hash;
  readonly after: Buffer;
}

/**
 * What the bytes of a file must be: the SHA-256 of the whole, and the states that the hash went through. They let each
 * chunk be verified by itself, against the digest of the whole, without reading the others.
 */
export class Fingerprint {
  constructor(
    /** Of the whole. */
    readonly sha256: string,
    /** Bytes. */
    readonly size: number,
    private readonly checkpoints: readonly Checkpoint[],
  ) {}

  get chunks(): number {
    return this.checkpoints.length;
  }

  /** Bytes of a chunk; the last one may be shorter. */
  chunkSize(index: number): number {
    return Math.min(CHUNK_BYTES, this.size - index * CHUNK_BYTES);
  }

  /** Whether `bytes` are the ones that this chunk had when the whole was hashed. */
  holds(index: number, bytes: Buffer): boolean {
    const checkpoint = this.checkpoints[index];
    if (checkpoint === undefined || bytes.length !== this.chunkSize(index)) return false;
    return checkpoint.before.copy().update(bytes).digest().equals(checkpoint.after);
  }
}

/** Hashes a file as its bytes come, in pieces of any size. One pass gives the digest and the checkpoints. */
export class Fingerprinter {
  private readonly hash = createHash('sha256');
  private readonly checkpoints: Checkpoint[] = [];
  private before: Hash = this.hash.copy();
  private size = 0;
  private inChunk = 0;

  update(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + CHUNK_BYTES - this.inChunk);
      this.hash.update(piece);
      this.inChunk += piece.length;
      at += piece.length;
      if (this.inChunk === CHUNK_BYTES) this.closeChunk();
    }
    this.size += bytes.length;
  }

  /** After the last byte. */
  finish(): Fingerprint {
    if (this.inChunk > 0) this.closeChunk();
    return new Fingerprint(this.hash.copy().digest('hex'), this.size, this.checkpoints);
  }

  private closeChunk(): void {
    this.checkpoints.push({ before: this.before, after: this.hash.copy().digest() });
    this.before = this.hash.copy();
    this.inChunk = 0;
  }
}
