import { objectSchema } from '../../lib/api/crd';
import { describe as describeField, field } from '../../lib/api/field';
import { fieldDocOf } from '../../lib/api/field-doc';
import type { JsonSchema } from '../../lib/api/json-schema';
import { API_VERSION } from '../../lib/api/kind';
import { KINDS, kindOf, typeMetaOf } from '../../lib/api/kinds';
import { fieldsOf } from '../../lib/api/reference-page';

const part = (schema: JsonSchema, name: 'spec' | 'status'): JsonSchema => schema.properties?.[name] ?? {};
const isNumber = (schema: JsonSchema): boolean =>
  schema.type === 'integer' || schema.type === 'number' || schema['x-kubernetes-int-or-string'] === true;

/** What is missing in the documentation of a spec field. */
const gapsOfSpec = (schema: JsonSchema): readonly string[] => {
  const doc = fieldDocOf(schema.description ?? '');
  return [
    ...(/^\S.{6,}\.$/s.test(doc.text) ? [] : ['description']),
    ...(isNumber(schema) && doc.unit === undefined ? ['unit'] : []),
    ...(doc.required || doc.absent !== undefined ? [] : ['default']),
    ...(doc.change === undefined ? ['change'] : []),
  ];
};

const gapsOfStatus = (schema: JsonSchema): readonly string[] => {
  const doc = fieldDocOf(schema.description ?? '');
  return [
    ...(/.{4,}\.$/s.test(doc.text) ? [] : ['description']),
    ...(isNumber(schema) && doc.unit === undefined ? ['unit'] : []),
  ];
};

const fieldRows = (name: 'spec' | 'status') =>
  KINDS.map((definition) => [definition.kind, fieldsOf(part(objectSchema(definition), name), name)] as const);

describe('the documentation of fields', () => {
  test.each(fieldRows('spec'))(
    'every field of the spec of a %s says what it does, its unit, its default and what changing it does',
    (_kind, fields) => {
      expect(fields.flatMap(({ path, schema }) => gapsOfSpec(schema).map((gap) => `${path}: ${gap}`))).toEqual([]);
      expect(fields.length).toBeGreaterThan(2);
    },
  );

  test.each(fieldRows('status'))(
    'every field of the status of a %s says what it means, and its unit',
    (_kind, fields) => {
      expect(fields.flatMap(({ path, schema }) => gapsOfStatus(schema).map((gap) => `${path}: ${gap}`))).toEqual([]);
      expect(fields.length).toBeGreaterThan(5);
    },
  );

  test('a field without unit, default or change is noticed', () => {
    expect(gapsOfSpec({ type: 'integer', description: 'How many there are.' })).toEqual(['unit', 'default', 'change']);
    expect(gapsOfSpec({ type: 'string' })).toEqual(['description', 'default', 'change']);
  });

  test.each([
    [
      'all parts',
      { does: 'Sets it.', unit: 'MiB', absent: '2.5 of it', change: 'rolls' },
      {
        text: 'Sets it.',
        unit: 'MiB',
        absent: '2.5 of it',
        required: false,
        change: expect.stringContaining('replaces the Pods'),
      },
    ],
    [
      'a required field',
      { does: 'Names it.' },
      { text: 'Names it.', required: true, change: expect.stringContaining('next created') },
    ],
    [
      'a status field',
      { says: 'When it was.', unit: 'seconds' },
      { text: 'When it was.', unit: 'seconds', required: false },
    ],
  ] as const)('is read back from a description: %s', (_name, doc, expected) => {
    expect(fieldDocOf(describeField(doc))).toEqual(expected);
    expect(field(doc).description).toBe(describeField(doc));
  });
});

describe('the registry of kinds', () => {
  test('lists our six kinds with distinct names', () => {
    expect(KINDS.map(({ kind, plural, shortNames, scope }) => [kind, plural, shortNames.join(), scope])).toEqual([
      ['WekaCluster', 'wekaclusters', 'wc', 'Namespaced'],
      ['WekaClient', 'wekaclients', 'wcl', 'Namespaced'],
      ['WekaContainer', 'wekacontainers', 'wct', 'Namespaced'],
      ['WekaPolicy', 'wekapolicies', 'wpol', 'Namespaced'],
      ['WekaManualOperation', 'wekamanualoperations', 'wmo', 'Namespaced'],
      ['WekaNode', 'wekanodes', 'wn', 'Cluster'],
    ]);
  });

  test('finds a kind by apiVersion and kind, and no other', () => {
    expect(kindOf(API_VERSION, 'WekaPolicy')?.plural).toBe('wekapolicies');
    expect(kindOf('weka.weka.io/v1', 'WekaPolicy')).toBeUndefined();
    expect(kindOf('v1', 'Pod')).toBeUndefined();
  });

  test('gives apiVersion and kind, and refuses what is not ours', () => {
    expect(typeMetaOf('WekaNode')).toEqual({ apiVersion: 'weka.weka.io/v1alpha1', kind: 'WekaNode' });
    expect(() => typeMetaOf('Pod')).toThrow('none of our kinds');
  });
});
