/** Checking a value against a structural schema, in the API server's words: what ends up in `details.causes`. */
import type { StatusCause } from '../../controllers/kube/api-error';
import type { JsonSchema } from '../../lib/api/json-schema';
import { isJsonObject } from '../../lib/base/json';
import type { Resolve } from './schema';
import { joinPath, noReferences } from './schema';

/** Everything that is wrong with `value`, in schema order. Empty: valid. */
export const schemaCauses = (
  value: unknown,
  schema: JsonSchema,
  path = '',
  resolve: Resolve = noReferences,
): StatusCause[] => {
  const known = resolve(schema);
  if (value === null && known.nullable === true) return [];
  const wrong = typeCause(value, known, path);
  if (wrong !== undefined) return [wrong, ...unchecked(value, known, path), ...enumCauses(value, known, path)];
  const own = [...unchecked(value, known, path), ...scalarCauses(value, known, path)];
  if (Array.isArray(value))
    return [...own, ...listCauses(value, known, path), ...itemCauses(value, known, path, resolve)];
  return isJsonObject(value) ? [...own, ...objectCauses(value, known, path, resolve)] : own;
};

const typeName = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
};

const typeMatches = (actual: string, wanted: string): boolean =>
  actual === wanted || (wanted === 'number' && actual === 'integer');

const typeCause = (value: unknown, schema: JsonSchema, path: string): StatusCause | undefined => {
  const actual = typeName(value);
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (actual === 'integer' || actual === 'string') return undefined;
    return wrongType(path, actual, 'integer,string');
  }
  if (schema.type === undefined || typeMatches(actual, schema.type)) return undefined;
  // Numbers of a named size are told by that size.
  if (actual === 'number' && schema.format !== undefined) return wrongType(path, 'float64', schema.format);
  return wrongType(path, actual, schema.type);
};

const wrongType = (path: string, actual: string, wanted: string): StatusCause => {
  const shown = JSON.stringify(actual);
  return cause(
    path,
    'FieldValueTypeInvalid',
    `Invalid value: ${shown}: ${path} in body must be of type ${wanted}: ${shown}`,
  );
};

const cause = (field: string, reason: string, message: string): StatusCause => ({ field, reason, message });

const invalidValue = (path: string, shown: string, why: string): StatusCause =>
  cause(path, 'FieldValueInvalid', `Invalid value: ${shown}: ${why}`);

const enumCauses = (value: unknown, schema: JsonSchema, path: string): StatusCause[] => {
  if (schema.enum === undefined || value === null || schema.enum.includes(value)) return [];
  const words = schema.enum.map((each) => JSON.stringify(each)).join(', ');
  const shown = JSON.stringify(value);
  return [cause(path, 'FieldValueNotSupported', `Unsupported value: ${shown}: supported values: ${words}`)];
};

const INT32 = 2 ** 31;

/** Numbers that the bounds can't be compared with: of another form than the schema's. */
const unchecked = (value: unknown, schema: JsonSchema, path: string): StatusCause[] => {
  if (schema.type !== 'integer' || typeof value !== 'number') return [];
  const format = schema.format === undefined ? '(default format)' : `with format ${schema.format}`;
  const small = schema.format !== 'int32' || (value >= -INT32 && value < INT32);
  if (Number.isInteger(value) && small) return [];
  return [
    cause(
      '<nil>',
      'FieldValueInvalid',
      `Invalid value: "": Checked value must be of type integer ${format} in ${path}`,
    ),
  ];
};

const scalarCauses = (value: unknown, schema: JsonSchema, path: string): StatusCause[] => {
  const listed = enumCauses(value, schema, path);
  if (listed.length > 0) return listed;
  if (typeof value === 'string') return stringCauses(value, schema, path);
  return typeof value === 'number' ? numberCauses(value, schema, path) : [];
};

const stringCauses = (value: string, schema: JsonSchema, path: string): StatusCause[] => {
  const found: StatusCause[] = [];
  const shown = JSON.stringify(value);
  if (schema.maxLength !== undefined && value.length > schema.maxLength) {
    found.push(cause(path, 'FieldValueTooLong', `Too long: may not be more than ${schema.maxLength} bytes`));
  }
  if (schema.minLength !== undefined && value.length < schema.minLength) {
    found.push(invalidValue(path, shown, `${path} in body should be at least ${schema.minLength} chars long`));
  }
  if (schema.pattern !== undefined && !patternOf(schema.pattern).test(value)) {
    found.push(invalidValue(path, shown, `${path} in body should match '${schema.pattern}'`));
  }
  if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) {
    found.push(invalidValue(path, shown, `${path} in body must be of type date-time: ${shown}`));
  }
  return found;
};

const patterns = new Map<string, RegExp>();
const patternOf = (pattern: string): RegExp => {
  const known = patterns.get(pattern) ?? new RegExp(pattern, 'u');
  patterns.set(pattern, known);
  return known;
};

const numberCauses = (value: number, schema: JsonSchema, path: string): StatusCause[] => {
  const found: StatusCause[] = [];
  if (schema.minimum !== undefined && value < schema.minimum) {
    found.push(
      invalidValue(path, String(value), `${path} in body should be greater than or equal to ${schema.minimum}`),
    );
  }
  if (schema.maximum !== undefined && value > schema.maximum) {
    found.push(invalidValue(path, String(value), `${path} in body should be less than or equal to ${schema.maximum}`));
  }
  return found;
};

const listCauses = (value: readonly unknown[], schema: JsonSchema, path: string): StatusCause[] => {
  const found: StatusCause[] = [];
  const { length } = value;
  if (schema.maxItems !== undefined && length > schema.maxItems) {
    found.push(cause(path, 'FieldValueTooMany', `Too many: ${length}: must have at most ${schema.maxItems} items`));
  }
  if (schema.minItems !== undefined && length < schema.minItems) {
    found.push(invalidValue(path, String(length), `${path} in body should have at least ${schema.minItems} items`));
  }
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set')
    found.push(
      ...duplicates(
        value.map((item) => JSON.stringify(item)),
        path,
      ),
    );
  if (type === 'map')
    found.push(
      ...duplicates(
        value.map((item) => mapKey(item, schema)),
        path,
      ),
    );
  return found;
};

const mapKey = (item: unknown, schema: JsonSchema): string => {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, isJsonObject(item) ? item[key] : undefined])));
};

const duplicates = (keys: readonly string[], path: string): StatusCause[] =>
  keys.flatMap((key, index) =>
    keys.indexOf(key) < index ? [cause(`${path}[${index}]`, 'FieldValueDuplicate', `Duplicate value: ${key}`)] : [],
  );

const itemCauses = (value: readonly unknown[], schema: JsonSchema, path: string, resolve: Resolve): StatusCause[] => {
  const { items } = schema;
  return items === undefined
    ? []
    : value.flatMap((item, index) => schemaCauses(item, items, `${path}[${index}]`, resolve));
};

const objectCauses = (
  value: Readonly<Record<string, unknown>>,
  schema: JsonSchema,
  path: string,
  resolve: Resolve,
): StatusCause[] => {
  const found: StatusCause[] = [];
  for (const name of schema.required ?? []) {
    if (value[name] === undefined) found.push(cause(joinPath(path, name), 'FieldValueRequired', 'Required value'));
  }
  const size = Object.keys(value).length;
  if (schema.maxProperties !== undefined && size > schema.maxProperties) {
    found.push(cause(path, 'FieldValueTooMany', `Too many: ${size}: must have at most ${schema.maxProperties} items`));
  }
  for (const name of Object.keys(value)) {
    const rest = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    const next = schema.properties?.[name] ?? rest;
    if (next !== undefined && value[name] !== undefined) {
      found.push(...schemaCauses(value[name], next, joinPath(path, name), resolve));
    }
  }
  return found;
};
