/**
 * Sets of fields, as server-side apply counts ownership: who owns what is written in metadata.managedFields in the
 * `fieldsV1` form (`f:name` a field, `k:{…}` an item of a list by key, `v:…` a value of a set, `i:0` an index).
 * Used offline to tell what an apply would change, and by the in-memory cluster to do what the real server does.
 */
import type { JsonSchema } from '../lib/api/json-schema';
import type { JsonObject, JsonValue } from '../lib/base/json';
import { isJsonObject } from '../lib/base/json';
import type { KubeObject } from '../lib/base/kube-object';
import { canonicalJson } from './canonical-json';
import { sorted } from './sorted';
import { childSchema, declares, itemSchema, resolveSchema, topologyOf } from './schemas';

/** A set of field paths as a tree. `member`: the path up to here is in the set. */
export interface FieldSet {
  readonly member: boolean;
  /** By path element in fieldsV1 notation. */
  readonly children: ReadonlyMap<string, FieldSet>;
}

/** The steps from the root to a field, in fieldsV1 notation. */
export type FieldPath = readonly string[];

const NO_CHILDREN: ReadonlyMap<string, FieldSet> = new Map();
/** The set without any field. */
export const NO_FIELDS: FieldSet = { member: false, children: NO_CHILDREN };
/** The set of one field with nothing below it. */
export const LEAF: FieldSet = { member: true, children: NO_CHILDREN };

/** A set from its parts. */
export const fieldSet = (member: boolean, children: ReadonlyMap<string, FieldSet> = NO_CHILDREN): FieldSet => {
  if (children.size > 0) return { member, children };
  return member ? LEAF : NO_FIELDS;
};

/** Whether the set has no field. */
export const isEmptySet = (set: FieldSet): boolean => !set.member && set.children.size === 0;

// — reading and writing fieldsV1 ————————————————————————————————————————————————————————————————————————————————

const parseNode = (fields: JsonObject): FieldSet => {
  const children = new Map<string, FieldSet>();
  let member = true;
  for (const key in fields) {
    if (key === '.') continue;
    member = false;
    const below = fields[key];
    children.set(canonicalElement(key), isJsonObject(below) ? parseNode(below) : LEAF);
  }
  return fieldSet(member || Object.hasOwn(fields, '.'), children);
};

/** `k:` elements come with their keys in the server's order; ours are sorted, so that equal keys are equal texts. */
const canonicalElement = (element: string): string => {
  if (!element.startsWith('k:') || !element.includes(',')) return element;
  return `k:${canonicalJson(JSON.parse(element.slice(2)) as JsonValue)}`;
};

/** Live objects are never changed, and asked again at every look at them: what was read of one is kept while it is held. */
const parsed = new WeakMap<JsonObject, FieldSet>();

/** Reads `fieldsV1`. The root itself is never a member. */
export const parseFields = (fieldsV1: JsonObject): FieldSet => {
  const known = parsed.get(fieldsV1);
  if (known !== undefined) return known;
  const set = { ...parseNode(fieldsV1), member: false };
  parsed.set(fieldsV1, set);
  return set;
};

const formatNode = (set: FieldSet): JsonObject => {
  const { member, children } = set;
  const fields: JsonObject = member && children.size > 0 ? { '.': {} } : {};
  for (const element of sortedElements(set)) fields[element] = formatNode(children.get(element) ?? NO_FIELDS);
  return fields;
};

const sortedElements = ({ children }: FieldSet): string[] => sorted([...children.keys()]);

/** Writes `fieldsV1`, elements sorted. */
export const formatFields = (set: FieldSet): JsonObject => {
  const fields = formatNode(set);
  // Whoever stores it reads it at the next change.
  if (!set.member) parsed.set(fields, set);
  return fields;
};

// — the fields of an object —————————————————————————————————————————————————————————————————————————————————————

/** The path element of an item of a list merged by key; keys that are absent take their default. `keys` are sorted. */
export const itemElement = (item: JsonValue, keys: readonly string[], schema: JsonSchema | undefined): string => {
  const pairs = keys.map((key) => {
    const given = isJsonObject(item) ? item[key] : undefined;
    const value = given === undefined ? defaultOf(schema, key) : given;
    return `${JSON.stringify(key)}:${typeof value === 'string' ? JSON.stringify(value) : canonicalJson(value)}`;
  });
  return `k:{${pairs.join(',')}}`;
};

const defaultOf = (schema: JsonSchema | undefined, key: string): JsonValue => {
  const property = childSchema(schema, key);
  if (property === undefined) return null;
  return (resolveSchema(property).default ?? property.default ?? null) as JsonValue;
};

/** The path element of a value of a set. */
export const valueElement = (value: JsonValue): string => `v:${canonicalJson(value)}`;

/** The path element of a field or key. */
export const fieldElement = (name: string): string => `f:${name}`;

/** Whether `value` is a map without any key. */
export const isEmptyMap = (value: JsonValue): boolean => isJsonObject(value) && Object.keys(value).length === 0;

const mapFields = (value: JsonObject, schema: JsonSchema | undefined): FieldSet => {
  const children = new Map<string, FieldSet>();
  for (const key of Object.keys(value)) {
    const below = value[key];
    if (below === undefined) continue;
    const set = fieldsOf(below, childSchema(schema, key));
    // Keys of maps are members themselves, declared fields only when nothing is below them: so does the server.
    const member = set.member || isEmptyMap(below) || !declares(schema, key);
    const child = fieldSet(member, set.children);
    if (!isEmptySet(child)) children.set(fieldElement(key), child);
  }
  return fieldSet(false, children);
};

/** The set of fields that applying `value` takes ownership of. */
export const fieldsOf = (value: JsonValue, schema: JsonSchema | undefined): FieldSet => {
  const topology = topologyOf(schema, value);
  if (topology.kind === 'leaf') return LEAF;
  if (topology.kind === 'map') return mapFields(value as JsonObject, schema);
  const children = new Map<string, FieldSet>();
  const below = itemSchema(schema);
  for (const item of value as JsonValue[]) {
    if (topology.kind === 'set') children.set(valueElement(item), LEAF);
    else children.set(itemElement(item, topology.keys, below), fieldSet(true, fieldsOf(item, below).children));
  }
  return fieldSet(false, children);
};

/** Keys of metadata that are never owned: they say which object it is, or the server sets them. */
export const UNOWNED_METADATA: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
]);
const UNOWNED_ELEMENTS = [...UNOWNED_METADATA].map((key) => `f:${key}`);

const without = (set: FieldSet, elements: readonly string[]): FieldSet => {
  if (!elements.some((element) => set.children.has(element))) return set;
  const children = new Map(set.children);
  for (const element of elements) children.delete(element);
  return fieldSet(set.member, children);
};

/** `set` without identity and what the server sets, as it is stored in managedFields. */
export const stripIdentity = (set: FieldSet): FieldSet => {
  const rest = without(set, ['f:apiVersion', 'f:kind']);
  const metadata = rest.children.get('f:metadata');
  if (metadata === undefined) return rest;
  const stripped = fieldSet(false, without(metadata, UNOWNED_ELEMENTS).children);
  const children = new Map(rest.children);
  if (isEmptySet(stripped)) children.delete('f:metadata');
  else children.set('f:metadata', stripped);
  return fieldSet(rest.member, children);
};

/** The fields that applying `object` takes ownership of. */
export const objectFields = (object: KubeObject, schema: JsonSchema | undefined): FieldSet =>
  stripIdentity(fieldsOf(object as unknown as JsonObject, schema));

// — arithmetic ——————————————————————————————————————————————————————————————————————————————————————————————————

/** Fields in either set; `a` itself when `b` adds nothing. */
export const union = (a: FieldSet, b: FieldSet): FieldSet => {
  if (a === b || isEmptySet(b)) return a;
  if (isEmptySet(a)) return b;
  let children: Map<string, FieldSet> | undefined;
  for (const [element, child] of b.children) {
    const own = a.children.get(element);
    const both = own === undefined ? child : union(own, child);
    if (both !== own) (children ??= new Map(a.children)).set(element, both);
  }
  const member = a.member || b.member;
  return children === undefined && member === a.member ? a : fieldSet(member, children ?? a.children);
};

/** Fields of `a` that are not in `b`, path by path; `a` itself when they share none. */
export const difference = (a: FieldSet, b: FieldSet): FieldSet => {
  if (isEmptySet(b)) return a;
  let children: Map<string, FieldSet> | undefined;
  for (const [element, child] of b.children) {
    const own = a.children.get(element);
    const rest = own === undefined ? undefined : difference(own, child);
    if (rest === own || rest === undefined) continue;
    children ??= new Map(a.children);
    if (isEmptySet(rest)) children.delete(element);
    else children.set(element, rest);
  }
  const member = a.member && !b.member;
  return children === undefined && member === a.member ? a : fieldSet(member, children ?? a.children);
};

/** Fields in both sets. */
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other === undefined) continue;
    const both = intersection(child, other);
    if (!isEmptySet(both)) children.set(element, both);
  }
  return fieldSet(a.member && b.member, children);
};

/** The part of the set below `path`; empty when there is none. */
export const below = (set: FieldSet, path: FieldPath): FieldSet =>
  path.reduce<FieldSet>((current, element) => current.children.get(element) ?? NO_FIELDS, set);

/** Whether `path` is in the set. */
export const contains = (set: FieldSet, path: FieldPath): boolean => below(set, path).member;

/** A set of exactly these paths. */
export const setOf = (paths: readonly FieldPath[]): FieldSet =>
  paths.reduce<FieldSet>(
    (set, path) =>
      union(
        set,
        path.reduceRight<FieldSet>((child, element) => fieldSet(false, new Map([[element, child]])), LEAF),
      ),
    NO_FIELDS,
  );

/** All paths of the set, sorted. */
export const pathsOf = (set: FieldSet): FieldPath[] => {
  const paths: FieldPath[] = set.member ? [[]] : [];
  for (const element of sortedElements(set)) {
    for (const rest of pathsOf(set.children.get(element) ?? NO_FIELDS)) paths.push([element, ...rest]);
  }
  return paths;
};

/** Whether both sets have the same fields. */
export const sameFields = (a: FieldSet, b: FieldSet): boolean => {
  if (a === b) return true;
  if (a.member !== b.member || a.children.size !== b.children.size) return false;
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other === undefined || !sameFields(child, other)) return false;
  }
  return true;
};

// — for people ——————————————————————————————————————————————————————————————————————————————————————————————————

const elementString = (element: string): string => {
  const text = element.slice(2);
  if (element.startsWith('f:')) return /^[\w-]+$/.test(text) ? `.${text}` : `[${JSON.stringify(text)}]`;
  if (!element.startsWith('k:')) return `[${text}]`;
  const keys = JSON.parse(text) as JsonObject;
  return `[${Object.keys(keys)
    .map((key) => `${key}=${JSON.stringify(keys[key])}`)
    .join(',')}]`;
};

/** A path as people write it: `spec.containers[name="dist"].image`, `metadata.labels["weka.io/mode"]`. */
export const pathString = (path: FieldPath): string => path.map(elementString).join('').replace(/^\./, '');
