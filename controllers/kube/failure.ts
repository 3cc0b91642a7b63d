import type { IncomingHttpHeaders } from 'node:http';
import { isJsonObject } from '../../lib/base/json';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import { ApiError, apiError } from './api-error';
import type { ApiFailure, StatusCause, StatusReason } from './api-error';

/** What a call was about, for the sentence of its error. */
export interface CallSubject {
  /** `get`, `list`, `watch`, `apply`, … */
  readonly verb: string;
  /** `Kind/namespace/name`, or the kind. */
  readonly object: string;
  /** `pods`, `wekapolicies.weka.weka.io`: what a role must name. */
  readonly resource: string;
}

const REASONS: ReadonlySet<string> = new Set<StatusReason>([
  'NotFound',
  'AlreadyExists',
  'Conflict',
  'Invalid',
  'BadRequest',
  'Forbidden',
  'Unauthorized',
  'Expired',
  'Gone',
  'TooManyRequests',
  'Timeout',
  'ServerTimeout',
  'InternalError',
  'ServiceUnavailable',
  'UnsupportedMediaType',
  'MethodNotAllowed',
]);

/** The failure that a Status object tells. */
export const failureOfStatus = (status: JsonObject): ApiFailure => {
  const details = isJsonObject(status.details) ? status.details : {};
  const seconds = details.retryAfterSeconds;
  return {
    status: typeof status.code === 'number' ? status.code : 500,
    reason: reasonOf(status.reason),
    message: typeof status.message === 'string' ? status.message : 'no message',
    causes: Array.isArray(details.causes) ? details.causes.filter(isJsonObject).map(causeOf) : [],
    ...(typeof seconds === 'number' && seconds > 0 ? { retryAfterSeconds: seconds } : {}),
  };
};

/** The failure that an HTTP answer tells: a Status object, or the words of whoever answered for the API server. */
export const failureOfAnswer = (status: number, headers: IncomingHttpHeaders, body: string): ApiFailure => {
  const parsed = statusObject(body);
  const failure: ApiFailure =
    parsed === undefined
      ? { status, reason: undefined, message: body.trim().slice(0, 200) || `HTTP ${status}` }
      : { ...failureOfStatus(parsed), status };
  const seconds = retryAfterSeconds(headers['retry-after']);
  return seconds === undefined ? failure : { ...failure, retryAfterSeconds: seconds };
};

/** Whether a 404 means that the server doesn't know the kind, not that one object is missing. */
export const saysKindMissing = (body: string): boolean => {
  const details = statusObject(body)?.details;
  return !isJsonObject(details) || typeof details.name !== 'string' || details.name === '';
};

/** Node's codes for a certificate that is not trusted; anything else is the network. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS|ERR_SSL|HOSTNAME_MISMATCH|EPROTO/;

/** The error for a call that got no answer. */
export const networkError = (
  thrown: Error & { readonly code?: string },
  subject: CallSubject,
  server: string,
): ApiError => {
  const message =
    thrown.code === undefined || thrown.message.includes(thrown.code)
      ? thrown.message
      : `${thrown.message} (${thrown.code})`;
  const failure: ApiFailure = { status: 0, reason: undefined, message };
  if (!UNTRUSTED.test(thrown.code ?? '')) return apiError(failure, { ...subject, server });
  return new ApiError('ApiUntrusted', { server, cause: message }, failure, { cause: thrown });
};

/** The error for a call that took longer than `seconds`. */
export const timeoutError = (subject: CallSubject, seconds: number): ApiError =>
  new ApiError(
    'ApiTimeout',
    { ...subject, seconds },
    { status: 0, reason: 'Timeout', message: `no answer within ${seconds} s` },
  );

/** The error for a kind that the server doesn't know. */
export const kindMissing = (kind: string, apiVersion: string): ApiError =>
  new ApiError(
    'KindMissing',
    { kind, apiVersion },
    { status: 404, reason: 'NotFound', message: `the server does not know ${kind} of ${apiVersion}` },
  );

const statusObject = (body: string): JsonObject | undefined => {
  if (!body.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(body) as JsonValue;
    return isJsonObject(value) && value.kind === 'Status' ? value : undefined;
  } catch {
    return undefined;
  }
};

const reasonOf = (value: JsonValue | undefined): StatusReason | undefined =>
  typeof value === 'string' && REASONS.has(value) ? (value as StatusReason) : undefined;

const causeOf = ({ field, reason, message }: JsonObject): StatusCause => ({
  ...(typeof field === 'string' ? { field } : {}),
  ...(typeof reason === 'string' ? { reason } : {}),
  message: typeof message === 'string' ? message : '',
});

const retryAfterSeconds = (header: string | undefined): number | undefined => {
  if (header === undefined || !/^\d+$/.test(header.trim())) return undefined;
  return Number(header);
};
