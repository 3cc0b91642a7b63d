import { GROUP } from '../../lib/api/kind';
import type { ErrorCode, ErrorParameters } from '../../lib/base/errors';
import { OperatorError } from '../../lib/base/errors';

/** `reason` of a Kubernetes Status object, as far as anybody here acts on it. */
export type StatusReason =
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Invalid'
  | 'BadRequest'
  | 'Forbidden'
  | 'Unauthorized'
  | 'Expired'
  | 'Gone'
  | 'TooManyRequests'
  | 'Timeout'
  | 'ServerTimeout'
  | 'InternalError'
  | 'ServiceUnavailable'
  | 'UnsupportedMediaType'
  | 'MethodNotAllowed';

/** One entry of `details.causes`: which field, and why. */
export interface StatusCause {
  readonly field?: string;
  readonly reason?: string;
  readonly message: string;
}

/** What the API server (or the network before it) answered when it was not success. */
export interface ApiFailure {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly reason: StatusReason | undefined;
  /** The server's own sentence. */
  readonly message: string;
  readonly causes?: readonly StatusCause[];
  /** Seconds after which the server asks to be called again (`Retry-After`). */
  readonly retryAfterSeconds?: number;
}

/** A failed API call: the table's error, with the raw answer for those who must look closer. */
export class ApiError extends OperatorError {
  override readonly name = 'ApiError';

  constructor(
    code: ErrorCode,
    parameters: ErrorParameters,
    readonly failure: ApiFailure,
    options?: ErrorOptions,
  ) {
    super(code, parameters, options);
  }
}

/** Whether `thrown` is an ApiError with that reason. */
export const isApiError = (thrown: unknown, reason: StatusReason): thrown is ApiError =>
  thrown instanceof ApiError && thrown.failure.reason === reason;

/** Which row of the errors table an answer is. Pure; `verb` and `object` go into the message. */
export const apiError = (
  failure: ApiFailure,
  call: { verb: string; object: string; server?: string; resource?: string; namespace?: string },
): ApiError => {
  const parameters = {
    verb: call.verb,
    object: call.object,
    server: call.server ?? 'the API server',
    resource: call.resource ?? call.object,
    cause: failure.message,
    field:
      UNDECLARED.exec(failure.message)?.[1] ??
      (failure.causes?.map((cause) => cause.field ?? '').join(', ') || 'a field'),
    kind: call.object.split('/')[0] ?? call.object,
    seconds: failure.retryAfterSeconds ?? 0,
    namespace: call.namespace ?? 'of the object',
    owner: 'somebody else',
  };
  return new ApiError(codeOf(failure, call.resource?.endsWith(`.${GROUP}`) === true), parameters, failure);
};

const codeByStatus: Readonly<Record<number, ErrorCode>> = {
  0: 'ApiUnreachable',
  401: 'ApiUnauthorized',
  403: 'ApiForbidden',
  404: 'Conflict',
  409: 'Conflict',
  429: 'ApiBusy',
  408: 'ApiTimeout',
  504: 'ApiTimeout',
};

/** What an apply of a field that the schema lacks is answered with: as if the server had failed, but it won't help to try again. */
const UNDECLARED = /\.([\w.[\]"=-]+): field not declared in schema/;

const codeOf = (failure: ApiFailure, ours: boolean): ErrorCode => {
  if (failure.causes?.some((cause) => cause.reason === 'NamespaceTerminating') === true) return 'NamespaceTerminating';
  if (UNDECLARED.test(failure.message)) return ours ? 'CrdOutdated' : 'ObjectRejected';
  if (failure.status === 422 && failure.message.includes('immutable')) return 'ImmutableField';
  const known = codeByStatus[failure.status];
  if (known !== undefined) return known;
  return failure.status >= 500 ? 'ApiServerError' : 'ObjectRejected';
};
