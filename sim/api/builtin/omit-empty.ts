/**
 * What the API server leaves out when it stores: empty maps and lists of built-in kinds, and of everybody's metadata.
 * Required lists and structures (`emptyDir: {}`) stay.
 */
import type { JsonSchema } from '../../../lib/api/json-schema';
import type { JsonObject, JsonValue } from '../../../lib/base/json';
import { isJsonObject } from '../../../lib/base/json';
import type { KubeObject } from '../../../lib/base/kube-object';
import { childSchema, itemSchema, resolveSchema } from '../../../synth/schemas';

const METADATA = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

const isEmpty = (value: unknown): boolean =>
  value === null ||
  (Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0);

/** `object` without empty labels, annotations, finalizers and owner references; the very object when it has none. */
export const withoutEmptyMetadata = <T extends KubeObject>(object: T): T => {
  const { metadata } = object;
  const owners = metadata.ownerReferences;
  const once = owners?.filter((each, index) => owners.findIndex(({ uid }) => uid === each.uid) === index);
  const repeated = once?.length !== owners?.length;
  if (!repeated && !METADATA.some((name) => isEmpty(metadata[name]))) return object;
  const kept = { ...metadata, ...(repeated ? { ownerReferences: once as NonNullable<typeof once> } : {}) };
  for (const name of METADATA) if (isEmpty(kept[name])) delete kept[name];
  return { ...object, metadata: kept };
};

/** A map of the user's keys, not a structure. */
const isMap = (schema: JsonSchema | undefined): boolean => {
  const known = schema === undefined ? undefined : resolveSchema(schema);
  return known?.properties === undefined && typeof known?.additionalProperties === 'object';
};

const strip = (value: JsonValue, schema: JsonSchema | undefined): JsonValue => {
  if (Array.isArray(value)) {
    const below = itemSchema(schema);
    const items = value.map((item) => strip(item, below));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  return isJsonObject(value) && !isMap(schema) ? stripFields(value, schema) : value;
};

const stripFields = (value: JsonObject, schema: JsonSchema | undefined): JsonObject => {
  const required = schema === undefined ? [] : (resolveSchema(schema).required ?? []);
  let kept = value;
  for (const name of Object.keys(value)) {
    const below = childSchema(schema, name);
    const item = value[name];
    const empty = item === null || (isEmpty(item) && (Array.isArray(item) || isMap(below)));
    if (empty && !required.includes(name)) {
      kept = { ...kept };
      delete kept[name];
    } else if (item !== undefined) {
      const stripped = strip(item, below);
      if (stripped !== item) kept = { ...kept, [name]: stripped };
    }
  }
  return kept;
};

/** An object of a built-in kind without its empty maps and lists. The very object when it has none. */
export const withoutEmpty = <T extends KubeObject>(object: T, schema: JsonSchema | undefined): T => {
  const { metadata, ...rest } = withoutEmptyMetadata(object);
  const stripped = stripFields(rest as unknown as JsonObject, schema);
  return metadata === object.metadata && stripped === (rest as unknown)
    ? object
    : ({ ...stripped, metadata } as unknown as T);
};
