import { crdOf, objectSchema } from '../../lib/api/crd';
import type { JsonSchema } from '../../lib/api/json-schema';
import { KINDS } from '../../lib/api/kinds';
import { wekaNode } from '../../lib/api/weka-node';

const LIMIT = 200 * 1024;
const rows = KINDS.map((definition) => [definition.kind, definition] as const);

type Visit = (schema: JsonSchema, path: string) => readonly string[];
const walk = (schema: JsonSchema, path: string, visit: Visit): readonly string[] => [
  ...visit(schema, path),
  ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) => walk(child, `${path}.${name}`, visit)),
  ...(schema.items === undefined ? [] : walk(schema.items, `${path}[]`, visit)),
  ...(typeof schema.additionalProperties === 'object' ? walk(schema.additionalProperties, `${path}.*`, visit) : []),
];

const STRUCTURAL = new Set([
  'type',
  'description',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'default',
  'format',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'nullable',
  'anyOf',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
]);

const notStructural: Visit = (schema, path) => [
  ...Object.keys(schema)
    .filter((key) => !STRUCTURAL.has(key))
    .map((key) => `${path}: ${key}`),
  ...(schema.type === undefined && schema['x-kubernetes-int-or-string'] !== true ? [`${path}: no type`] : []),
  ...(schema.properties !== undefined && schema.additionalProperties !== undefined
    ? [`${path}: properties and additionalProperties`]
    : []),
  ...(schema.anyOf !== undefined && schema['x-kubernetes-int-or-string'] !== true ? [`${path}: anyOf`] : []),
];

const badListMap: Visit = (schema, path) =>
  schema['x-kubernetes-list-type'] !== 'map'
    ? []
    : (schema['x-kubernetes-list-map-keys'] ?? ['none'])
        .filter(
          (key) =>
            schema.items?.required?.includes(key) !== true && schema.items?.properties?.[key]?.default === undefined,
        )
        .map((key) => `${path}: key ${key}`);

describe.each(rows)('the CRD of %s', (_kind, definition) => {
  const schema = objectSchema(definition);

  test('is small enough for kubectl apply, which keeps a copy in an annotation', () => {
    expect(JSON.stringify(crdOf(definition)).length).toBeLessThan(LIMIT);
  });

  test('is a structural schema', () => {
    expect(walk(schema, '', notStructural)).toEqual([]);
  });

  test('has keys that are always there in every list map', () => {
    expect(walk(schema, '', badListMap)).toEqual([]);
    expect(schema.properties?.['status']?.properties?.['conditions']).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    });
  });

  test('requires nothing in status but the keys of list maps', () => {
    const required: Visit = (node, path) => (node.required ?? []).map((name) => `${path}.${name}`);
    const keys: Visit = (node, path) => (node['x-kubernetes-list-map-keys'] ?? []).map((key) => `${path}[].${key}`);
    const status = schema.properties?.['status'] ?? {};
    expect([...walk(status, 'status', required)].sort()).toEqual([...walk(status, 'status', keys)].sort());
  });

  test('shows readiness, phase and age, and the reason with -o wide', () => {
    const shown = definition.printerColumns.filter(({ priority }) => (priority ?? 0) === 0).map(({ name }) => name);
    expect(shown).toEqual(expect.arrayContaining(['Ready', 'Status', 'Age']));
    expect(definition.printerColumns.find(({ name }) => name === 'Message')?.priority).toBe(1);
  });

  test('carries each rule at its place', () => {
    const placed: Visit = (node) => (node['x-kubernetes-validations'] ?? []).map(({ rule }) => rule);
    expect([...walk(schema, '', placed)].sort()).toEqual(definition.rules.map(({ cel }) => cel).sort());
    expect(new Set(definition.rules.map(({ id }) => id)).size).toBe(definition.rules.length);
  });

  test('marks as rules of change those that read the old object, and only those', () => {
    expect(
      definition.rules
        .filter(({ cel, transition }) => cel.includes('oldSelf') !== (transition === true))
        .map(({ id }) => id),
    ).toEqual([]);
  });

  test('comes out the same twice', () => {
    expect(JSON.stringify(crdOf(definition))).toBe(JSON.stringify(crdOf(definition)));
  });
});

test('WekaContainer -o wide shows progress, cores, memory, huge pages, drives and ports', () => {
  const wide =
    KINDS.find(({ kind }) => kind === 'WekaContainer')?.printerColumns.filter(({ priority }) => priority === 1) ?? [];
  expect(wide.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['Progress', 'Cores', 'Memory', 'Hugepages', 'Drives', 'Ports']),
  );
});

test('a CRD names its kind, short name, category and status subresource', () => {
  expect(crdOf(wekaNode)).toMatchObject({
    metadata: { name: 'wekanodes.weka.weka.io' },
    spec: {
      group: 'weka.weka.io',
      names: { kind: 'WekaNode', listKind: 'WekaNodeList', shortNames: ['wn'], categories: ['weka'] },
      scope: 'Cluster',
      versions: [{ name: 'v1alpha1', served: true, storage: true, subresources: { status: {} } }],
    },
  });
});

test('a rule that leads nowhere is a mistake that shows at once', () => {
  const rule = { id: 'lost', path: 'spec.nowhere', cel: 'true', message: 'lost', holds: () => true };
  expect(() => objectSchema({ ...wekaNode, rules: [rule] })).toThrow('rule lost: spec.nowhere leads nowhere');
});
