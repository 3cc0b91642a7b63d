import type { JsonObject } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import { isSha256 } from '../../lib/drivers/package';

/** What is known of the bytes of a stored package. */
export interface StoredBytes {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** UID of the builder's Pod that uploaded them. */
  readonly podUID?: string;
  /** Somebody brought them in a bundle. */
  readonly imported?: true;
}

/** The file beside each package: what its bytes must be. */
export interface PackageRecord extends StoredBytes {
  /** While a package is being replaced: what lies there until the new file has its name. */
  readonly previous?: StoredBytes;
}

const RECORD_SCHEMA = 1;

/** Of the file of a package, and of the record beside it. */
export const packageFile = (id: string): string => `${id}.tar.gz`;
export const recordFile = (id: string): string => `${id}.json`;

/** The record as text. */
export const recordText = (record: PackageRecord): string =>
  `${JSON.stringify({ schema: RECORD_SCHEMA, ...record }, null, 2)}\n`;

const readBytes = (value: unknown): StoredBytes | undefined => {
  if (!isJsonObject(value)) return undefined;
  const { sha256, size, podUID, imported } = value;
  if (!isSha256(sha256) || typeof size !== 'number') return undefined;
  const origin = { ...(typeof podUID === 'string' ? { podUID } : {}), ...(imported === true ? { imported } : {}) };
  return { sha256, size, ...origin };
};

const parse = (text: string): JsonObject | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) && value['schema'] === RECORD_SCHEMA ? value : undefined;
  } catch {
    return undefined; // Damaged: as good as none.
  }
};

/** Reads a record; `undefined`: it is none, and its package is nothing that can be vouched for. */
export const readRecord = (text: string): PackageRecord | undefined => {
  const value = parse(text);
  const bytes = readBytes(value);
  const previous = readBytes(value?.['previous']);
  return bytes === undefined ? undefined : { ...bytes, ...(previous === undefined ? {} : { previous }) };
};

/** Which of the bytes that a record allows these are. */
export const recognise = (record: PackageRecord, sha256: string): StoredBytes | undefined => {
  const { previous, ...current } = record;
  return [current, previous].find((bytes) => bytes?.sha256 === sha256);
};
