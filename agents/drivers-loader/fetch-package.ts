import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { OperatorError } from '../../lib/base/errors';
import { packageId, packagePath } from '../../lib/drivers/package';
import type { IndexEntry } from '../../lib/drivers/package-index';
import { AtomicFile } from '../shared/atomic-file';
import { download } from '../shared/download';
import type { HttpClient } from '../shared/http-client';
import { createHttpClient } from '../shared/http-client';
import { jitter } from './decide';
import { inDirectory } from './node-files';
import type { PackageCache } from './package-cache';
import type { LoadSettings } from './settings';

/** How often the rest of a package is asked for, and how long all of it may take. */
export interface FetchLimits {
  readonly attempts: number;
  readonly deadlineMs: number;
  /** A server that says nothing for so long is given up. */
  readonly idleMs: number;
}

export const FETCH_LIMITS: FetchLimits = { attempts: 3, deadlineMs: 600_000, idleMs: 30_000 };

/**
 * Puts the package of `entry` into the cache: whole and with the right digest, or not at all. Waits first, each node its own
 * time. Throws DistUnreachable, DigestMismatch, PackageTooLarge, NoSpaceOnNode, NodeDirectoryUnusable; the signal's reason.
 */
export const fetchPackage = async (
  entry: IndexEntry,
  cache: PackageCache,
  settings: LoadSettings,
  { signal, limits = FETCH_LIMITS }: { readonly signal: AbortSignal; readonly limits?: FetchLimits },
): Promise<void> => {
  const client = await clientOf(settings);
  try {
    await delay(jitter(settings.nodeName, settings.jitterSeconds), undefined, { signal });
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(limits.deadlineMs)]);
    await inDirectory(cache.directory, entry.size, () =>
      fetchFile(entry, cache, { client, settings, deadline, limits }),
    );
  } catch (error) {
    signal.throwIfAborted();
    throw asDistFailure(error, settings.distUrl, limits);
  } finally {
    await client.close();
  }
};

interface Way {
  readonly client: HttpClient;
  readonly settings: LoadSettings;
  readonly deadline: AbortSignal;
  readonly limits: FetchLimits;
}

const fetchFile = async (
  entry: IndexEntry,
  cache: PackageCache,
  { client, settings, deadline, limits }: Way,
): Promise<void> => {
  const file = await AtomicFile.create(cache.pathOf(entry));
  try {
    const url = `${settings.distUrl}${packagePath(packageId(entry))}`;
    const wanted = { url, sha256: entry.sha256, limitBytes: entry.size };
    await download(wanted, file, { client, signal: deadline, attempts: limits.attempts, idleMs: limits.idleMs });
    // A crash before this leaves a temporary file, which the next loader removes.
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
};

/** Only the installation's own authorities count; the file is read anew by each attempt, because they are renewed. */
const clientOf = async ({ distUrl, caFile }: LoadSettings): Promise<HttpClient> => {
  if (!distUrl.startsWith('https:')) return createHttpClient();
  try {
    return createHttpClient({ ca: await readFile(caFile, 'utf8') });
  } catch (error) {
    const cause = `names ${caFile}, which cannot be read`;
    throw new OperatorError('AgentMisconfigured', { name: 'CA_FILE', cause }, { cause: error });
  }
};

/** How a fetch failed, for the operator, which knows Service and endpoints: it finds out what of them is wrong. */
export type FetchProblem = 'name' | 'connection' | 'silence' | 'trust' | 'answer';

const asDistFailure = (error: unknown, distUrl: string, { deadlineMs }: FetchLimits): unknown => {
  const unreachable = (kind: FetchProblem, cause: string): OperatorError =>
    new OperatorError('DistUnreachable', { url: distUrl, kind, cause }, { cause: error });
  if (!(error instanceof OperatorError)) {
    const late = (error as Error).name === 'TimeoutError';
    return late ? unreachable('silence', `the package did not arrive within ${deadlineMs / 1000} s`) : error;
  }
  const { status = '', cause = '' } = error.parameters;
  switch (error.code) {
    case 'RegistryUnreachable':
      return unreachable(kindOf(String(cause)), String(cause));
    case 'RegistryUntrusted':
      return unreachable('trust', `its certificate is not trusted (${cause})`);
    case 'RegistryRefused':
    case 'RegistryFailed':
    case 'PackageGone':
      return unreachable('answer', `it answers HTTP ${status}`);
    case 'RegistryAnswerInvalid':
      return unreachable('answer', String(cause));
    case 'PackageTruncated':
      return unreachable('connection', 'it ended the package before its last byte');
    default:
      return error;
  }
};

const kindOf = (cause: string): FetchProblem => {
  if (cause.includes('name')) return 'name';
  return /in time|nothing was heard/.test(cause) ? 'silence' : 'connection';
};
