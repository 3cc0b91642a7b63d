import type { LiveObject, Manifest } from '../../lib/base/kube-object';
import { diff, isSame, reasonsOf } from '../../synth/diff';
import { applyMerge } from '../../synth/merge';
import { nanoUnits, sameQuantity } from '../../synth/quantity';
import { aManifest } from './objects';

const OURS = 'weka-operator';
const applied = (manifest: Manifest, manager = OURS): LiveObject =>
  applyMerge({ live: undefined, manifest, manager, force: true }).object as LiveObject;
const pod = (spec: object, metadata: object = {}) => aManifest('v1 Pod', { metadata, spec });
const container = (more: object) => ({ containers: [{ name: 'c', ...more }] });
/** `manifest` as applied by us, then changed by the server or somebody without an owner of it being written down. */
const filledIn = (manifest: Manifest, more: object): LiveObject => ({ ...applied(manifest), ...more });

describe('no difference', () => {
  const env = { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } };
  test.each([
    [
      'the server rewrites a quantity',
      container({ resources: { requests: { cpu: '1000m' } } }),
      container({ resources: { requests: { cpu: '1' } } }),
    ],
    [
      'the server writes a number as a quantity',
      container({ resources: { limits: { 'weka.io/drives': 2 } } }),
      container({ resources: { limits: { 'weka.io/drives': '2' } } }),
    ],
    ['the server leaves out false', { hostNetwork: false, hostname: 'h' }, { hostname: 'h' }],
    [
      'the server leaves out an empty string',
      container({ env: [{ name: 'A', value: '' }] }),
      container({ env: [{ name: 'A' }] }),
    ],
    ['the server leaves out an empty list', { tolerations: [] }, {}],
    [
      'the server adds defaults',
      container({ image: 'i' }),
      { ...container({ image: 'i', imagePullPolicy: 'Always' }), dnsPolicy: 'ClusterFirst' },
    ],
    [
      'the server adds a default inside an atomic map',
      container({ env: [env] }),
      container({ env: [{ ...env, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } }] }),
    ],
    [
      'somebody adds an item to a list merged by key',
      container({}),
      { containers: [{ name: 'c' }, { name: 'sidecar' }] },
    ],
  ])('%s', (_, wanted, live) => {
    expect(reasonsOf(diff(pod(wanted), filledIn(pod(wanted), { spec: live }), OURS))).toEqual([]);
  });
});

describe('differences are named by their paths', () => {
  test.each([
    [
      'a wanted value is different',
      container({ image: 'new' }),
      container({ image: 'old' }),
      'spec.containers[name="c"].image differs',
    ],
    [
      'a wanted item is missing',
      { containers: [{ name: 'c' }, { name: 'd', image: 'i' }] },
      container({}),
      'spec.containers[name="d"] differs',
    ],
    [
      'a quantity is different',
      container({ resources: { requests: { cpu: '2' } } }),
      container({ resources: { requests: { cpu: '1' } } }),
      'spec.containers[name="c"].resources.requests.cpu differs',
    ],
    [
      'an item of an atomic list is gone',
      { tolerations: [], hostname: 'h' },
      { tolerations: [{ key: 'a' }], hostname: 'h' },
      'spec.tolerations differs',
    ],
    [
      'a part of an item of an atomic list is gone',
      { tolerations: [{ key: 'a' }] },
      { tolerations: [{ key: 'a', value: 'b' }] },
      'spec.tolerations differs',
    ],
    [
      'a number stands where a string is wanted',
      container({ livenessProbe: { httpGet: { port: 'http' } } }),
      container({ livenessProbe: { httpGet: { port: 80 } } }),
      'spec.containers[name="c"].livenessProbe.httpGet.port differs',
    ],
  ])('%s', (_, wanted, live, reason) => {
    expect(reasonsOf(diff(pod(wanted), filledIn(pod(wanted), { spec: live }), OURS))).toEqual([reason]);
  });

  test('a field with the right value that somebody else wrote', () => {
    expect(diff(pod({ hostname: 'h' }), applied(pod({ hostname: 'h' }), 'kubectl'), OURS).unowned).toEqual([
      'spec.hostname',
    ]);
  });

  test('a field that we applied and no longer want', () => {
    const live = applied(pod({ hostname: 'h', subdomain: 's' }, { labels: { 'weka.io/mode': 'dist' } }));
    expect(diff(pod({ hostname: 'h' }), live, OURS).givenUp).toEqual([
      'metadata.labels["weka.io/mode"]',
      'spec.subdomain',
    ]);
  });

  test('a map that is applied and not ours yet', () => {
    const live = applied(pod({ securityContext: {} }), 'kubectl');
    expect(diff(pod({ securityContext: {} }), live, OURS).unowned).toEqual(['spec.securityContext']);
  });

  test('items of a list by key that is wanted empty: each is given up once', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ];
    expect(diff(pod(container({ env: [] })), applied(pod(container({ env }))), OURS)).toEqual({
      values: [],
      unowned: [],
      givenUp: ['spec.containers[name="c"].env[name="A"]', 'spec.containers[name="c"].env[name="B"]'],
    });
  });

  test('fields of ours below something that is wanted in another form', () => {
    const live = applied(pod({ securityContext: { runAsUser: 1 } }));
    expect(diff(pod({ securityContext: 'none' }), live, OURS)).toEqual({
      values: ['spec.securityContext'],
      unowned: [],
      givenUp: ['spec.securityContext.runAsUser'],
    });
  });

  test('a label that is called like something that every object has', () => {
    const wanted = pod({}, { labels: { constructor: 'x' } });
    expect(diff(wanted, applied(pod({}, { labels: { a: '1' } })), OURS).values).toEqual([
      'metadata.labels.constructor',
    ]);
  });

  test('status and what the server sets are never compared', () => {
    const live = filledIn(pod({ hostname: 'h' }), { status: { phase: 'Running' } });
    expect(isSame(diff({ ...pod({ hostname: 'h' }), status: { phase: 'Pending' } }, live, OURS))).toBe(true);
  });
});

test.each([
  ['1000m', '1', true],
  ['1024Mi', '1Gi', true],
  ['1e3', '1k', true],
  ['0.5', '500m', true],
  ['1G', '1Gi', false],
  [2, '2', true],
  ['x', 'x', true],
  ['x', 'y', false],
  ['1', undefined, false],
])('quantities %s and %s: same is %s', (a, b, same) => {
  expect(sameQuantity(a, b)).toBe(same);
});

test('what is no quantity has no amount', () => {
  expect(['', '.', 'Gi', '1.2.3', '1 Gi'].map(nanoUnits)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
