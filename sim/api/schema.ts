/** Reading a value along its structural schema: unknown fields, pruning and defaults. Values are never changed in place. */
import type { JsonSchema } from '../../lib/api/json-schema';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';

/** Follows `$ref`s; the identity for schemas that have none. */
export type Resolve = (schema: JsonSchema) => JsonSchema;

export const noReferences: Resolve = (schema) => schema;

/** `base.name`, or `name` at the root. */
export const joinPath = (base: string, name: string): string => (base === '' ? name : `${base}.${name}`);

/** Schema of one property; `undefined` when nothing declares it; `true` when anything goes. */
const propertySchema = (schema: JsonSchema, name: string): JsonSchema | true | undefined => {
  const declared = schema.properties?.[name];
  if (declared !== undefined) return declared;
  const rest = schema.additionalProperties;
  if (typeof rest === 'object') return rest;
  if (rest === true || schema['x-kubernetes-preserve-unknown-fields'] === true) return true;
  const free = schema.properties === undefined && schema.additionalProperties === undefined;
  return free && (schema.type === undefined || schema.anyOf !== undefined) ? true : undefined;
};

/** A built-in type that is an object of any form (FieldsV1, RawExtension). */
const isBare = (schema: JsonSchema): boolean =>
  schema.properties === undefined && schema.additionalProperties === undefined && schema.items === undefined;

/** Paths of fields that the schema doesn't declare, in document order: `spec.foo`, `spec.items[2].bar`. */
export const unknownFields = (value: unknown, schema: JsonSchema, resolve: Resolve = noReferences): string[] => {
  const found: string[] = [];
  const visit = (at: unknown, given: JsonSchema, path: string): void => {
    const known = resolve(given);
    if (given.$ref !== undefined && isBare(known)) return;
    if (Array.isArray(at)) {
      const { items } = known;
      if (items !== undefined) at.forEach((item, index) => visit(item, items, `${path}[${index}]`));
    } else if (isJsonObject(at)) {
      for (const name of Object.keys(at)) {
        if (at[name] === undefined) continue;
        const next = propertySchema(known, name);
        if (next === undefined) found.push(joinPath(path, name));
        else if (next !== true) visit(at[name], next, joinPath(path, name));
      }
    }
  };
  visit(value, schema, '');
  return found;
};

/** The value with what the schema doesn't declare left out: what a write without strict validation stores. */
export const prune = (value: JsonValue, schema: JsonSchema, resolve: Resolve = noReferences): JsonValue => {
  const known = resolve(schema);
  if (Array.isArray(value)) {
    const { items } = known;
    return items === undefined ? value : value.map((item) => prune(item, items, resolve));
  }
  if (!isJsonObject(value)) return value;
  const kept: JsonObject = {};
  for (const [name, item] of Object.entries(value)) {
    const next = propertySchema(known, name);
    if (next === undefined || item === undefined) continue;
    kept[name] = next === true ? item : prune(item, next, resolve);
  }
  return kept;
};

/** The value without `null`s of fields that take none and have no default: what decoding a custom object leaves out. */
export const withoutRefusedNulls = (value: JsonValue, schema: JsonSchema): JsonValue => {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => withoutRefusedNulls(item, items));
  }
  if (!isJsonObject(value)) return value;
  const kept: JsonObject = {};
  for (const [name, item] of Object.entries(value)) {
    const next = propertySchema(schema, name);
    const known = next === true ? undefined : next;
    if (item === null && known !== undefined && known.nullable !== true && known.default === undefined) continue;
    kept[name] = known === undefined || item === undefined ? item : withoutRefusedNulls(item, known);
  }
  return kept;
};

/** Whether any default is declared below: such schemas are the only ones worth walking. Remembered by schema. */
const declaresDefault = (schema: JsonSchema): boolean => {
  const known = defaultsBelow.get(schema);
  if (known !== undefined) return known;
  const rest = typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : [];
  const below = [
    ...Object.values(schema.properties ?? {}),
    ...rest,
    ...(schema.items === undefined ? [] : [schema.items]),
  ];
  const answer = below.some((each) => each.default !== undefined || declaresDefault(each));
  defaultsBelow.set(schema, answer);
  return answer;
};
const defaultsBelow = new WeakMap<JsonSchema, boolean>();

/** The value with the schema's defaults filled in. The very same value when there is nothing to fill. */
export const withDefaults = <T extends JsonValue>(value: T, schema: JsonSchema): T => {
  if (!declaresDefault(schema)) return value;
  if (Array.isArray(value)) return defaultItems(value, schema) as T;
  return isJsonObject(value) ? (defaultProperties(value, schema) as T) : value;
};

const defaultItems = (value: JsonValue[], schema: JsonSchema): JsonValue[] => {
  const { items } = schema;
  if (items === undefined) return value;
  const filled = value.map((item) => withDefaults(item, items));
  return filled.some((item, index) => item !== value[index]) ? filled : value;
};

const defaultProperties = (value: JsonObject, schema: JsonSchema): JsonObject => {
  const changes: JsonObject = {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const item = defaultProperty(value[name], property);
    if (item !== value[name]) changes[name] = item;
  }
  const rest = schema.additionalProperties;
  if (typeof rest === 'object') {
    for (const [name, item] of Object.entries(value)) {
      const next = schema.properties?.[name] === undefined ? defaultProperty(item, rest) : item;
      if (next !== item) changes[name] = next;
    }
  }
  return Object.keys(changes).length === 0 ? value : { ...value, ...changes };
};

/** A `null` where none is allowed counts as absent when there is a default. */
const defaultProperty = (given: JsonValue | undefined, schema: JsonSchema): JsonValue | undefined => {
  const missing = given === undefined || (given === null && schema.nullable !== true);
  if (missing && schema.default !== undefined) return withDefaults(schema.default as JsonValue, schema);
  return given === undefined ? undefined : withDefaults(given, schema);
};
