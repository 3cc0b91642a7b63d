import { ApiObject, JsonPatch, Lazy } from 'cdk8s';
import type { Chart } from 'cdk8s';
import { Construct } from 'constructs';
import * as kplus from 'cdk8s-plus-28';
import fc from 'fast-check';
import { ConfigMap, DaemonSet, Pod, Resource, Service } from '../../lib/base/cdk';
import { OperatorError } from '../../lib/base/errors';
import { canonicalJson } from '../../synth/canonical-json';
import { compareForDelete, compareRefs } from '../../synth/kind-order';
import { refOf, refString } from '../../lib/base/kube-object';
import type { JsonObject } from '../../lib/base/json';
import { render } from '../../synth/render';

const resource = (chart: Construct, id: string, more: object = {}, name = id) =>
  new Resource(chart, id, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more });

const problemsOf = (build: (chart: Chart) => void): string => {
  try {
    render(build);
  } catch (thrown) {
    if (thrown instanceof OperatorError && thrown.code === 'RenderFailed') return String(thrown.parameters['problems']);
    throw thrown;
  }
  return 'none';
};

const container = {
  name: 'c',
  image: 'i',
  imagePullPolicy: 'IfNotPresent',
  resources: {},
  securityContext: {},
} as const;
const fleet = (chart: Chart) => {
  new Pod(chart, 'pod', { name: 'p', namespace: 'n', spec: { containers: [container] } });
  new DaemonSet(chart, 'set', {
    name: 'd',
    namespace: 'n',
    selectorLabels: { app: 'd' },
    podLabels: { x: 'y' },
    updateStrategy: { type: 'OnDelete' },
    pod: { hostNetwork: false, containers: [{ ...container, args: [], env: [{ name: 'EMPTY', value: '' }] }] },
  });
  new Service(chart, 'service', {
    name: 's',
    namespace: 'n',
    selector: { app: 'd' },
    ports: [{ port: 60002, targetPort: 'https' }],
  });
  new ConfigMap(chart, 'index', { name: 'index', namespace: 'n', data: {} });
};

describe('render', () => {
  test('orders by kind, namespace and name, not by construction', () => {
    expect(render(fleet).map((manifest) => refString(refOf(manifest)))).toEqual([
      'ConfigMap/n/index',
      'Service/n/s',
      'DaemonSet/n/d',
      'Pod/n/p',
    ]);
  });

  test('two renders of one input are byte-equal', () => {
    expect(JSON.stringify(render(fleet))).toBe(JSON.stringify(render(fleet)));
  });

  test('rendering one construct twice gives the same and changes nothing given to it', () => {
    const data = Object.freeze({ a: '1' });
    let kept: Resource | undefined;
    const first = render(
      (chart) => void (kept = new ConfigMap(chart, 'a', { name: 'a', labels: Object.freeze({ l: '1' }), data })),
    );
    expect(canonicalJson(kept?.toJson())).toBe(canonicalJson(first[0] as unknown as JsonObject));
  });

  test('only undefined is dropped', () => {
    const parts = { a: {}, b: [], c: false, d: 0, e: '', f: null, g: { h: [{}, null, ''] } };
    expect(render((chart) => void resource(chart, 'x', { ...parts, gone: undefined }))[0]).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x' },
      ...parts,
    });
  });

  test('any plain data comes out as it went in', () => {
    // Three keys are refused, at every depth; another test says so.
    const refused = ['__proto__', 'constructor', 'prototype'];
    const keys = fc.string({ unit: 'grapheme' }).filter((key) => !refused.includes(key));
    const values = fc
      .jsonValue({ stringUnit: 'grapheme' })
      .map(
        (value) =>
          JSON.parse(JSON.stringify(value).replaceAll(/"(__proto__|constructor|prototype)"/g, '"key"')) as unknown,
      );
    fc.assert(
      fc.property(fc.dictionary(keys, values), (spec) => {
        expect(render((chart) => void resource(chart, 'x', { spec: { ...spec } }))[0]?.spec).toEqual({ ...spec });
      }),
    );
  });

  test('tokens and JSON patches of cdk8s are honoured', () => {
    const [manifest] = render((chart) => {
      const object = resource(chart, 'x', { data: { lazy: Lazy.any({ produce: () => 'late' }), old: '1' } });
      object.addJsonPatch(JsonPatch.replace('/data/old', '2'));
      object.metadata.addLabel('added', 'later');
    });
    expect(manifest).toMatchObject({ data: { lazy: 'late', old: '2' }, metadata: { labels: { added: 'later' } } });
  });

  test('a Pod of ours mounts no token unless it says so', () => {
    expect(render(fleet).find((manifest) => manifest.kind === 'Pod')?.spec).toMatchObject({
      automountServiceAccountToken: false,
    });
  });

  test('the selector of a DaemonSet is what was named, and its Pods carry it', () => {
    expect(render(fleet).find((manifest) => manifest.kind === 'DaemonSet')?.spec).toMatchObject({
      selector: { matchLabels: { app: 'd' } },
      template: { metadata: { labels: { x: 'y', app: 'd' } } },
    });
  });

  test('dependencies between constructs cost nothing', () => {
    const manifests = render((chart) => {
      const all: Resource[] = [];
      for (let index = 0; index < 40; index++) {
        const one = resource(chart, `c${index}`);
        one.addDependency(...all);
        all.push(one);
      }
    });
    expect(manifests).toHaveLength(40);
  });
});

describe('render refuses, naming the construct', () => {
  const withValue = (value: unknown) => (chart: Chart) =>
    void resource(new Construct(chart, 'dist'), 'map', { data: { key: value } }, 'm');
  test.each([
    ['NaN', NaN, 'dist/map: data.key is NaN'],
    ['Infinity', -Infinity, 'dist/map: data.key is -Infinity'],
    ['a Date', new Date(0), 'dist/map: data.key is a Date, not plain data'],
    ['a Map', new Map(), 'dist/map: data.key is a Map, not plain data'],
    ['a Buffer', Buffer.from('x'), 'dist/map: data.key is a Buffer, not plain data'],
    [
      'an object without a prototype',
      Object.create(null),
      'dist/map: data.key has no prototype: spread it into a plain object',
    ],
    [
      'the key __proto__',
      JSON.parse('{"__proto__": 1}'),
      'dist/map: data.key has the key __proto__, which gets lost on the way',
    ],
    [
      'the key constructor',
      { constructor: 1 },
      'dist/map: data.key has the key constructor, which gets lost on the way',
    ],
    ['half a surrogate pair', 'a\ud800', 'dist/map: data.key has half a surrogate pair'],
    ['a function', () => 1, 'dist/map: data.key is a function'],
    ['undefined in a list', [1, undefined], 'dist/map: data.key.1 is undefined, which a list can not hold'],
  ])('%s', (_, value, problem) => {
    expect(problemsOf(withValue(value))).toBe(problem);
  });

  test('an object without a name', () => {
    expect(problemsOf((chart) => void new ApiObject(chart, 'x', { apiVersion: 'v1', kind: 'Pod' }))).toContain(
      'x: metadata.name is missing',
    );
  });

  test('one object made twice, also in two versions of its kind', () => {
    const problem = problemsOf((chart) => {
      resource(chart, 'one', { apiVersion: 'a/v1' }, 'same');
      resource(chart, 'two', { apiVersion: 'a/v2' }, 'same');
    });
    expect(problem).toBe('two: ConfigMap/same is made twice, also by one');
  });

  test('validation messages of constructs, all of them', () => {
    const problem = problemsOf((chart) => {
      new Construct(chart, 'a').node.addValidation({ validate: () => ['too big', 'too old'] });
      resource(chart, 'b', { data: { x: NaN } });
    });
    expect(problem).toBe('a: too big; a: too old; b: data.x is NaN');
  });

  test('selectors that cdk8s-plus hashes from the construct path', () => {
    expect(
      problemsOf(
        (chart) => void new kplus.Deployment(chart, 'd', { metadata: { name: 'd' }, containers: [{ image: 'i' }] }),
      ),
    ).toContain('cdk8s.io/metadata.addr');
  });
});

test('kinds are deleted in the reverse of the order they are applied in', () => {
  const refs = ['Pod', 'Namespace', 'Unheard', 'Service'].flatMap((kind) =>
    ['b', 'a'].map((name) => ({ apiVersion: 'v1', kind, name })),
  );
  const applied = [...refs].sort(compareRefs).map(refString);
  expect(applied).toEqual([
    'Namespace/a',
    'Namespace/b',
    'Service/a',
    'Service/b',
    'Pod/a',
    'Pod/b',
    'Unheard/a',
    'Unheard/b',
  ]);
  expect([...refs].sort(compareForDelete).map(refString)).toEqual(applied.reverse());
});
