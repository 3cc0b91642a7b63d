import type { JsonObject, JsonValue } from '../base/json';
import { isJsonObject } from '../base/json';
import type { JsonSchema } from './json-schema';
import { closest } from './lint/closest';
import type { Path } from './lint/path';
import { pathText } from './lint/path';
import type { Problem } from './problem';

/** The schema of the property `key` of an object, or of each value of a map. */
const propertySchema = (schema: JsonSchema, key: string): JsonSchema | undefined =>
  schema.properties?.[key] ??
  (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);

/**
 * A copy of `value` as the API server would store it: nulls of fields that may not be null are dropped, and defaults of
 * absent fields are filled in where their parent is there. Fields that the schema doesn't know are kept.
 */
export const normalized = (schema: JsonSchema | undefined, value: JsonValue, defaults: boolean): JsonValue => {
  if (Array.isArray(value)) return value.map((item) => normalized(schema?.items, item, defaults));
  if (!isJsonObject(value)) return value;
  const out: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const child = schema === undefined ? undefined : propertySchema(schema, key);
    if (item === undefined || (item === null && child !== undefined && child.nullable !== true)) continue;
    out[key] = normalized(child, item, defaults);
  }
  return defaults ? filled(schema, out) : out;
};

const filled = (schema: JsonSchema | undefined, value: JsonObject): JsonObject => {
  for (const [key, child] of Object.entries(schema?.properties ?? {}))
    if (value[key] === undefined && child.default !== undefined)
      value[key] = normalized(child, structuredClone(child.default) as JsonValue, true);
  return value;
};

/** Every path at which a property `name` is declared. */
const declared = (schema: JsonSchema, name: string, at: Path = []): readonly Path[] => {
  const here = Object.entries(schema.properties ?? {}).flatMap(([key, child]) => [
    ...(key === name ? [[...at, key]] : []),
    ...declared(child, name, [...at, key]),
  ]);
  return schema.items === undefined ? here : [...here, ...declared(schema.items, name, [...at, 0])];
};

/** A map is any keys; a part that is passed through is not ours to judge. */
const open = (schema: JsonSchema): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] === true ||
  schema.additionalProperties !== undefined ||
  schema['x-kubernetes-int-or-string'] === true ||
  schema.type !== 'object';

/** Fields of `value` that `root` doesn't declare, each with the field that was probably meant. */
export const unknownFields = (root: JsonSchema, value: JsonValue, kind: string): readonly Problem[] => {
  const walk = (schema: JsonSchema, item: JsonValue, at: Path): readonly Problem[] => {
    if (Array.isArray(item))
      return schema.items === undefined
        ? []
        : item.flatMap((one, index) => walk(schema.items ?? {}, one, [...at, index]));
    if (!isJsonObject(item)) return [];
    return Object.entries(item).flatMap(([key, child]) => {
      const known = propertySchema(schema, key);
      if (known === undefined) return open(schema) ? [] : [unknown(root, schema, [...at, key], kind)];
      return child === undefined || isMetadata(at, key) ? [] : walk(known, child, [...at, key]);
    });
  };
  return walk(root, value, []);
};

const isMetadata = (at: Path, key: string): boolean => at.length === 0 && key === 'metadata';

const unknown = (root: JsonSchema, parent: JsonSchema, at: Path, kind: string): Problem => {
  const name = String(at.at(-1));
  const sibling = closest(name, Object.keys(parent.properties ?? {}));
  return {
    path: pathText(at),
    rule: 'unknown-field',
    message: `${pathText(at)} is not a field of ${kind} that this version knows.`,
    remedy: sibling !== undefined ? `Write ${sibling} if that is meant, or remove it.` : elsewhere(root, name),
  };
};

const elsewhere = (root: JsonSchema, name: string): string => {
  const places = declared(root, name)
    .filter((path) => path[0] === 'spec')
    .map(pathText);
  return places.length === 0 || places.length > 3
    ? 'Remove it, or run a version of the operator that has it; the API server drops it.'
    : `Move it to ${places.join(' or ')} if that is meant, or remove it.`;
};

/** Items of list maps and sets that occur twice: the API server refuses them. */
export const duplicateItems = (schema: JsonSchema, value: JsonValue, at: Path = []): readonly Problem[] => {
  if (Array.isArray(value))
    return [
      ...duplicatesOf(schema, value, at),
      ...value.flatMap((item, index) => duplicateItems(schema.items ?? {}, item, [...at, index])),
    ];
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const child = propertySchema(schema, key);
    return child === undefined || item === undefined ? [] : duplicateItems(child, item, [...at, key]);
  });
};

const duplicatesOf = (schema: JsonSchema, items: readonly JsonValue[], at: Path): readonly Problem[] => {
  const type = schema['x-kubernetes-list-type'];
  if (type !== 'map' && type !== 'set') return [];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const identity = (item: JsonValue): string =>
    JSON.stringify(type === 'map' && isJsonObject(item) ? keys.map((key) => item[key] ?? null) : item);
  const first = new Map(items.map((item, index) => [identity(item), index] as const).reverse());
  return items.flatMap((item, index) => {
    if (first.get(identity(item)) === index) return [];
    const path = pathText([...at, index]);
    return [
      {
        path,
        rule: 'duplicate-item',
        message: `${path} repeats an earlier item: ${identity(item)}.`,
        remedy: 'Keep one of them.',
      },
    ];
  });
};
