import type { Document } from '../../lib/base/document';
import type { JsonObject } from '../../lib/base/json';

/** An answer of the gateway, before it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The connection ends with it: another replica may be behind the next one, or the rest of the request is not read. */
  readonly hangUp?: true;
}

/** Seconds after which an agent may come again. */
const AGAIN_SECONDS = 2;
const again = { 'retry-after': String(AGAIN_SECONDS) };

/** A sentence and nothing else. */
export const sentence = (status: number, text: string, headers: Answer['headers'] = {}): Answer => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  body: `${text}\n`,
});

/** Done, or nothing to say. */
export const nothing: Answer = { status: 204, headers: {}, body: '' };

/** The answer of one that may not act. */
export const notLeading: Answer = {
  ...sentence(503, 'another replica of the operator leads', again),
  hangUp: true,
};

export const notNow = (why: string): Answer => sentence(503, why, again);
export const tooFast = (why: string): Answer => sentence(429, why, again);
export const unauthorized = (why: string): Answer => sentence(401, why, { 'www-authenticate': 'Bearer' });

/** A document, or that it is the one which the agent has. */
export const documentAnswer = (document: Document<string, JsonObject>, has: string | undefined): Answer => {
  const etag = `"${document.revision}"`;
  if (has === etag) return { status: 304, headers: { etag }, body: '' };
  return { status: 200, headers: { etag, 'content-type': 'application/json' }, body: JSON.stringify(document) };
};
