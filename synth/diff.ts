/**
 * What an apply would change, told offline from the live object and its managedFields: no dry-run, no extra call.
 * Three things make an apply necessary: a wanted value is missing or different; a wanted field has the right value but
 * isn't ours, so anybody may change it; a field is ours and no longer wanted. Defaults that the server filled in,
 * spellings that it rewrote and fields of others are no difference.
 */
import type { JsonSchema } from '../lib/api/json-schema';
import type { JsonObject, JsonValue } from '../lib/base/json';
import { isJsonObject } from '../lib/base/json';
import type { LiveObject, Manifest } from '../lib/base/kube-object';
import type { FieldPath, FieldSet } from './fields';
import { NO_FIELDS, objectFields, ownedBy, pathString } from './fields';
import { childrenOf } from './merge-values';
import { sameQuantity } from './quantity';
import { childSchema, isQuantity, itemSchema, resolveSchema, schemaFor, topologyOf } from './schemas';

/** Paths as people write them, each list in the order of the manifest. All empty: an apply would change nothing. */
export interface Difference {
  /** Wanted, and missing or different in the live object. */
  readonly values: readonly string[];
  /** Wanted and equal, but not owned by us. */
  readonly unowned: readonly string[];
  /** Owned by us and no longer wanted. */
  readonly givenUp: readonly string[];
}

/** Whether an apply would change nothing. */
export const isSame = (difference: Difference): boolean =>
  difference.values.length === 0 && difference.unowned.length === 0 && difference.givenUp.length === 0;

/** The difference as reasons for people: `spec.replicas differs`. */
export const reasonsOf = (difference: Difference): string[] => [
  ...difference.values.map((path) => `${path} differs`),
  ...difference.unowned.map((path) => `${path} is not owned yet`),
  ...difference.givenUp.map((path) => `${path} is no longer wanted`),
];

type Schema = JsonSchema | undefined;

/** Values that the server leaves out when it stores an object, so that wanting them and not having them are the same. */
const isZero = (value: JsonValue | undefined): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** What the server fills in inside of lists and maps that are compared whole, and that its OpenAPI doesn't tell. */
const FILLED_IN: Readonly<Record<string, readonly JsonValue[]>> = {
  apiVersion: ['v1'],
  expirationSeconds: [3600],
  protocol: ['TCP'],
  scope: ['*', 'Namespaced'],
  apiGroup: ['rbac.authorization.k8s.io'],
};

const isFilledIn = (key: string, value: JsonValue | undefined, schema: Schema): boolean => {
  if (isZero(value)) return true;
  const fallback = schema === undefined ? undefined : (schema.default ?? resolveSchema(schema).default);
  return fallback === value || (FILLED_IN[key] ?? []).includes(value ?? null);
};

const sameMaps = (wanted: JsonObject, live: JsonObject, schema: Schema): boolean =>
  Object.keys({ ...wanted, ...live }).every((key) => {
    const below = childSchema(schema, key);
    if (isZero(wanted[key]) && wanted[key] === undefined) return isFilledIn(key, live[key], below);
    return sameValue(wanted[key], live[key], below);
  });

/** Whether the live value is what was wanted, up to the server's spelling and defaults. */
const sameValue = (wanted: JsonValue | undefined, live: JsonValue | undefined, schema: Schema): boolean => {
  if (wanted === live) return true;
  if (live === undefined) return isZero(wanted);
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(live) &&
      wanted.length === live.length &&
      wanted.every((item, index) => sameValue(item, live[index], itemSchema(schema)))
    );
  }
  if (isJsonObject(wanted)) return isJsonObject(live) && sameMaps(wanted, live, schema);
  return isQuantity(schema) && sameQuantity(wanted, live);
};

/** One node of the walk: what is wanted and what is there, and both sets of fields at this place. */
interface Place {
  readonly path: FieldPath;
  readonly wanted: JsonValue;
  readonly live: JsonValue;
  readonly schema: Schema;
  readonly wants: FieldSet;
  readonly owned: FieldSet;
}

interface Findings {
  readonly values: string[];
  readonly unowned: string[];
  readonly givenUp: string[];
}

const compareChildren = (place: Place, findings: Findings): void => {
  const live = childrenOf(place.live, place.schema);
  for (const [element, child] of childrenOf(place.wanted, place.schema)) {
    const wants = place.wants.children.get(element);
    if (wants === undefined) continue; // identity, or nothing that anybody can own
    const path = [...place.path, element];
    const found = live.get(element);
    if (found !== undefined) {
      compare(
        {
          path,
          wanted: child.value,
          live: found.value,
          schema: child.schema,
          wants,
          owned: place.owned.children.get(element) ?? NO_FIELDS,
        },
        findings,
      );
    } else if (!isZero(child.value)) findings.values.push(pathString(path));
  }
};

const compare = (place: Place, findings: Findings): void => {
  const topology = topologyOf(place.schema, place.wanted);
  const sameShape =
    Array.isArray(place.wanted) === Array.isArray(place.live) &&
    isJsonObject(place.wanted) === isJsonObject(place.live);
  if (topology.kind === 'leaf' || !sameShape) {
    if (!sameValue(place.wanted, place.live, place.schema)) return void findings.values.push(pathString(place.path));
  } else compareChildren(place, findings);
  // Whether a container itself is listed beside what is in it depends on the server's version: only the leaves count.
  if (place.wants.member && !place.owned.member && place.owned.children.size === 0 && place.wants.children.size === 0) {
    findings.unowned.push(pathString(place.path));
  }
};

/** Fields of ours that exist and that the manifest no longer has. */
const findGivenUp = (
  owned: FieldSet,
  place: Pick<Place, 'path' | 'wants' | 'schema'> & { live: JsonValue | undefined },
  findings: Findings,
): void => {
  const live = childrenOf(place.live, place.schema);
  for (const [element, child] of owned.children) {
    const found = live.get(element);
    if (found === undefined) continue;
    const wants = place.wants.children.get(element);
    const path = [...place.path, element];
    if (wants === undefined && child.member) findings.givenUp.push(pathString(path));
    else findGivenUp(child, { path, wants: wants ?? NO_FIELDS, schema: found.schema, live: found.value }, findings);
  }
};

/** What applying `desired` as `manager` would change in `live`. Status is never compared: it isn't applied with the object. */
export const diff = (
  desired: Manifest,
  live: LiveObject,
  manager: string,
  schema: JsonSchema | undefined = schemaFor(desired),
): Difference => {
  const { status: _, ...wanted } = desired;
  const findings: Findings = { values: [], unowned: [], givenUp: [] };
  const wants = objectFields(wanted, schema);
  const owned = ownedBy(live, manager);
  const root = { path: [], schema, wants, live: live as unknown as JsonObject };
  compareChildren({ ...root, wanted: wanted as unknown as JsonObject, owned }, findings);
  findGivenUp(owned, root, findings);
  return findings;
};
