import type { JsonObject } from './json';
import { isJsonObject } from './json';

/** The version of the documents that this program writes. */
export const DOCUMENT_SCHEMA = 1;

/**
 * What passes between the operator and an agent on a node. The operator writes a *desired* document, the agent answers
 * with an *observed* one; neither ever sends a command. Fields that a reader doesn't know are ignored, so that either
 * side may be newer by minor changes; another `schema` number is refused.
 */
export interface Document<Kind extends string, Body extends JsonObject> {
  readonly schema: typeof DOCUMENT_SCHEMA;
  /** `NodeDesired`, `NodeObserved`, … */
  readonly kind: Kind;
  /** The desired document's revision: changes when and only when its body does. In an observed one: the revision it answers. */
  readonly revision: string;
  readonly body: Body;
}

/** Why a document can't be used: a sentence that says what to do. */
export interface Refused {
  readonly refused: string;
}

/** Checks the envelope of a document that came over a wire. The body is the reader's to check. */
export const readDocument = <Kind extends string>(value: unknown, kind: Kind): Document<Kind, JsonObject> | Refused => {
  if (!isJsonObject(value)) return { refused: 'the document is not a JSON object' };
  if (typeof value['schema'] !== 'number') return { refused: 'the document has no schema number' };
  if (value['schema'] > DOCUMENT_SCHEMA)
    return { refused: `schema ${value['schema']} is newer than ${DOCUMENT_SCHEMA}: upgrade the older side` };
  if (value['schema'] !== DOCUMENT_SCHEMA)
    return { refused: `schema ${value['schema']} is not supported any more: upgrade the other side` };
  if (value['kind'] !== kind) return { refused: `expected ${kind}, got ${JSON.stringify(value['kind'])}` };
  if (typeof value['revision'] !== 'string' || !isJsonObject(value['body']))
    return { refused: 'revision or body is missing' };
  return { schema: DOCUMENT_SCHEMA, kind, revision: value['revision'], body: value['body'] };
};
