import type { JsonSchema } from '../../lib/api/json-schema';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';

/** One field of a spec, by the names on the way to it; `0` stands for the first item of a list. */
export type FieldPath = readonly string[];

/** Every leaf of a schema: fields that hold no further fields, and lists, maps and objects as a whole. Pure. */
export const leavesOf = (schema: JsonSchema, path: FieldPath = []): readonly FieldPath[] => {
  const own = path.length === 0 ? [] : [path];
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length > 0)
    return [...own, ...properties.flatMap(([name, child]) => leavesOf(child, [...path, name]))];
  if (schema.items?.properties !== undefined) return [...own, ...leavesOf(schema.items, [...path, '0']).slice(1)];
  return own;
};

/** The schema of the field at `path`. */
export const schemaAt = (schema: JsonSchema, path: FieldPath): JsonSchema | undefined =>
  path.reduce<JsonSchema | undefined>((at, step) => (step === '0' ? at?.items : at?.properties?.[step]), schema);

/** Values that a field may be given: bounds, every word of an enum, the empty one, and an ordinary one. Pure. */
export const valuesFor = (schema: JsonSchema): readonly JsonValue[] => {
  if (schema.enum !== undefined) return schema.enum as readonly JsonValue[];
  if (schema['x-kubernetes-int-or-string'] === true) return [1, '100m'];
  switch (schema.type) {
    case 'boolean':
      return [true, false];
    case 'integer':
    case 'number':
      return [...new Set([schema.minimum ?? 0, schema.maximum ?? 7, (schema.minimum ?? 0) + 1])];
    case 'array':
      return [[], [exampleOf(schema.items ?? {})]];
    case 'object':
      return [{}, exampleOf(schema)];
    default:
      return textsFor(schema);
  }
};

const textsFor = ({ pattern, format, maxLength, minLength }: JsonSchema): readonly string[] => {
  if (format === 'date-time') return ['2026-01-01T00:00:00Z'];
  if (pattern?.includes('(ns|us') === true) return ['0', '90s', '24h0m0s'];
  if (pattern !== undefined) return ['a', '10.0.0.0/24', 'a:1', '1Gi'];
  const longest = maxLength === undefined ? [] : ['a'.repeat(Math.min(maxLength, 253))];
  return [...((minLength ?? 0) === 0 ? [''] : []), 'other', ...longest];
};

/** A value with everything that is required in it. Pure. */
const exampleOf = (schema: JsonSchema): JsonValue => {
  if (schema.type !== 'object') return valuesFor(schema).at(-1) ?? 'a';
  if (typeof schema.additionalProperties === 'object') return { key: exampleOf(schema.additionalProperties) };
  const required = (schema.required ?? []).map((name) => [name, exampleOf(schema.properties?.[name] ?? {})] as const);
  return Object.fromEntries(required);
};

/** `base` with `value` at `path`; parents that are missing are made, `undefined` takes the field away. Pure. */
export const withValue = (base: JsonObject, path: FieldPath, value: JsonValue | undefined): JsonObject =>
  put(base, path, value) as JsonObject;

const put = (base: JsonValue | undefined, path: FieldPath, value: JsonValue | undefined): JsonValue | undefined => {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (step === '0') {
    const [first, ...others] = Array.isArray(base) ? base : [];
    const item = put(first, rest, value);
    return item === undefined ? others : [item, ...others];
  }
  return { ...(isJsonObject(base) ? base : {}), [step]: put(isJsonObject(base) ? base[step] : undefined, rest, value) };
};
