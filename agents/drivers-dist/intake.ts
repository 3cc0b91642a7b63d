import type { Readable } from 'node:stream';
import type { ErrorCode } from '../../lib/base/errors';
import { asOperatorError, OperatorError } from '../../lib/base/errors';
import type { WantedPackage } from '../../lib/drivers/agent-documents';
import { mayBecome } from '../../lib/drivers/may-become';
import { packageId } from '../../lib/drivers/package';
import { readManifest } from '../../lib/drivers/package-manifest';
import { ARCHIVE_LIMITS, ArchiveError, readArchive, readEntry } from '../shared/archive';
import { CHUNK_BYTES } from './fingerprint';
import type { IncomingPackage } from './incoming-package';
import type { StoredBytes } from './package-record';
import type { PackageStore } from './package-store';

export interface IntakeOptions {
  readonly store: PackageStore;
  /** What the operator says of a package now. */
  readonly wanted: (id: string) => WantedPackage | undefined;
  /** Frees this many bytes if it can. */
  readonly makeRoom: (bytes: number) => Promise<void>;
}

/** A package that is about to arrive. */
export interface Arrival {
  readonly id: string;
  /** What its bytes must have. */
  readonly sha256: string;
  /** Bytes; 0 where nobody knows. */
  readonly size: number;
  readonly podUID?: string;
}

/** Far above any manifest. */
const MANIFEST_BYTES = 1 << 20;

/** The one way into the store, for uploads and mirrored packages: bytes, digest, manifest, then the name. */
export class Intake {
  /** Bytes that packages needed which were refused for lack of room, by id; until they are stored. */
  readonly refused = new Map<string, number>();

  constructor(private readonly options: IntakeOptions) {}

  /**
   * Stores what `fill` writes, if it is what it must be; until then nobody sees it. Throws what `fill` throws,
   * StorageFull, StorageFailed, UploadDigestMismatch, PackageManifestInvalid or PackageConflict.
   */
  async take(arrival: Arrival, fill: (incoming: IncomingPackage) => Promise<void>): Promise<StoredBytes> {
    const { id, size } = arrival;
    let arrived = 0;
    try {
      await this.options.makeRoom(size);
      const incoming = await this.options.store.receive(id, size);
      try {
        await fill(incoming);
        const stored = await this.keep(arrival, incoming);
        this.refused.delete(id);
        return stored;
      } finally {
        arrived = incoming.size;
        await incoming.discard();
      }
    } catch (error) {
      const failure = asStorageError(error, id);
      if (failure.code === 'StorageFull') this.refused.set(id, size > 0 ? size : arrived + CHUNK_BYTES);
      throw failure;
    }
  }

  private async keep(arrival: Arrival, incoming: IncomingPackage): Promise<StoredBytes> {
    const { id, sha256 } = arrival;
    const by = arrival.podUID === undefined ? {} : { podUID: arrival.podUID };
    const fingerprint = await incoming.finish();
    if (fingerprint.sha256 !== sha256) throw new OperatorError('UploadDigestMismatch', { id });
    const problem = await manifestProblem(id, incoming.content());
    if (problem !== undefined) throw new OperatorError('PackageManifestInvalid', { id, problem });
    const wanted = this.options.wanted(id);
    const mayReplace = (there: StoredBytes): boolean =>
      wanted !== undefined && mayBecome(wanted, there, { sha256, ...by });
    const stored = await this.options.store.accept(incoming, { fingerprint, ...by }, mayReplace);
    if (stored.sha256 !== sha256) throw new OperatorError('PackageConflict', { id });
    return stored;
  }
}

/** Why an archive is not the package `id`; only its first entry is read. */
const manifestProblem = async (id: string, content: Readable): Promise<string | undefined> => {
  try {
    for await (const entry of readArchive(content, { ...ARCHIVE_LIMITS, fileBytes: MANIFEST_BYTES })) {
      const read = readManifest((await readEntry(entry)).toString('utf8'));
      if ('problem' in read) return `its manifest is not valid: ${read.problem}`;
      const { wekaVersion, kernel, architecture } = read.manifest;
      if (packageId(read.manifest) === id) return undefined;
      return `its manifest is for WEKA ${wekaVersion}, kernel ${kernel}, ${architecture}`;
    }
    return 'it is empty';
  } catch (error) {
    if (error instanceof ArchiveError) return error.message;
    throw error;
  } finally {
    content.destroy();
  }
};

const SYSTEM_ERRORS: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'StorageFull',
  EDQUOT: 'StorageFull',
  EFBIG: 'StorageFull',
  EIO: 'StorageFailed',
  EROFS: 'StorageFailed',
  EACCES: 'StorageFailed',
  EPERM: 'StorageFailed',
  ENOENT: 'StorageFailed',
  EMFILE: 'StorageFailed',
  ENFILE: 'StorageFailed',
};

/** Errors of the file system by what they mean. */
const asStorageError = (error: unknown, id: string): OperatorError => {
  const { code = '' } = error as NodeJS.ErrnoException;
  const known = error instanceof OperatorError ? undefined : SYSTEM_ERRORS[code];
  return known === undefined ? asOperatorError(error) : new OperatorError(known, { id, cause: code }, { cause: error });
};
