/** What is wrong with the types of a document: as the server's decoder says it, and as server-side apply does. */
import type { JsonSchema } from '../../lib/api/json-schema';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { KubeObject } from '../../lib/base/kube-object';
import { elementOf } from '../../synth/merge-values';
import { childSchema, declares, itemSchema, resolveSchema, topologyOf } from '../../synth/schemas';

type Schema = JsonSchema | undefined;
const SCALARS = ['string', 'integer', 'number', 'boolean'];

const typeOf = (schema: Schema): string | undefined => {
  const known = schema === undefined ? undefined : resolveSchema(schema);
  if (known === undefined || known['x-kubernetes-int-or-string'] === true || known.format === 'int-or-string')
    return undefined;
  return typeof known.type === 'string' ? known.type : undefined;
};

const nameOf = (value: JsonValue): string => {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
};

const fits = (value: JsonValue, type: string): boolean => {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isJsonObject(value);
  return type === 'integer' || type === 'number' ? typeof value === 'number' : typeof value === type;
};

const below = (value: JsonValue, schema: Schema): [JsonValue, Schema][] => {
  if (Array.isArray(value)) return value.map((item) => [item, itemSchema(schema)]);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, item]): [JsonValue, Schema][] =>
    item === undefined || item === null ? [] : [[item, childSchema(schema, name)]],
  );
};

/** What a decoder of typed objects says of the first value that has the wrong type; `undefined` when none has. */
export const decodingError = (value: JsonValue, schema: Schema): string | undefined => {
  const type = typeOf(schema);
  const wrong = type !== undefined && (SCALARS.includes(type) || type === 'array') && !fits(value, type);
  // Quantities are written as numbers too.
  if (wrong && !(type === 'string' && typeof value === 'number' && isQuantity(schema))) {
    return `json: cannot unmarshal ${nameOf(value)}`;
  }
  for (const [item, under] of below(value, schema)) {
    const found = decodingError(item, under);
    if (found !== undefined) return found;
  }
  return undefined;
};

const isQuantity = (schema: Schema): boolean => /\.Quantity$/.test(schema?.$ref ?? '') || schema?.oneOf !== undefined;

/** The path of a field in the words of server-side apply: `.spec.ports[port=80,protocol="TCP"].name`, keys unquoted. */
export const applyPath = (path: readonly string[]): string =>
  path
    .map((element) => {
      const text = element.slice(2);
      if (element.startsWith('f:')) return `.${text}`;
      if (element.startsWith('v:')) return `[=${text}]`;
      if (element.startsWith('i:')) return `[${text}]`;
      const keys = Object.entries(JSON.parse(text) as Record<string, JsonValue>);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'numeric (int or float)',
  number: 'numeric (int or float)',
  boolean: 'boolean',
  array: 'list',
  object: 'map',
};

const foundAs = (value: JsonValue, type: string): string =>
  (type === 'integer' || type === 'number') && typeof value === 'string'
    ? 'string'
    : `&value.valueUnstructured{Value:${JSON.stringify(value)}}`;

/** What server-side apply says of the first thing that doesn't fit the schema, with its path; `undefined`: all fits. */
export const applyError = (manifest: KubeObject, schema: Schema): string | undefined => {
  if (schema === undefined) return undefined;
  const wrong = (order: Order): string | undefined =>
    errorAt(manifest as unknown as JsonValue, schema, { at: [], order });
  // Which of several mistakes is told depends on the order of fields; where there is none it doesn't matter.
  return wrong('as they come') === undefined ? undefined : wrong('sorted');
};

type Order = 'as they come' | 'sorted';

/** Where the walk is, and in which order it takes fields. */
interface Course {
  readonly at: string[];
  readonly order: Order;
}

const typeErrorAt = (value: JsonValue, schema: Schema, path: readonly string[]): string | undefined => {
  const type = typeOf(schema) ?? '';
  const expected = EXPECTED[type];
  if (expected === undefined || value === null || fits(value, type)) return undefined;
  // Quantities are written as numbers too.
  if (typeof value === 'number' && isQuantity(schema)) return undefined;
  return `${applyPath(path)}: expected ${expected}, got ${foundAs(value, type)}`;
};

const errorAt = (value: JsonValue, schema: Schema, course: Course): string | undefined => {
  const wrong = typeErrorAt(value, schema, course.at);
  if (wrong !== undefined) return wrong;
  if (Array.isArray(value)) return errorInList(value, schema, course);
  return isJsonObject(value) ? errorInFields(value, schema, course) : undefined;
};

const errorInFields = (value: JsonObject, schema: Schema, course: Course): string | undefined => {
  const { at, order } = course;
  const names = Object.keys(value);
  for (const name of order === 'sorted' ? names.sort() : names) {
    const item = value[name];
    if (item === undefined) continue;
    at.push(`f:${name}`);
    const under = childSchema(schema, name);
    if (under === undefined && isClosed(schema) && !declares(schema, name)) {
      return `${applyPath(at)}: field not declared in schema`;
    }
    const found = errorAt(item, under, course);
    if (found !== undefined) return found;
    at.pop();
  }
  return undefined;
};

/** A structure that takes no other fields than it declares. */
const isClosed = (schema: Schema): boolean => {
  const known = schema === undefined ? undefined : resolveSchema(schema);
  return (
    known?.properties !== undefined &&
    known.additionalProperties === undefined &&
    known['x-kubernetes-preserve-unknown-fields'] !== true
  );
};

const errorInList = (items: readonly JsonValue[], schema: Schema, course: Course): string | undefined => {
  const { at } = course;
  const topology = topologyOf(schema, items as JsonValue[]);
  const under = itemSchema(schema);
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const element =
      topology.kind === 'leaf' || topology.kind === 'map' ? `i:${index}` : elementOf(item, topology, under);
    if (seen.has(element)) return `${applyPath(at)}: duplicate entries for key ${applyPath([element])}`;
    seen.add(element);
    at.push(element);
    const found = errorAt(item, under, course);
    if (found !== undefined) return found;
    at.pop();
  }
  return undefined;
};
