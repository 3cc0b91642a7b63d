import fc from 'fast-check';
import type { LiveObject, Manifest } from '../../lib/base/kube-object';
import { diff, isSame } from '../../synth/diff';
import { formatFields, pathString } from '../../synth/fields';
import { ownedBy } from '../../synth/owners';
import { sameJson } from '../../synth/json-equal';
import type { JsonObject } from '../../lib/base/json';
import { applyMerge, extractOwned } from '../../synth/merge';
import { aManifest } from './objects';

const OURS = 'weka-operator';
type More = { force?: boolean; subresource?: 'status'; time?: string };

const apply = (live: LiveObject | undefined, manager: string, manifest: Manifest, more: More = {}) =>
  applyMerge({ live, manifest, manager, force: false, ...more });
/** Applies one manifest after another, each by its manager; the object at the end. */
const story = (...steps: [string, Manifest][]): LiveObject =>
  steps.reduce<LiveObject | undefined>(
    (live, [manager, manifest]) => apply(live, manager, manifest, { force: true }).object as LiveObject,
    undefined,
  ) as LiveObject;
const pod = (spec: object, metadata: object = {}) => aManifest('v1 Pod', { metadata, spec });
const service = (spec: object) => aManifest('v1 Service', { spec });
const configMap = (data: object) => aManifest('v1 ConfigMap', { data });

describe('applying', () => {
  test.each([
    [
      'a new field is added, fields of others stay',
      [
        ['a', configMap({ x: '1' })],
        ['b', configMap({ y: '2' })],
      ],
      { data: { x: '1', y: '2' } },
    ],
    [
      'a field given up by its only owner goes',
      [
        ['a', configMap({ x: '1', y: '2' })],
        ['a', configMap({ y: '2' })],
      ],
      { data: { y: '2' } },
    ],
    [
      'a field given up that another also applied stays',
      [
        ['a', configMap({ x: '1' })],
        ['b', configMap({ x: '1' })],
        ['a', configMap({})],
      ],
      { data: { x: '1' } },
    ],
    [
      'a map given up goes when nobody has anything in it',
      [
        ['a', configMap({ x: '1' })],
        ['a', aManifest('v1 ConfigMap')],
      ],
      { data: null },
    ],
    [
      'items of a list merged by key keep their places, new ones come where they are wanted',
      [
        [
          'b',
          service({
            ports: [
              { port: 1, name: 'one' },
              { port: 2, name: 'two' },
            ],
          }),
        ],
        [
          'a',
          service({
            ports: [
              { port: 3, name: 'three' },
              { port: 2, name: 'two' },
            ],
          }),
        ],
      ],
      {
        spec: {
          ports: [
            { port: 1, name: 'one' },
            { port: 3, name: 'three' },
            { port: 2, name: 'two' },
          ],
        },
      },
    ],
    [
      'an item given up goes with everything in it',
      [
        ['a', service({ ports: [{ port: 1 }, { port: 2 }] })],
        ['a', service({ ports: [{ port: 2 }] })],
      ],
      { spec: { ports: [{ port: 2 }] } },
    ],
    [
      'an atomic list is replaced whole',
      [
        ['a', pod({ tolerations: [{ key: 'x' }] })],
        ['a', pod({ tolerations: [{ key: 'y' }] })],
      ],
      { spec: { tolerations: [{ key: 'y' }] } },
    ],
    [
      'an atomic map is replaced whole',
      [
        ['a', pod({ nodeSelector: { x: '1' } })],
        ['a', pod({ nodeSelector: { y: '1' } })],
      ],
      { spec: { nodeSelector: { y: '1' } } },
    ],
    [
      'values of a set are added and removed one by one',
      [
        ['b', pod({}, { finalizers: ['b'] })],
        ['a', pod({}, { finalizers: ['a', 'c'] })],
        ['a', pod({}, { finalizers: ['c'] })],
      ],
      { metadata: { finalizers: ['b', 'c'] } },
    ],
    [
      'a null of a field that is not nullable counts as left out',
      [['a', pod({ hostname: null, subdomain: 's' })]],
      { spec: { subdomain: 's' } },
    ],
    [
      'a number and a string are different values',
      [
        ['a', service({ ports: [{ port: 1, targetPort: 80 }] })],
        ['a', service({ ports: [{ port: 1, targetPort: 'http' }] })],
      ],
      { spec: { ports: [{ port: 1, targetPort: 'http' }] } },
    ],
  ] as [string, [string, Manifest][], object][])('%s', (_, steps, expected) => {
    expect(JSON.parse(JSON.stringify({ data: null, ...story(...steps) }))).toMatchObject(expected);
  });

  test('what the server filled in below a removed item goes with it, beside it stays', () => {
    const live = story(['a', service({ ports: [{ port: 1 }], type: 'ClusterIP' })]);
    const filled = {
      ...live,
      spec: { ...live.spec, clusterIP: '10.0.0.1', ports: [{ port: 1, nodePort: 30000 }] },
    } as LiveObject;
    expect(apply(filled, 'a', service({ type: 'ClusterIP' })).object.spec).toEqual({
      type: 'ClusterIP',
      clusterIP: '10.0.0.1',
    });
  });
});

describe('conflicts', () => {
  const live = story(['b', configMap({ x: '1' })]);

  test('another value of a field that somebody owns is a conflict that names the field', () => {
    const { conflicts } = apply(live, 'a', configMap({ x: '2' }));
    expect(conflicts.map((one) => [one.manager, one.fields.map(pathString)])).toEqual([['b', ['data.x']]]);
  });

  test('the same value is shared without a conflict', () => {
    const { conflicts, managedFields } = apply(live, 'a', configMap({ x: '1' }));
    expect(conflicts).toEqual([]);
    expect(managedFields.map((entry) => [entry.manager, entry.fieldsV1])).toEqual([
      ['a', { 'f:data': { 'f:x': {} } }],
      ['b', { 'f:data': { 'f:x': {} } }],
    ]);
  });

  test('force takes the field away from its owner', () => {
    const { conflicts, managedFields, object } = apply(live, 'a', configMap({ x: '2' }), { force: true });
    expect([conflicts, managedFields.map((entry) => entry.manager), object['data']]).toEqual([[], ['a'], { x: '2' }]);
  });

  test('the same manager that updated instead of applying is somebody else', () => {
    const updated = {
      ...live,
      metadata: {
        ...live.metadata,
        managedFields: [
          {
            manager: 'a',
            operation: 'Update' as const,
            apiVersion: 'v1',
            fieldsV1: { 'f:data': { '.': {}, 'f:x': {} } },
          },
        ],
      },
    };
    expect(apply(updated, 'a', configMap({ x: '2' })).conflicts).toMatchObject([{ manager: 'a', operation: 'Update' }]);
  });
});

test('status is applied apart: neither endpoint touches the other part', () => {
  const live = story([OURS, pod({ hostname: 'h' })]);
  const manifest = { ...pod({ hostname: 'other' }), status: { phase: 'Running' } };
  const status = apply(live, OURS, manifest, { subresource: 'status' });
  expect(status.object).toMatchObject({ spec: { hostname: 'h' }, status: { phase: 'Running' } });
  expect(status.managedFields.map((entry) => entry.subresource)).toEqual([undefined, 'status']);
  expect(apply(status.object as LiveObject, OURS, { ...manifest, status: {} }).object).toMatchObject({
    spec: { hostname: 'other' },
    status: { phase: 'Running' },
  });
});

test('the time of our entry moves only when something changed', () => {
  const first = apply(undefined, OURS, configMap({ x: '1' }), { time: 't1' });
  const again = apply(first.object as LiveObject, OURS, configMap({ x: '1' }), { time: 't2' });
  const other = apply(first.object as LiveObject, OURS, configMap({ x: '2' }), { time: 't2' });
  expect([again.changed, again.managedFields[0]?.time, other.managedFields[0]?.time]).toEqual([false, 't1', 't2']);
});

// — properties ——————————————————————————————————————————————————————————————————————————————————————————————————

const word = fc.constantFrom('a', 'b', 'c', 'weka.io/x');
const text = fc.constantFrom('1', '2', 'x');
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const port = fc.record({ port: fc.constantFrom(1, 2, 3), name: text, targetPort: fc.constantFrom(80, 'http') });
const services = fc
  .record({
    labels: optional(fc.dictionary(word, text, { maxKeys: 3 })),
    finalizers: optional(fc.uniqueArray(word, { maxLength: 2 })),
    spec: fc.record({
      ports: optional(fc.uniqueArray(port, { selector: (one) => one.port, maxLength: 3 })),
      selector: optional(fc.dictionary(word, text, { maxKeys: 2 })),
      sessionAffinityConfig: optional(fc.constantFrom({}, { clientIP: { timeoutSeconds: 5 } })),
      externalIPs: optional(fc.array(text, { maxLength: 2 })),
    }),
  })
  .map(({ spec, ...metadata }) =>
    aManifest('v1 Service', { metadata: JSON.parse(JSON.stringify(metadata)), spec: JSON.parse(JSON.stringify(spec)) }),
  );
const managers = fc.constantFrom('a', 'b', OURS);
const stories = fc.array(fc.tuple(managers, services), { maxLength: 4 });
const json = (object: object) => object as unknown as JsonObject;

describe('after any story', () => {
  test('applying the same again changes nothing', () => {
    fc.assert(
      fc.property(stories, services, (before, manifest) => {
        const live = story(...before, [OURS, manifest]);
        const again = apply(live, OURS, manifest);
        return !again.changed && again.conflicts.length === 0 && sameJson(json(again.object), json(live));
      }),
    );
  });

  test('an apply leaves nothing to change, as the diff sees it', () => {
    fc.assert(
      fc.property(stories, services, (before, manifest) =>
        isSame(diff(manifest, story(...before, [OURS, manifest]), OURS)),
      ),
    );
  });

  test('the diff is empty only if an apply would change nothing', () => {
    fc.assert(
      fc.property(stories, services, services, (before, first, manifest) => {
        const live = story(...before, [OURS, first]);
        const { object } = apply(live, OURS, manifest, { force: true });
        const { managedFields: _, ...metadata } = object.metadata;
        const { managedFields: __, ...was } = live.metadata;
        if (isSame(diff(manifest, live, OURS)))
          expect(sameJson(json({ ...object, metadata }), json({ ...live, metadata: was }))).toBe(true);
      }),
    );
  });

  test('what we own, sent again, changes nothing', () => {
    fc.assert(
      fc.property(stories, services, (before, manifest) => {
        const live = story([OURS, manifest], ...before);
        const again = apply(live, OURS, extractOwned(live, OURS));
        expect(formatFields(ownedBy(again.object as LiveObject, OURS))).toEqual(formatFields(ownedBy(live, OURS)));
        expect(again.changed).toBe(false);
      }),
    );
  });

  test('nothing given is changed', () => {
    fc.assert(
      fc.property(stories, services, (before, manifest) => {
        const live = story(...before, ['b', manifest]);
        const texts = [JSON.stringify(live), JSON.stringify(manifest)];
        apply(live, OURS, manifest, { force: true });
        expect([JSON.stringify(live), JSON.stringify(manifest)]).toEqual(texts);
      }),
    );
  });
});
