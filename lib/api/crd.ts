import type { JsonObject } from '../base/json';
import type { KubeObject } from '../base/kube-object';
import type { JsonSchema } from './json-schema';
import type { KindDefinition, PrinterColumn, Rule } from './kind';
import { GROUP, VERSION } from './kind';

/** The category that `kubectl get weka` lists; deliberately not `all`. */
export const CATEGORY = 'weka';

/** Plain JSON: what TypeBox hangs on symbols is gone. */
const plain = (schema: unknown): JsonSchema => JSON.parse(JSON.stringify(schema)) as JsonSchema;

const mapValues = <T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));

/** Applies `change` to each direct subschema. */
export const mapChildren = (schema: JsonSchema, change: (child: JsonSchema) => JsonSchema): JsonSchema => ({
  ...schema,
  ...(schema.properties === undefined ? {} : { properties: mapValues(schema.properties, change) }),
  ...(schema.items === undefined ? {} : { items: change(schema.items) }),
  ...(typeof schema.additionalProperties === 'object'
    ? { additionalProperties: change(schema.additionalProperties) }
    : {}),
});

/** Without empty lists and maps of properties, which say nothing. */
const tidy = (schema: JsonSchema): JsonSchema => {
  const { required, properties, ...rest } = mapChildren(schema, tidy);
  return {
    ...rest,
    ...(properties === undefined || Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required === undefined || required.length === 0 ? {} : { required }),
  };
};

/** Nothing is required in status, so that a partial patch passes; the API server insists on the keys of list maps alone. */
const relaxed = (schema: JsonSchema, keys: readonly string[] = []): JsonSchema => {
  const { required, ...rest } = schema;
  const { items } = rest;
  const changed = mapChildren(rest, (child) =>
    relaxed(child, child === items ? (schema['x-kubernetes-list-map-keys'] ?? []) : []),
  );
  const kept = required?.filter((name) => keys.includes(name)) ?? [];
  return kept.length === 0 ? changed : { ...changed, required: kept };
};

/** `schema` with `rule` at the place that `path` leads to. Throws when no such place exists: a mistake in a definition. */
const withRule = (schema: JsonSchema, path: readonly string[], rule: Rule): JsonSchema => {
  const [step, ...rest] = path;
  if (step === undefined) {
    const { message, cel } = rule;
    return {
      ...schema,
      'x-kubernetes-validations': [...(schema['x-kubernetes-validations'] ?? []), { rule: cel, message }],
    };
  }
  if (step === '[]' && schema.items !== undefined) return { ...schema, items: withRule(schema.items, rest, rule) };
  const child = schema.properties?.[step];
  if (child === undefined) throw new Error(`rule ${rule.id}: ${rule.path} leads nowhere at ${step}`);
  return { ...schema, properties: { ...schema.properties, [step]: withRule(child, rest, rule) } };
};

/** `spec.a[].b` as steps: spec, a, [], b. */
export const rulePath = (path: string): readonly string[] => path.replaceAll('[]', '.[]').split('.');

/** The schema of a whole object of the kind, structural as Kubernetes defines it. Pure and deterministic. */
export const objectSchema = (definition: KindDefinition): JsonSchema => {
  const spec = tidy(plain(definition.spec));
  const root: JsonSchema = {
    type: 'object',
    description: definition.description,
    properties: {
      apiVersion: { type: 'string', description: `Group and version: ${GROUP}/${VERSION}.` },
      kind: { type: 'string', description: `Kind: ${definition.kind}.` },
      metadata: { type: 'object' },
      spec: { ...spec, description: `What is wanted of the ${definition.kind}.` },
      status: {
        ...tidy(relaxed(plain(definition.status))),
        description: 'What the operator observed; users never write it.',
      },
    },
    ...(spec.required === undefined ? {} : { required: ['spec'] }),
  };
  return definition.rules.reduce((schema, rule) => withRule(schema, rulePath(rule.path), rule), root);
};

const column = ({ name, type, jsonPath, description, format, priority }: PrinterColumn): JsonObject => ({
  name,
  type,
  jsonPath,
  ...(description === undefined ? {} : { description }),
  ...(format === undefined ? {} : { format }),
  ...(priority === undefined || priority === 0 ? {} : { priority }),
});

/**
 * The CustomResourceDefinition of a kind. Pure and deterministic: the same definition gives the same bytes.
 * `preserveUnknownFields` is left to its default, false: the API server doesn't store it, so naming it would read as drift for ever.
 */
export const crdOf = (definition: KindDefinition): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${definition.plural}.${GROUP}` },
  spec: {
    group: GROUP,
    names: {
      kind: definition.kind,
      listKind: `${definition.kind}List`,
      plural: definition.plural,
      singular: definition.singular,
      shortNames: [...definition.shortNames],
      categories: [CATEGORY],
    },
    scope: definition.scope,
    versions: [
      {
        name: VERSION,
        served: true,
        storage: true,
        additionalPrinterColumns: definition.printerColumns.map(column),
        schema: { openAPIV3Schema: objectSchema(definition) as JsonObject },
        subresources: { status: {} },
      },
    ],
  },
});
