/** A chunk that stays in memory until it is released. */
export interface Lease {
  readonly bytes: Buffer;
  readonly release: () => void;
}

interface Entry {
  /** Rejects as loading did. */
  readonly bytes: Promise<Buffer>;
  readonly size: number;
  leases: number;
}

/**
 * Chunks of packages that were verified, in memory, so that a thousand downloads of one package read it once. Never more
 * than `limitBytes`: chunks that are being sent are not dropped, and who finds no room waits until one is released.
 * Nobody may take a second chunk before the first one is released.
 */
export class ChunkCache {
  /** Least recently used first. */
  private readonly entries = new Map<string, Entry>();
  private readonly waiting: (() => void)[] = [];
  private used = 0;

  constructor(private readonly limitBytes: number) {}

  /** Bytes in memory, or on their way there. */
  get bytes(): number {
    return this.used;
  }

  /** The chunk `key` of `size` bytes; read by `load` unless it is there or on its way. */
  async take(key: string, size: number, load: () => Promise<Buffer>): Promise<Lease> {
    const entry = await this.entry(key, size, load);
    let held = true;
    const release = (): void => {
      if (held) this.release(entry);
      held = false;
    };
    try {
      return { bytes: await entry.bytes, release };
    } catch (error) {
      if (this.entries.get(key) === entry) this.drop(key, entry);
      release();
      throw error;
    }
  }

  private async entry(key: string, size: number, load: () => Promise<Buffer>): Promise<Entry> {
    for (;;) {
      const there = this.entries.get(key);
      if (there !== undefined) return this.use(key, there);
      if (this.makeRoom(size)) return this.use(key, { bytes: load(), size, leases: 0 });
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private use(key: string, entry: Entry): Entry {
    if (!this.entries.delete(key)) this.used += entry.size;
    this.entries.set(key, entry);
    entry.leases += 1;
    return entry;
  }

  private release(entry: Entry): void {
    entry.leases -= 1;
    if (entry.leases === 0) for (const wake of this.waiting.splice(0)) wake();
  }

  /** A chunk that is larger than the cache is let in alone. */
  private makeRoom(size: number): boolean {
    for (const [key, entry] of this.entries) {
      if (this.used + size <= this.limitBytes) break;
      if (entry.leases === 0) this.drop(key, entry);
    }
    return this.used === 0 || this.used + size <= this.limitBytes;
  }

  private drop(key: string, entry: Entry): void {
    this.entries.delete(key);
    this.used -= entry.size;
  }
}
