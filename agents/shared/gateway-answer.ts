import type { IncomingHttpHeaders } from 'node:http';
import type { Document } from '../../lib/base/document';
import { readDocument } from '../../lib/base/document';
import type { JsonObject } from '../../lib/base/json';
import type { HttpsAnswer } from './https-call';

/** What the gateway's answer means for an agent. */
export type GatewayAnswer =
  | { readonly kind: 'document'; readonly document: Document<string, JsonObject> }
  /** It has nothing (new) to say, or has taken what it was told. */
  | { readonly kind: 'fine' }
  /** Try again later, at the earliest after `afterMs` if it says so. */
  | { readonly kind: 'later'; readonly why: string; readonly afterMs: number | undefined };

/** No `Retry-After` keeps an agent away for longer. */
const LONGEST_PAUSE_MS = 60_000;

/** Reads an answer; `kind`: of the document that the agent understands. Pure. */
export const readAnswer = ({ status, headers, body }: HttpsAnswer, kind: string): GatewayAnswer => {
  if (status === 204 || status === 304) return { kind: 'fine' };
  if (status !== 200) return later(`it answers ${status}: ${body.trim().slice(0, 200)}`, headers);
  const read = readDocument(parse(body), kind);
  return 'refused' in read
    ? later(`its document is not usable: ${read.refused}`, headers)
    : { kind: 'document', document: read };
};

const later = (why: string, headers: IncomingHttpHeaders): GatewayAnswer => {
  const seconds = Number(headers['retry-after']);
  const afterMs = seconds > 0 ? Math.min(seconds * 1000, LONGEST_PAUSE_MS) : undefined;
  return { kind: 'later', why, afterMs };
};

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // readDocument says that it is no object.
  }
};
