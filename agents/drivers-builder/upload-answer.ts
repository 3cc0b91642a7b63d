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

/** Answers that trying again can change: not wanted yet, time, digest of a damaged transfer, too many, no room. */
const PASSING = [404, 408, 422, 425, 429, 507];

/** Reads an answer. Pure. */
export const readUploadAnswer = (answer: HttpsAnswer): UploadAnswer => {
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: 'stored' };
  const cause = `HTTP ${status}: ${said(answer.body)}`;
  if (status === 401 || status === 403) return { kind: 'permit', cause };
  if (status === 409) return { kind: 'conflict', cause };
  if (status >= 500 || PASSING.includes(status)) return { kind: 'later', cause, afterMs: retryAfter(answer) };
  return { kind: 'refused', cause };
};

const retryAfter = ({ headers }: HttpsAnswer): number => {
  const seconds = Number(headers['retry-after'] ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, LONGEST_PAUSE_MS) : 0;
};

/** The message of an error document, or the text as it is. */
const said = (body: string): string => {
  const text = messageOf(body) ?? body.trim();
  return text === '' ? 'no reason given' : text.slice(0, CAUSE_CHARACTERS);
};

const messageOf = (body: string): string | undefined => {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
};
