import { KINDS } from '../../lib/api/kinds';
import { API_VERSION } from '../../lib/api/kind';
import { childSchema, itemSchema, resolveSchema, schemaFor, SCHEMA_VERSION, topologyOf } from '../../synth/schemas';
import { problemString, validateManifests } from '../../synth/validation';
import { aManifest } from './objects';

const problems = (type: string, parts: object): string[] =>
  validateManifests([aManifest(type, parts as Parameters<typeof aManifest>[1])]).map(problemString);

describe('a built-in kind is refused when', () => {
  test.each([
    [
      'a field is unknown',
      { spec: { containers: [{ name: 'c', imagePullpolicy: 'Always' }] } },
      ['Pod/n/a: spec.containers[0].imagePullpolicy is not a known field'],
    ],
    [
      'a string stands where a number is wanted',
      { spec: { containers: [{ name: 'c', ports: [{ containerPort: '80' }] }] } },
      ['Pod/n/a: spec.containers[0].ports[0].containerPort must be integer, not string'],
    ],
    ['a list is wanted', { spec: { containers: {} } }, ['Pod/n/a: spec.containers must be array, not object']],
    [
      'a required field is missing, and all else is told too',
      { spec: { hostNetwork: 'yes' } },
      ['Pod/n/a: spec.containers is required', 'Pod/n/a: spec.hostNetwork must be boolean, not string'],
    ],
    [
      'a label is no string',
      { metadata: { labels: { 'weka.io/n': 1 } }, spec: { containers: [] } },
      ['Pod/n/a: metadata.labels["weka.io/n"] must be string, not integer'],
    ],
  ])('%s', (_, parts, expected) => {
    expect(problems('v1 Pod', parts)).toEqual(expected);
  });
});

test('quantities and ports may be numbers or strings, and null counts as absent', () => {
  const container = {
    name: 'c',
    resources: { limits: { cpu: 1, memory: '1Gi' } },
    livenessProbe: { httpGet: { port: 'http' } },
    command: null,
  };
  expect(problems('v1 Pod', { spec: { containers: [container] } })).toEqual([]);
});

test('a kind nobody knows is named', () => {
  expect(problems('x/v1 Y', {})).toEqual(['Y/n/a: is of a kind that is not known here: x/v1 Y']);
});

test('our kinds are checked by their own validators', () => {
  expect(problems(`${API_VERSION} WekaPolicy`, { spec: { typo: 1 } }).join()).toContain('spec.typo');
});

describe('schemas', () => {
  test.each(KINDS.map(({ kind }) => [kind]))('%s has a schema with metadata, spec and status', (kind) => {
    const schema = schemaFor({ apiVersion: API_VERSION, kind });
    expect(Object.keys(schema?.properties ?? {})).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
    expect(resolveSchema(childSchema(schema, 'metadata') ?? {}).properties).toHaveProperty('ownerReferences');
  });

  test('conditions of ours are merged by type', () => {
    const status = childSchema(schemaFor({ apiVersion: API_VERSION, kind: 'WekaPolicy' }), 'status');
    expect(topologyOf(childSchema(status, 'conditions'), [])).toEqual({ kind: 'listMap', keys: ['type'] });
  });

  test('references are followed', () => {
    const spec = childSchema(schemaFor({ apiVersion: 'v1', kind: 'Pod' }), 'spec');
    expect(Object.keys(resolveSchema(itemSchema(childSchema(spec, 'containers')) ?? {}).properties ?? {})).toContain(
      'imagePullPolicy',
    );
    expect(SCHEMA_VERSION).toMatch(/^v1\.\d+/);
  });
});
