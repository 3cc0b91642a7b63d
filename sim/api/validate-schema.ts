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
  const found: StatusCause[] = [];
  new Check(resolve, found).value(value, schema, path);
  return found;
};

/** One walk; what it finds goes into one list. */
class Check {
  constructor(
    private readonly resolve: Resolve,
    private readonly found: StatusCause[],
  ) {}

  value(value: unknown, schema: JsonSchema, path: string): void {
    const known = this.resolve(schema);
    if (value === null && known.nullable === true) return;
    const wrong = typeCause(value, known, path);
    if (wrong !== undefined)
      return void this.found.push(wrong, ...unchecked(value, known, path), ...enumCauses(value, known, path));
    if (known.type === 'integer') this.found.push(...unchecked(value, known, path));
    this.scalar(value, known, path);
    if (Array.isArray(value)) this.items(value, known, path);
    else if (isJsonObject(value)) this.fields(value, known, path);
  }

  private scalar(value: unknown, schema: JsonSchema, path: string): void {
    const listed = schema.enum === undefined ? [] : enumCauses(value, schema, path);
    if (listed.length > 0) this.found.push(...listed);
    else if (typeof value === 'string') stringCauses(value, schema, path, this.found);
    else if (typeof value === 'number') numberCauses(value, schema, path, this.found);
  }

  private items(value: readonly unknown[], schema: JsonSchema, path: string): void {
    listCauses(value, schema, path, this.found);
    const { items } = schema;
    if (items !== undefined) value.forEach((item, index) => this.value(item, items, `${path}[${index}]`));
  }

  private fields(value: Readonly<Record<string, unknown>>, schema: JsonSchema, path: string): void {
    const { found } = this;
    for (const name of schema.required ?? []) {
      if (value[name] === undefined) found.push(cause(joinPath(path, name), 'FieldValueRequired', 'Required value'));
    }
    const names = Object.keys(value);
    const { maxProperties: most = names.length } = schema;
    if (names.length > most)
      found.push(cause(path, 'FieldValueTooMany', `Too many: ${names.length}: must have at most ${most} items`));
    const rest = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    for (const name of names) {
      const next = schema.properties?.[name] ?? rest;
      if (next !== undefined && value[name] !== undefined) this.value(value[name], next, joinPath(path, name));
    }
  }
}

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

const invalidText = (path: string, value: string, why: string): StatusCause =>
  invalidValue(path, JSON.stringify(value), why);

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

const stringCauses = (value: string, schema: JsonSchema, path: string, found: StatusCause[]): void => {
  if (schema.maxLength !== undefined && value.length > schema.maxLength) {
    found.push(cause(path, 'FieldValueTooLong', `Too long: may not be more than ${schema.maxLength} bytes`));
  }
  if (schema.minLength !== undefined && value.length < schema.minLength) {
    found.push(invalidText(path, value, `${path} in body should be at least ${schema.minLength} chars long`));
  }
  if (schema.pattern !== undefined && !patternOf(schema.pattern).test(value)) {
    found.push(invalidText(path, value, `${path} in body should match '${schema.pattern}'`));
  }
  if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) {
    found.push(invalidText(path, value, `${path} in body must be of type date-time: ${JSON.stringify(value)}`));
  }
};

const patterns = new Map<string, RegExp>();
const patternOf = (pattern: string): RegExp => {
  const known = patterns.get(pattern) ?? new RegExp(pattern, 'u');
  patterns.set(pattern, known);
  return known;
};

const numberCauses = (value: number, schema: JsonSchema, path: string, found: StatusCause[]): void => {
  if (schema.minimum !== undefined && value < schema.minimum) {
    found.push(
      invalidValue(path, String(value), `${path} in body should be greater than or equal to ${schema.minimum}`),
    );
  }
  if (schema.maximum !== undefined && value > schema.maximum) {
    found.push(invalidValue(path, String(value), `${path} in body should be less than or equal to ${schema.maximum}`));
  }
};

const listCauses = (value: readonly unknown[], schema: JsonSchema, path: string, found: StatusCause[]): void => {
  const { length } = value;
  if (schema.maxItems !== undefined && length > schema.maxItems) {
    found.push(cause(path, 'FieldValueTooMany', `Too many: ${length}: must have at most ${schema.maxItems} items`));
  }
  if (schema.minItems !== undefined && length < schema.minItems) {
    found.push(invalidValue(path, String(length), `${path} in body should have at least ${schema.minItems} items`));
  }
  if (length < 2) return;
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') duplicates(value.map(textOf), path, found);
  if (type === 'map')
    duplicates(
      value.map((item) => mapKey(item, schema)),
      path,
      found,
    );
};

const textOf = (item: unknown): string => JSON.stringify(item);

const mapKey = (item: unknown, schema: JsonSchema): string => {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, isJsonObject(item) ? item[key] : undefined])));
};

const duplicates = (keys: readonly string[], path: string, found: StatusCause[]): void =>
  keys.forEach((key, index) => {
    if (keys.indexOf(key) < index)
      found.push(cause(`${path}[${index}]`, 'FieldValueDuplicate', `Duplicate value: ${key}`));
  });
