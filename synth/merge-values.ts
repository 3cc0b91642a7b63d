/**
 * The walks over values that server-side apply is made of: merging what is wanted into what is there, removing what
 * was given up, and finding which of somebody's fields a write takes away. Results share structure with their inputs.
 */
import type { JsonSchema } from '../lib/api/json-schema';
import type { JsonObject, JsonValue } from '../lib/base/json';
import { isJsonObject } from '../lib/base/json';
import type { FieldSet } from './fields';
import { fieldElement, fieldSet, isEmptySet, itemElement, LEAF, NO_FIELDS, valueElement } from './fields';
import { sameJson } from './json-equal';
import type { Topology } from './schemas';
import { childSchema, declares, itemSchema, resolveSchema, topologyOf } from './schemas';

type Schema = JsonSchema | undefined;

/** The path element of an item of a granular list. */
export const elementOf = (item: JsonValue, topology: Topology, schema: Schema): string =>
  topology.kind === 'listMap' ? itemElement(item, topology.keys, schema) : valueElement(item);

/** The items of a granular list by path element. */
const itemsByElement = (list: readonly JsonValue[], topology: Topology, schema: Schema): Map<string, JsonValue> => {
  const items = new Map<string, JsonValue>();
  for (const item of list) items.set(elementOf(item, topology, schema), item);
  return items;
};

/** The items of a granular list by path element; `schema` is that of the list. */
export const itemsBy = (list: readonly JsonValue[], schema: Schema): Map<string, JsonValue> =>
  itemsByElement(list, topologyOf(schema, list as JsonValue[]), itemSchema(schema));

/** `null`s that the server drops before it merges: those of fields that aren't nullable. */
export const withoutNulls = (value: JsonValue, schema: Schema): JsonValue => {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, itemSchema(schema)));
  if (!isJsonObject(value)) return value;
  const kept: JsonObject = {};
  for (const key of Object.keys(value)) {
    const below = value[key];
    const under = childSchema(schema, key);
    const nullable = under === undefined || resolveSchema(under).nullable === true;
    if (below !== undefined && (below !== null || nullable)) kept[key] = withoutNulls(below, under);
  }
  return kept;
};

// — merge ———————————————————————————————————————————————————————————————————————————————————————————————————————

const mergeMaps = (live: JsonObject, wanted: JsonObject, schema: Schema): JsonObject => {
  const merged: JsonObject = { ...live };
  for (const key of Object.keys(wanted)) {
    const value = wanted[key];
    if (live[key] === null && isJsonObject(value) && Object.keys(value).length === 0) continue;
    if (value !== undefined) merged[key] = mergeValues(live[key], value, childSchema(schema, key));
  }
  return merged;
};

/** Wanted items keep their order among themselves; items that only live has stay as near to their place as that allows. */
const mergeLists = (
  live: readonly JsonValue[],
  wanted: readonly JsonValue[],
  topology: Topology,
  schema: Schema,
): JsonValue[] => {
  const below = itemSchema(schema);
  const liveBy = itemsByElement(live, topology, below);
  const wantedBy = itemsByElement(wanted, topology, below);
  const liveKeys = [...liveBy.keys()];
  const merged: JsonValue[] = [];
  const done = new Set<string>();
  let next = 0;
  /** Up to the place of `target`, where live has one: wanted items that stand before it there come later. */
  const takeLive = (target?: string): void => {
    const known = target !== undefined && liveBy.has(target) && !liveKeys.slice(0, next).includes(target);
    for (; next < liveKeys.length; next++) {
      const key = liveKeys[next] as string;
      if (key === target || (!known && wantedBy.has(key) && !done.has(key))) return;
      if (!wantedBy.has(key)) merged.push(liveBy.get(key) as JsonValue);
    }
  };
  for (const [key, item] of wantedBy) {
    takeLive(key);
    merged.push(mergeValues(liveBy.get(key), item, below));
    done.add(key);
  }
  takeLive();
  return merged;
};

/** `live` with `wanted` merged in: what is wanted wins, the rest stays. */
export const mergeValues = (live: JsonValue | undefined, wanted: JsonValue, schema: Schema): JsonValue => {
  const topology = topologyOf(schema, wanted);
  if (topology.kind === 'leaf') return wanted;
  if (topology.kind === 'map') return mergeMaps(isJsonObject(live) ? live : {}, wanted as JsonObject, schema);
  return mergeLists(Array.isArray(live) ? live : [], wanted as JsonValue[], topology, schema);
};

// — prune ———————————————————————————————————————————————————————————————————————————————————————————————————————

/** What was owned before, and what anybody owns now. */
export interface Ownership {
  readonly before: FieldSet;
  readonly now: FieldSet;
  /** A map that loses all it had becomes null, as the server has it for custom kinds: their schema then refuses it. */
  readonly nulls?: boolean;
}

const step = (ownership: Ownership, element: string): Ownership => ({
  before: ownership.before.children.get(element) ?? NO_FIELDS,
  now: ownership.now.children.get(element) ?? NO_FIELDS,
  // Metadata is decoded whatever the kind: there nothing becomes null.
  ...(ownership.nulls === true && element !== 'f:metadata' ? { nulls: true } : {}),
});

/** Whether the field at `element` goes: given up by us, and nobody has it or anything below it. */
const goes = (ownership: Ownership, element: string, declared: boolean): boolean => {
  const before = ownership.before.children.get(element);
  return before !== undefined && (before.member || declared) && !ownership.now.children.has(element);
};

const pruneMap = (value: JsonObject, ownership: Ownership, schema: Schema): JsonObject | null => {
  const kept: JsonObject = {};
  for (const key of Object.keys(value)) {
    const below = value[key];
    const element = fieldElement(key);
    if (below === undefined || goes(ownership, element, declares(schema, key))) continue;
    kept[key] = ownership.before.children.has(element)
      ? pruneValue(below, step(ownership, element), childSchema(schema, key))
      : below;
  }
  const emptied = ownership.nulls === true && Object.keys(kept).length === 0 && Object.keys(value).length > 0;
  return emptied ? null : kept;
};

/** `value` without the fields that were owned before and that nobody owns now; what is below a removed field goes with it. */
export const pruneValue = (value: JsonValue, ownership: Ownership, schema: Schema): JsonValue => {
  const topology = topologyOf(schema, value);
  if (topology.kind === 'leaf') return value;
  if (topology.kind === 'map') return pruneMap(value as JsonObject, ownership, schema);
  const below = itemSchema(schema);
  return (value as JsonValue[]).flatMap((item) => {
    const element = elementOf(item, topology, below);
    const before = ownership.before.children.get(element);
    // An item stays for whoever owns the item; fields in it that others own don't hold it.
    if (before?.member === true && ownership.now.children.get(element)?.member !== true) return [];
    return [ownership.before.children.has(element) ? pruneValue(item, step(ownership, element), below) : item];
  });
};

// — compare —————————————————————————————————————————————————————————————————————————————————————————————————————

/** What a write does to fields of `set`. */
export interface Effect {
  /** Given a new value: a conflict, unless forced. */
  readonly taken: FieldSet;
  /** No longer there. */
  readonly gone: FieldSet;
}

const NO_EFFECT: Effect = { taken: NO_FIELDS, gone: NO_FIELDS };

/** The values directly below a container, by path element, with their schemas. */
export const childrenOf = (
  value: JsonValue | undefined,
  schema: Schema,
): Map<string, { value: JsonValue; schema: Schema }> => {
  const children = new Map<string, { value: JsonValue; schema: Schema }>();
  const topology = topologyOf(schema, value);
  if (topology.kind === 'leaf') return children;
  if (topology.kind === 'map') {
    for (const key of Object.keys(value as JsonObject)) {
      const below = (value as JsonObject)[key];
      if (below !== undefined) children.set(fieldElement(key), { value: below, schema: childSchema(schema, key) });
    }
    return children;
  }
  const below = itemSchema(schema);
  for (const item of value as JsonValue[])
    children.set(elementOf(item, topology, below), { value: item, schema: below });
  return children;
};

/** Finds what is directly below a container of a live object by its path element. */
export const finderIn = (
  value: JsonValue | undefined,
  schema: Schema,
): ((element: string) => JsonValue | undefined) => {
  const topology = topologyOf(schema, value);
  if (topology.kind === 'leaf') return () => undefined;
  if (topology.kind === 'map') return (element) => (isField(element) ? ownValue(value, element.slice(2)) : undefined);
  const items = storedItems(value as JsonValue[], topology, itemSchema(schema));
  return (element) => items.get(element);
};

interface StoredItems {
  readonly topology: Topology;
  readonly items: ReadonlyMap<string, JsonValue>;
}

/** Lists of live objects never change and are asked again at each change beside them: kept while they are held. */
const known = new WeakMap<readonly JsonValue[], StoredItems>();

const storedItems = (
  list: readonly JsonValue[],
  topology: Topology,
  schema: Schema,
): ReadonlyMap<string, JsonValue> => {
  const found = known.get(list);
  if (found?.topology === topology) return found.items;
  const items = itemsByElement(list, topology, schema);
  known.set(list, { topology, items });
  return items;
};

const isField = (element: string): boolean => element.charCodeAt(0) === 102; // f:

/** A key may be called `constructor`. */
const ownValue = (object: JsonValue | undefined, key: string): JsonValue | undefined =>
  Object.hasOwn(object as JsonObject, key) ? (object as JsonObject)[key] : undefined;

const schemaAt = (schema: Schema, element: string): Schema =>
  isField(element) ? childSchema(schema, element.slice(2)) : itemSchema(schema);

const memberEffect = (
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  schema: Schema,
): 'taken' | 'gone' | undefined => {
  if (after === undefined) return before === undefined ? undefined : 'gone';
  if (before === undefined) return 'taken';
  // Emptied, not changed: nobody who owns the map itself is in the way.
  if (after === null && isJsonObject(before)) return undefined;
  const leaf = topologyOf(schema, before).kind === 'leaf' || topologyOf(schema, after).kind === 'leaf';
  return leaf && !sameJson(before, after) ? 'taken' : undefined;
};

const TAKEN: Effect = { taken: LEAF, gone: NO_FIELDS };
const GONE: Effect = { taken: NO_FIELDS, gone: LEAF };

/** What replacing `before` by `after` does to the fields of `set`. */
export const effectOn = (
  set: FieldSet,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  schema: Schema,
): Effect => {
  if (before === after) return NO_EFFECT;
  const own = set.member ? memberEffect(before, after, schema) : undefined;
  if (set.children.size === 0) return own === undefined ? NO_EFFECT : own === 'taken' ? TAKEN : GONE;
  const [was, is] = [finderIn(before, schema), finderIn(after, schema)];
  let [taken, gone]: (Map<string, FieldSet> | undefined)[] = [];
  for (const [element, child] of set.children) {
    const found = effectOn(child, was(element), is(element), schemaAt(schema, element));
    if (!isEmptySet(found.taken)) (taken ??= new Map()).set(element, found.taken);
    if (!isEmptySet(found.gone)) (gone ??= new Map()).set(element, found.gone);
  }
  return { taken: fieldSet(own === 'taken', taken), gone: fieldSet(own === 'gone', gone) };
};

// — extract —————————————————————————————————————————————————————————————————————————————————————————————————————

const keysOnly = (item: JsonValue, keys: readonly string[]): JsonObject =>
  Object.fromEntries(keys.flatMap((key) => (isJsonObject(item) && item[key] !== undefined ? [[key, item[key]]] : [])));

/** The part of `value` that is in `set`; items of lists carry their keys. */
export const extractValue = (value: JsonValue, set: FieldSet, schema: Schema): JsonValue => {
  const topology = topologyOf(schema, value);
  if (topology.kind === 'leaf') return value;
  const children = [...childrenOf(value, schema)].flatMap(([element, child]) => {
    const under = set.children.get(element);
    return under === undefined
      ? []
      : [{ element, value: extractValue(child.value, under, child.schema), whole: child.value }];
  });
  if (topology.kind === 'map')
    return Object.fromEntries(children.map((child) => [child.element.slice(2), child.value]));
  if (topology.kind === 'set') return children.map((child) => child.value);
  return children.map((child) =>
    isJsonObject(child.value) ? { ...child.value, ...keysOnly(child.whole, topology.keys) } : child.value,
  );
};
