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
import type { FieldSet } from './fields';
import { fieldElement, isEmptyMap, isEmptySet, NO_FIELDS, pathString, UNOWNED_METADATA } from './fields';
import { childrenOf, finderIn, itemsBy } from './merge-values';
import { ownedBy } from './owners';
import { sameQuantity } from './quantity';
import { childSchema, declares, isQuantity, itemSchema, resolveSchema, schemaFor, topologyOf } from './schemas';

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

interface Findings {
  readonly values: string[];
  readonly unowned: string[];
  readonly givenUp: string[];
}

/** A value that is wanted at some place, the schema it is read by, and whether that schema names the place. */
interface Wanted {
  readonly value: JsonValue;
  readonly schema: Schema;
  readonly declared: boolean;
}

const NOTHING: JsonObject = {};

/** Whether whoever applies this owns anything by it. A list of items by key that is empty leaves no trace. */
const ownsAny = ({ value, schema, declared }: Wanted): boolean =>
  !declared || isEmptyMap(value) || topologyOf(schema, value).kind === 'leaf' || ownsInside(value, schema);

/** Whether whoever applies a container owns anything in it. */
const ownsInside = (value: JsonValue, schema: Schema): boolean =>
  Array.isArray(value)
    ? value.length > 0
    : Object.keys(value as JsonObject).some((key) => ownsField(value, key, schema));

const ownsField = (container: JsonValue, key: string, schema: Schema): boolean => {
  const value = (container as JsonObject)[key];
  return value !== undefined && ownsAny({ value, schema: childSchema(schema, key), declared: declares(schema, key) });
};

/** Path elements of what is directly below a container. */
const elementsOf = (value: JsonValue, schema: Schema): ReadonlySet<string> => new Set(childrenOf(value, schema).keys());

const NONE: ReadonlySet<string> = new Set();

/**
 * One walk over what is wanted, what is there and what is ours, side by side. Nothing is copied and the path is told
 * only where something differs: mostly nothing does.
 */
class Walk {
  readonly findings: Findings = { values: [], unowned: [], givenUp: [] };
  private readonly path: string[] = [];

  /** A container that is merged part by part. */
  compare(wanted: JsonValue, live: JsonValue, schema: Schema, owned: FieldSet): void {
    const kept = Array.isArray(wanted)
      ? this.items(wanted, live, schema, owned)
      : this.fields(wanted as JsonObject, isJsonObject(live) ? live : NOTHING, schema, owned);
    if (kept < owned.children.size) this.giveUp(owned, live, schema, elementsOf(wanted, schema));
  }

  /** How many of our fields are still named. */
  private fields(wanted: JsonObject, live: JsonObject, schema: Schema, owned: FieldSet): number {
    let kept = 0;
    for (const key in wanted) {
      const value = wanted[key];
      if (value === undefined || this.isIdentity(key, value)) continue;
      const child = { value, schema: childSchema(schema, key), declared: declares(schema, key) };
      // A label may be called `constructor`.
      const there = Object.hasOwn(live, key) ? live[key] : undefined;
      if (this.place(fieldElement(key), child, there, owned)) kept++;
    }
    return kept;
  }

  private items(wanted: readonly JsonValue[], live: JsonValue, schema: Schema, owned: FieldSet): number {
    const there = finderIn(live, schema);
    const below = itemSchema(schema);
    let kept = 0;
    for (const [element, value] of itemsBy(wanted, schema)) {
      if (this.place(element, { value, schema: below, declared: false }, there(element), owned)) kept++;
    }
    return kept;
  }

  /** Nobody owns what says which object it is, or what the server sets. */
  private isIdentity(key: string, value: JsonValue): boolean {
    const { path } = this;
    if (path.length === 0) return key === 'apiVersion' || key === 'kind' || (key === 'metadata' && isEmptyMap(value));
    return path.length === 1 && path[0] === 'f:metadata' && UNOWNED_METADATA.has(key);
  }

  /** Whether we own something here already. */
  private place(element: string, wanted: Wanted, live: JsonValue | undefined, above: FieldSet): boolean {
    const owned = above.children.get(element);
    this.path.push(element);
    if (live === undefined) {
      if (!isZero(wanted.value) && ownsAny(wanted)) this.findings.values.push(pathString(this.path));
    } else if (owned?.member === true && !ownsAny(wanted)) this.findings.givenUp.push(pathString(this.path));
    else this.value(wanted, live, owned ?? NO_FIELDS);
    this.path.pop();
    return owned !== undefined;
  }

  private value(wanted: Wanted, live: JsonValue, owned: FieldSet): void {
    const { value, schema } = wanted;
    const whole = topologyOf(schema, value).kind === 'leaf';
    if (!whole && isSameShape(value, live)) this.compare(value, live, schema, owned);
    else if (!sameValue(value, live, schema)) {
      if (ownsAny(wanted)) this.findings.values.push(pathString(this.path));
      return this.giveUp(owned, live, schema, NONE);
    }
    // Whether a container itself is listed beside what is in it depends on the server's version: only the leaves count.
    if (isEmptySet(owned) && ownsAny(wanted) && (whole || !ownsInside(value, schema)))
      this.findings.unowned.push(pathString(this.path));
  }

  /** Fields of ours that exist and that nobody of us wants any more. */
  private giveUp(owned: FieldSet, live: JsonValue, schema: Schema, wanted: ReadonlySet<string>): void {
    if (owned.children.size === 0) return;
    const there = childrenOf(live, schema);
    for (const [element, child] of owned.children) {
      const found = wanted.has(element) ? undefined : there.get(element);
      if (found === undefined) continue;
      this.path.push(element);
      if (child.member) this.findings.givenUp.push(pathString(this.path));
      else this.giveUp(child, found.value, found.schema, NONE);
      this.path.pop();
    }
  }
}

const isSameShape = (a: JsonValue, b: JsonValue): boolean =>
  Array.isArray(a) === Array.isArray(b) && isJsonObject(a) === isJsonObject(b);

/** What applying `desired` as `manager` would change in `live`. Status is never compared: it isn't applied with the object. */
export const diff = (
  desired: Manifest,
  live: LiveObject,
  manager: string,
  schema: JsonSchema | undefined = schemaFor(desired),
): Difference => {
  const { status: _, ...wanted } = desired;
  const walk = new Walk();
  walk.compare(wanted as unknown as JsonObject, live as unknown as JsonObject, schema, ownedBy(live, manager));
  return walk.findings;
};
