/**
 * What the API server knows of each kind: the structural schema that says which fields exist and how server-side
 * apply merges them. Built-in kinds come from kubernetes.json, extracted from the server's own OpenAPI; kinds of
 * custom resources come from
 * lib/api; further ones can be registered. Schemas are big and shared, so nothing is copied: `$ref` is followed when needed.
 */
import type { JsonSchema } from '../../lib/api/json-schema';
import type { TypeMeta } from '../../lib/base/kube-object';
import type { JsonValue } from '../../lib/base/json';
import { objectSchema as crdSchema } from '../../lib/api/crd';
import { kindOf } from '../../lib/api/kinds';
import kubernetes from './kubernetes.json';

interface Bundle {
  readonly version: string;
  readonly kinds: Readonly<Record<string, string>>;
  readonly $defs: Readonly<Record<string, JsonSchema>>;
}

const bundle = kubernetes as unknown as Bundle;
const definitions = new Map<string, JsonSchema>(
  Object.entries(bundle.$defs).map(([name, schema]) => [`#/$defs/${name}`, schema]),
);
const custom = new Map<string, JsonSchema>();

/** The Kubernetes release whose OpenAPI the built-in schemas come from. */
export const SCHEMA_VERSION: string = bundle.version;

/** How a kind is keyed in tables: `apps/v1 DaemonSet`. */
export const typeKey = (type: TypeMeta): string => `${type.apiVersion} ${type.kind}`;

/** Schema of metadata, the same for every kind. */
export const OBJECT_META: JsonSchema = { $ref: '#/$defs/meta.v1.ObjectMeta' };

/** A whole object's schema from those of its own parts (`spec`, `status`): adds apiVersion, kind and metadata. */
export const objectSchema = (
  parts: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = [],
): JsonSchema => ({
  type: 'object',
  properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: OBJECT_META, ...parts },
  ...(required.length === 0 ? {} : { required }),
});

/** Makes the schema of a custom kind known. A later registration of the same kind replaces the earlier one. */
export const registerSchema = (type: TypeMeta, schema: JsonSchema): void => {
  custom.set(typeKey(type), schema);
};

/** The schema of whole objects of a kind; `undefined` when neither built in nor registered. */
export const schemaFor = (type: TypeMeta): JsonSchema | undefined => {
  const name = bundle.kinds[typeKey(type)];
  return name === undefined ? (custom.get(typeKey(type)) ?? ownSchema(type)) : bundle.$defs[name];
};

const ownSchema = (type: TypeMeta): JsonSchema | undefined => {
  const definition = kindOf(type.apiVersion, type.kind);
  if (definition === undefined) return undefined;
  const { properties } = crdSchema(definition);
  const schema = objectSchema(
    Object.fromEntries(
      ['spec', 'status'].flatMap((part) => (properties?.[part] === undefined ? [] : [[part, properties[part]]])),
    ),
  );
  registerSchema(type, schema);
  return schema;
};

/** Whether a kind is built into Kubernetes (as far as it is known here). */
export const isBuiltIn = (type: TypeMeta): boolean => bundle.kinds[typeKey(type)] !== undefined;

const ANY: JsonSchema = {};

/** The schema behind `$ref`s and single `allOf`s. A reference that leads nowhere allows anything. */
export const resolveSchema = (schema: JsonSchema): JsonSchema => {
  let current = schema;
  for (let depth = 0; depth < 8; depth++) {
    if (current.$ref !== undefined) current = definitions.get(current.$ref) ?? ANY;
    else if (current.allOf?.length === 1 && current.properties === undefined && current.allOf[0] !== undefined)
      current = current.allOf[0];
    else return current;
  }
  return current;
};

/** Whether `key` is a declared property, as opposed to a key of a map. */
export const declares = (schema: JsonSchema | undefined, key: string): boolean =>
  schema !== undefined && Object.hasOwn(resolveSchema(schema).properties ?? ANY, key);

/** The schema of the value under `key` of an object; `undefined` when the schema doesn't say. */
export const childSchema = (schema: JsonSchema | undefined, key: string): JsonSchema | undefined => {
  if (schema === undefined) return undefined;
  const { properties, additionalProperties } = resolveSchema(schema);
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
};

/** The schema of the items of a list; `undefined` when the schema doesn't say. */
export const itemSchema = (schema: JsonSchema | undefined): JsonSchema | undefined =>
  schema === undefined ? undefined : resolveSchema(schema).items;

/** How server-side apply treats a value. */
export type Topology =
  /** One value: replaced whole, owned whole. Also lists and maps declared (or by default) atomic. */
  | { readonly kind: 'leaf' }
  /** Each key is merged and owned by itself. */
  | { readonly kind: 'map' }
  /** Items are merged by the value of some of their fields, here sorted. */
  | { readonly kind: 'listMap'; readonly keys: readonly string[] }
  /** Distinct scalars, each owned by itself. */
  | { readonly kind: 'set' };

const LEAF: Topology = { kind: 'leaf' };
const MAP: Topology = { kind: 'map' };
const SET: Topology = { kind: 'set' };

const isUntyped = (schema: JsonSchema): boolean =>
  schema.type === undefined &&
  schema.properties === undefined &&
  schema['x-kubernetes-preserve-unknown-fields'] !== true;

const mapTopology = (schema: JsonSchema): Topology =>
  schema['x-kubernetes-map-type'] === 'atomic' || isUntyped(schema) ? LEAF : MAP;

const listTopology = (schema: JsonSchema): Topology => {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'map') return listMap(schema);
  return type === 'set' ? SET : LEAF;
};

const listMaps = new WeakMap<JsonSchema, Topology>();
/** Asked at every item of a list: remembered by schema. */
const listMap = (schema: JsonSchema): Topology => {
  const known = listMaps.get(schema);
  if (known !== undefined) return known;
  const keys = schema['x-kubernetes-list-map-keys'];
  const topology: Topology = keys === undefined ? LEAF : { kind: 'listMap', keys: [...keys].sort() };
  listMaps.set(schema, topology);
  return topology;
};

/** How `value` is merged and owned under `schema`. Where no schema speaks, maps are granular and lists are atomic. */
export const topologyOf = (schema: JsonSchema | undefined, value: JsonValue | undefined): Topology => {
  if (typeof value !== 'object' || value === null) return LEAF;
  if (schema === undefined) return Array.isArray(value) ? LEAF : MAP;
  const resolved = resolveSchema(schema);
  return Array.isArray(value) ? listTopology(resolved) : mapTopology(resolved);
};

const quantitySchema = bundle.$defs['api.resource.Quantity'];

/** Whether the server rewrites the value to the shortest form of the same quantity (`1000m` becomes `1`). */
export const isQuantity = (schema: JsonSchema | undefined): boolean =>
  schema !== undefined && resolveSchema(schema) === quantitySchema;
