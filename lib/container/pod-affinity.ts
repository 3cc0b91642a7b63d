import type { JsonObject, JsonValue } from '../base/json';
import { isJsonObject } from '../base/json';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

const partOf = (object: JsonObject, key: string): JsonObject => {
  const part = object[key];
  return isJsonObject(part) ? part : {};
};

const termsOf = (required: JsonObject): JsonObject[] => {
  const terms = required['nodeSelectorTerms'];
  return Array.isArray(terms) ? terms.filter(isJsonObject) : [];
};

const onNode = (name: string): JsonObject => ({ key: 'metadata.name', operator: 'In', values: [name] });

const pinned = (term: JsonObject, node: string): JsonObject => {
  const fields = term['matchFields'];
  return { ...term, matchFields: [...(Array.isArray(fields) ? fields : []), onNode(node)] };
};

/** The affinity of a Pod: what was asked for, and of that only the node named. By name: a hostname label may differ from it. */
export const podAffinity = (
  given: Readonly<Record<string, unknown>> | undefined,
  node: string | undefined,
): { affinity?: JsonObject } => {
  const affinity = (given ?? {}) as JsonObject;
  if (node === undefined) return given === undefined ? {} : { affinity };
  const nodeAffinity = partOf(affinity, 'nodeAffinity');
  const terms = termsOf(partOf(nodeAffinity, REQUIRED));
  const nodeSelectorTerms = (terms.length === 0 ? [{}] : terms).map((term) => pinned(term, node));
  return { affinity: { ...affinity, nodeAffinity: { ...nodeAffinity, [REQUIRED]: { nodeSelectorTerms } } } };
};

/** Whether the affinity of a Pod names a node. */
export const isPinned = (affinity: JsonValue | undefined): boolean =>
  isJsonObject(affinity) &&
  termsOf(partOf(partOf(affinity, 'nodeAffinity'), REQUIRED)).some(({ matchFields }) => matchFields !== undefined);

/** Any of these nodes: a term each, because a field takes one value. */
export const anyOfNodes = (names: readonly string[]): JsonObject => ({
  nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: names.map((name) => ({ matchFields: [onNode(name)] })) } },
});
