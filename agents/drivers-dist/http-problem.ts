import type { ErrorCode } from '../../lib/base/errors';
import { asOperatorError } from '../../lib/base/errors';

/** Status of each error that a client can be told; every other one is our own failure. */
const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  PackageIdInvalid: 400,
  UploadHeaderInvalid: 400,
  UploadIncomplete: 400,
  UploadNotPermitted: 403,
  PackageNotStored: 404,
  PackageNotWanted: 404,
  PathUnknown: 404,
  PackageConflict: 409,
  PackageTooLarge: 413,
  PackageManifestInvalid: 422,
  UploadDigestMismatch: 422,
  DistNotReady: 503,
  PackageCorrupted: 503,
  StorageFull: 507,
  StorageFailed: 503,
};

/** Seconds after which trying again may help. */
const RETRY_AFTER = '5';

/** An error as a client is told it. */
export interface HttpProblem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly code: string; readonly message: string; readonly remedy: string };
}

/** What a client is told of a thrown value. Pure. */
export const problemOf = (thrown: unknown): HttpProblem => {
  const { code, message, remedy, parameters } = asOperatorError(thrown);
  const status = code === 'UploadNotPermitted' && parameters['problem'] === 'malformed' ? 401 : (STATUS[code] ?? 500);
  const headers: Record<string, string> = {
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(status === 503 ? { 'retry-after': RETRY_AFTER } : {}),
  };
  // Our own failures may quote anything: they go to the log, not to whoever asks.
  const told = status === 500 ? 'The distribution service failed.' : message;
  return { status, headers, body: { code, message: told, remedy } };
};
