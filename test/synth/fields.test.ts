import fc from 'fast-check';
import {
  contains,
  difference,
  formatFields,
  intersection,
  isEmptySet,
  NO_FIELDS,
  objectFields,
  parseFields,
  pathsOf,
  pathString,
  sameFields,
  setOf,
  union,
} from '../../synth/fields';
import type { FieldPath } from '../../synth/fields';
import { ownedBy, ownedByOthers } from '../../synth/owners';
import { schemaFor } from '../../synth/schemas';
import { aPod } from './objects';

const POD = { apiVersion: 'v1', kind: 'Pod' };
const podFields = (object: object) =>
  formatFields(objectFields({ ...POD, metadata: { name: 'a' }, ...object }, schemaFor(POD)));

const elements = fc.constantFrom('f:a', 'f:b', 'f:weka.io/mode', 'k:{"name":"a"}', 'v:"x"', 'i:0');
const paths: fc.Arbitrary<FieldPath[]> = fc.array(fc.array(elements, { minLength: 1, maxLength: 4 }), {
  maxLength: 12,
});
const sets = paths.map(setOf);

describe('the fields an object takes ownership of', () => {
  test.each([
    [
      'a label is owned by its key, the map is not',
      { metadata: { name: 'a', labels: { x: '1' } } },
      { 'f:metadata': { 'f:labels': { 'f:x': {} } } },
    ],
    [
      'identity and what the server sets are owned by nobody',
      { metadata: { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '1' } },
      {},
    ],
    [
      'a container is owned by its name, and so is each of its fields',
      { spec: { containers: [{ name: 'c', image: 'i' }] } },
      { 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {} } } } },
    ],
    [
      'a port without protocol is keyed with the default protocol',
      { spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] } },
      {
        'f:spec': {
          'f:containers': {
            'k:{"name":"c"}': {
              '.': {},
              'f:name': {},
              'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
            },
          },
        },
      },
    ],
    ['an atomic list is owned whole', { spec: { tolerations: [{ key: 'a' }] } }, { 'f:spec': { 'f:tolerations': {} } }],
    ['an atomic map is owned whole', { spec: { nodeSelector: { a: 'b' } } }, { 'f:spec': { 'f:nodeSelector': {} } }],
    [
      'finalizers are a set',
      { metadata: { name: 'a', finalizers: ['x'] } },
      { 'f:metadata': { 'f:finalizers': { 'v:"x"': {} } } },
    ],
    ['an empty map is owned itself', { spec: { securityContext: {} } }, { 'f:spec': { 'f:securityContext': {} } }],
    ['an empty list merged by key owns nothing', { spec: { containers: [] } }, {}],
  ])('%s', (_, object, expected) => {
    expect(podFields(object)).toEqual(expected);
  });

  test('without a schema, maps are granular and lists atomic', () => {
    const fields = objectFields(
      { apiVersion: 'x/v1', kind: 'X', metadata: { name: 'a' }, spec: { a: { b: 1 }, c: [1] } },
      undefined,
    );
    expect(pathsOf(fields).map(pathString)).toEqual(['spec', 'spec.a', 'spec.a.b', 'spec.c']);
  });
});

describe('fieldsV1', () => {
  test('is read and written without a loss', () => {
    fc.assert(fc.property(sets, (set) => sameFields(parseFields(formatFields(set)), set)));
  });

  test('keys of list items are compared whatever order the server wrote them in', () => {
    const set = parseFields({ 'f:ports': { 'k:{"protocol":"TCP","containerPort":80}': {} } });
    expect(contains(set, ['f:ports', 'k:{"containerPort":80,"protocol":"TCP"}'])).toBe(true);
  });

  test('a member with fields below it is marked with a dot', () => {
    expect(formatFields(setOf([['f:a'], ['f:a', 'f:b']]))).toEqual({ 'f:a': { '.': {}, 'f:b': {} } });
  });
});

describe('arithmetic of field sets', () => {
  const has = (list: readonly FieldPath[], path: FieldPath) => list.some((one) => one.join() === path.join());

  test('union, difference and intersection do what sets of paths do', () => {
    fc.assert(
      fc.property(paths, paths, (a, b) => {
        const [setA, setB] = [setOf(a), setOf(b)];
        for (const path of [...a, ...b]) {
          expect(contains(union(setA, setB), path)).toBe(true);
          expect(contains(difference(setA, setB), path)).toBe(has(a, path) && !has(b, path));
          expect(contains(intersection(setA, setB), path)).toBe(has(a, path) && has(b, path));
        }
      }),
    );
  });

  test('a set without itself is empty', () => {
    fc.assert(
      fc.property(
        sets,
        (set) =>
          isEmptySet(difference(set, set)) &&
          sameFields(union(set, set), set) &&
          sameFields(intersection(set, NO_FIELDS), NO_FIELDS),
      ),
    );
  });
});

test('paths read as people write them', () => {
  expect(pathString(['f:spec', 'f:ports', 'k:{"containerPort":80,"protocol":"TCP"}', 'f:hostPort'])).toBe(
    'spec.ports[containerPort=80,protocol="TCP"].hostPort',
  );
  expect(pathString(['f:metadata', 'f:labels', 'f:weka.io/mode'])).toBe('metadata.labels["weka.io/mode"]');
  expect(pathString(['f:metadata', 'f:finalizers', 'v:"x"'])).toBe('metadata.finalizers["x"]');
});

test('applying and updating under one name are two owners, and subresources are apart', () => {
  const entry = (operation: 'Apply' | 'Update', field: string, subresource?: string) => ({
    manager: 'weka-operator',
    operation,
    apiVersion: 'v1',
    fieldsV1: { [`f:${field}`]: {} },
    ...(subresource === undefined ? {} : { subresource }),
  });
  const live = aPod({
    metadata: { managedFields: [entry('Apply', 'a'), entry('Update', 'b'), entry('Apply', 'c', 'status')] },
  });
  expect(formatFields(ownedBy(live, 'weka-operator'))).toEqual({ 'f:a': {} });
  expect(formatFields(ownedByOthers(live, 'weka-operator'))).toEqual({ 'f:b': {}, 'f:c': {} });
});
