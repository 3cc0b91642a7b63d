import type { ErrorCode, ErrorParameters } from '../../lib/base/errors';
import type { DistDesired, DistObserved, HeldPackage } from '../../lib/drivers/agent-documents';
import type { AgentFailure } from '../../lib/drivers/agent-result';
import { isPackageId, isSha256 } from '../../lib/drivers/package';
import { mayBecome } from '../../lib/drivers/may-become';
import { checkPermit } from '../../lib/drivers/permit';
import type { StoredBytes } from './package-record';

/** What is no longer wanted stays this long: whoever wanted it may come back. Milliseconds. */
export const GRACE_MS = 24 * 3_600_000;
/** Bytes that no driver package reaches. */
export const MAX_PACKAGE_BYTES = 512 << 20;

/** An upload before its body is read; texts as the headers had them. */
export interface UploadRequest {
  readonly id: string;
  readonly authorization: string | undefined;
  readonly contentLength: string | undefined;
  readonly sha256: string | undefined;
}

/** What an upload is judged by. */
export interface UploadFacts {
  /** Absent: the operator has not said anything yet. */
  readonly desired: DistDesired | undefined;
  readonly stored: StoredBytes | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly maxBytes: number;
}

/** A row of the errors table, with what fills it. */
export interface Refusal {
  readonly refuse: ErrorCode;
  readonly parameters: ErrorParameters;
}

export type UploadVerdict =
  | { readonly do: 'store'; readonly size: number; readonly sha256: string; readonly podUID: string }
  /** It has these bytes already. */
  | { readonly do: 'nothing'; readonly stored: StoredBytes }
  | Refusal;

const refusal = (refuse: ErrorCode, parameters: ErrorParameters = {}): Refusal => ({ refuse, parameters });

/**
 * What becomes of an upload. Who has no permit learns nothing about packages; bytes under an id change only to those that
 * the operator names or, where it vouches for none, to those of another builder's Pod.
 */
export const judgeUpload = (request: UploadRequest, facts: UploadFacts): UploadVerdict => {
  const { id } = request;
  const { desired, stored } = facts;
  if (!isPackageId(id)) return refusal('PackageIdInvalid', { id });
  if (desired === undefined) return refusal('DistNotReady', { cause: 'the operator has not told it yet what to hold' });
  const permit = checkPermit(bearerOf(request.authorization), desired.permitKeys, { packageId: id, now: facts.now });
  if ('problem' in permit) return refusal('UploadNotPermitted', { problem: permit.problem });
  const wanted = desired.packages.find((candidate) => candidate.id === id);
  if (wanted === undefined) return refusal('PackageNotWanted', { id });
  const body = readHeaders(request, facts.maxBytes);
  if ('refuse' in body) return body;
  if (stored?.sha256 === body.sha256) return { do: 'nothing', stored };
  const { podUID } = permit.claims;
  if (!mayBecome(wanted, stored, { sha256: body.sha256, podUID })) return refusal('PackageConflict', { id });
  return { do: 'store', ...body, podUID };
};

const bearerOf = (authorization: string | undefined): string => /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';

const readHeaders = (request: UploadRequest, maxBytes: number): { size: number; sha256: string } | Refusal => {
  const { contentLength, id } = request;
  const sha256 = request.sha256?.toLowerCase();
  if (contentLength === undefined || !/^\d{1,15}$/.test(contentLength))
    return refusal('UploadHeaderInvalid', { header: 'Content-Length' });
  if (!isSha256(sha256)) return refusal('UploadHeaderInvalid', { header: 'X-Content-Sha256' });
  const size = Number(contentLength);
  return size > maxBytes ? refusal('PackageTooLarge', { path: id, limit: maxBytes }) : { size, sha256 };
};

/** Packages that nobody wants any more. */
export interface Unwanted {
  /** Since when each is not wanted, milliseconds since the epoch. */
  readonly since: ReadonlyMap<string, number>;
  /** Those whose grace is over. */
  readonly remove: readonly string[];
}

/** A package that is there. */
export interface Held extends Pick<StoredBytes, 'imported'> {
  readonly id: string;
}

/**
 * Which of `held` to remove. Nothing is, before the operator has said what it wants; and nothing that somebody imported,
 * who may have done so long before the cluster comes to want it: it goes only when room is needed.
 */
export const judgeUnwanted = (
  desired: DistDesired | undefined,
  held: readonly Held[],
  before: ReadonlyMap<string, number>,
  now: number,
): Unwanted => {
  if (desired === undefined) return { since: before, remove: [] };
  const wanted = new Set(desired.packages.map(({ id }) => id));
  const unwanted = held.filter(({ id }) => !wanted.has(id));
  const since = new Map(unwanted.map(({ id }) => [id, before.get(id) ?? now]));
  const over = (id: string): boolean => now - (since.get(id) ?? now) >= GRACE_MS;
  return { since, remove: unwanted.filter(({ id, imported }) => imported !== true && over(id)).map(({ id }) => id) };
};

/** What can go at once to make room for `bytes` more than there are, oldest first; nothing that is wanted ever does. */
export const judgeRoom = (
  bytes: number,
  since: ReadonlyMap<string, number>,
  sizes: ReadonlyMap<string, number>,
): readonly string[] => {
  const oldest = [...since].sort(([, a], [, b]) => a - b).map(([id]) => id);
  let missing = bytes;
  const gone = oldest.filter((id) => {
    const goes = missing > 0;
    if (goes) missing -= sizes.get(id) ?? 0;
    return goes;
  });
  return missing > 0 ? [] : gone;
};

/** How the mirroring of a package goes. */
export type MirrorState = { readonly state: 'fetching' } | { readonly state: 'failed'; readonly failure: AgentFailure };

/** What is known here, for the report. */
export interface DistFacts {
  readonly stored: readonly (StoredBytes & { readonly id: string })[];
  readonly quarantined: readonly string[];
  readonly mirrors: ReadonlyMap<string, MirrorState>;
  readonly certificateRequest: string;
  readonly full: boolean;
}

const heldOf = ({ stored, quarantined, mirrors }: DistFacts): readonly HeldPackage[] => {
  const held = new Map<string, HeldPackage>();
  for (const id of quarantined)
    held.set(id, { id, state: 'quarantined', failure: { code: 'PackageCorrupted', parameters: { id } } });
  for (const [id, mirror] of mirrors) held.set(id, { id, ...mirror });
  for (const { id, sha256, size, podUID } of stored)
    held.set(id, { id, state: 'stored', sha256, size, ...(podUID === undefined ? {} : { podUID }) });
  return [...held.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
};

/** What is told to the operator. A package that is stored counts as stored while its successor is on its way. */
export const observe = (facts: DistFacts): DistObserved => ({
  packages: heldOf(facts),
  certificateRequest: facts.certificateRequest,
  full: facts.full,
});

/** What is to be fetched: wanted with a source, and not there with those bytes. */
export const toMirror = (
  desired: DistDesired | undefined,
  stored: ReadonlyMap<string, StoredBytes>,
): readonly Fetch[] =>
  (desired?.packages ?? []).flatMap(({ id, mirror }) =>
    mirror === undefined || stored.get(id)?.sha256 === mirror.sha256 ? [] : [{ id, ...mirror }],
  );

/** One package to fetch. */
export interface Fetch {
  readonly id: string;
  readonly url: string;
  readonly sha256: string;
}
