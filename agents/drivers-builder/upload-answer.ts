import type { ErrorCode } from '../../lib/base/errors';
import { ERRORS } from '../../lib/base/errors';
import type { JsonObject } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { HttpsAnswer } from '../shared/https-call';

/** What a distribution service's answer to an upload means. */
export type UploadAnswer =
  /** It has these bytes: now, or since before. */
  | { readonly kind: 'stored' }
  /** Another permit is needed. */
  | { readonly kind: 'permit'; readonly cause: string }
  /** It has other bytes under this id, or the same: its digest says which. */
  | { readonly kind: 'conflict'; readonly cause: string }
  /** It cannot now. */
  | { readonly kind: 'later'; readonly cause: string; readonly afterMs: number }
  /** It never will. */
  | { readonly kind: 'refused'; readonly cause: string };

/** No `Retry-After` keeps a builder waiting for longer. */
const LONGEST_PAUSE_MS = 60_000;
const CAUSE_CHARACTERS = 300;

/** Without a code that says more: not wanted yet, time, damaged on the way, too early, too many, no room. */
const PASSING = [404, 408, 422, 425, 429, 507];

/** Reads an answer. Pure. */
export const readUploadAnswer = (answer: HttpsAnswer): UploadAnswer => {
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: 'stored' };
  const { code, message } = problemOf(answer.body);
  const cause = `HTTP ${status}: ${message}`;
  if (status === 401 || status === 403) return { kind: 'permit', cause };
  if (status === 409) return { kind: 'conflict', cause };
  const passes = code === undefined ? status >= 500 || PASSING.includes(status) : ERRORS[code].retry;
  return passes ? { kind: 'later', cause, afterMs: retryAfter(answer) } : { kind: 'refused', cause };
};

const retryAfter = ({ headers }: HttpsAnswer): number => {
  const seconds = Number(headers['retry-after'] ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, LONGEST_PAUSE_MS) : 0;
};

/** The code and message of an error document, or the text as it is. */
const problemOf = (body: string): { readonly code: ErrorCode | undefined; readonly message: string } => {
  const { code, message } = parse(body);
  const text = typeof message === 'string' ? message : body.trim();
  return {
    code: typeof code === 'string' && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : undefined,
    message: text === '' ? 'no reason given' : text.slice(0, CAUSE_CHARACTERS).replace(/\.$/, ''),
  };
};

const parse = (body: string): JsonObject => {
  try {
    const value = JSON.parse(body) as unknown;
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
};
