import { OperatorError } from '../../lib/base/errors';

/** Bytes that stay free on the file system: others live there, too. */
const KEPT_FREE = 64 << 20;

export interface SpaceOptions {
  /** Bytes that the file system still takes. */
  readonly freeBytes: () => Promise<number>;
  /** Bytes of all stored packages. */
  readonly usedBytes: () => number;
  /** Bytes that stay free on the file system. Default 64 MiB. */
  readonly keptFree?: number;
}

/** Room for packages: what is stored, what is promised to packages that are arriving, and what is left. */
export class Space {
  /** Bytes that packages may take in all. Absent: what the file system has. */
  limitBytes: number | undefined;
  /** Promised to packages that are arriving, and how much of that is on the disk already. */
  private reserved = 0;
  private written = 0;

  constructor(private readonly options: SpaceOptions) {}

  /** Bytes that one more package may have. */
  async available(): Promise<number> {
    const { freeBytes, usedBytes, keptFree = KEPT_FREE } = this.options;
    const free = await freeBytes();
    const byDisk = free - keptFree - (this.reserved - this.written);
    return Math.min(byDisk, (this.limitBytes ?? Infinity) - usedBytes() - this.reserved);
  }

  /** Promises room to package `id`, or throws StorageFull. */
  async reserve(id: string, bytes: number): Promise<void> {
    if (bytes > (await this.available())) throw new OperatorError('StorageFull', { id });
    this.reserved += bytes;
  }

  /** Of what was promised, this much is on the disk. */
  wrote(bytes: number): void {
    this.written += bytes;
  }

  /** The package has arrived, or never will: `reserved` as promised to it, `written` as told. */
  release(reserved: number, written: number): void {
    this.reserved -= reserved;
    this.written -= written;
  }
}
