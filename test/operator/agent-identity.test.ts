import type { JsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import type { ClaimScope } from '../../lib/operator/agent-identity';
import { claimOf, identify, ownerOf } from '../../lib/operator/agent-identity';

const now = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString();

describe('the Pod behind a token', () => {
  const status = (more: JsonObject = {}, extra: JsonObject = {}): JsonObject => ({
    authenticated: true,
    audiences: ['weka-operator'],
    user: {
      username: 'system:serviceaccount:storage:default',
      extra: {
        'authentication.kubernetes.io/pod-name': ['dist'],
        'authentication.kubernetes.io/pod-uid': ['pod-1'],
        ...extra,
      },
    },
    ...more,
  });

  test('is what the API server says: namespace, name, UID, and the node where it can tell', () => {
    expect(claimOf(status())).toEqual({ namespace: 'storage', name: 'dist', uid: 'pod-1' });
    const node = { 'authentication.kubernetes.io/node-name': ['node-1'] };
    expect(claimOf(status({}, node))).toMatchObject({ node: 'node-1' });
  });

  test.each<[string, JsonObject | undefined, RegExp]>([
    ['no answer', undefined, /not valid/],
    ['not authenticated', status({ authenticated: false }), /not valid/],
    ['a word instead of true', status({ authenticated: 'true' }), /not valid/],
    [
      'another audience',
      status({ audiences: ['https://kubernetes.default.svc'] }),
      /not for the audience weka-operator/,
    ],
    ['no audience: an API server that does not know them', status({ audiences: undefined }), /not for the audience/],
    ['a user that is no service account', status({ user: { username: 'admin', extra: {} } }), /not bound to a Pod/],
    [
      'a token of a service account alone',
      status({}, { 'authentication.kubernetes.io/pod-uid': undefined }),
      /not bound/,
    ],
    ['an empty UID', status({}, { 'authentication.kubernetes.io/pod-uid': [''] }), /not bound to a Pod/],
  ])('is none with %s', (_what, given, why) => {
    expect(claimOf(given)).toEqual({ refused: expect.stringMatching(why) as string });
  });
});

describe('who a Pod is', () => {
  const controller = (kind: string, apiVersion: string, uid: string, name: string) => ({
    ...{ apiVersion, kind, name, uid },
    controller: true,
  });
  const aContainer = (spec: JsonObject = {}, name = 'dist'): LiveObject => ({
    apiVersion: 'weka.weka.io/v1alpha1',
    kind: 'WekaContainer',
    metadata: { name, namespace: 'storage', uid: 'container-1', resourceVersion: '1' },
    spec: { mode: 'drivers-dist', ...spec },
  });
  const distPod = (
    metadata: Partial<LiveObject['metadata']> = {},
    spec: JsonObject = {},
    phase = 'Running',
  ): LiveObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'dist',
      namespace: 'storage',
      uid: 'pod-1',
      resourceVersion: '1',
      ownerReferences: [controller('WekaContainer', 'weka.weka.io/v1alpha1', 'container-1', 'dist')],
      ...metadata,
    },
    spec: { nodeName: 'node-1', ...spec },
    status: { phase },
  });
  const claim = { namespace: 'storage', name: 'dist', uid: 'pod-1', node: 'node-1' };
  const who = (more: Partial<ClaimScope> = {}): string => {
    const scope = { claim, pod: distPod(), owner: aContainer(), operatorNamespace: 'weka-operator-system', now };
    const identity = identify({ ...scope, ...more });
    return 'refused' in identity ? identity.refused : `${identity.agent} tells ${identity.observedKind}`;
  };

  test.each<[string, Partial<ClaimScope>, string]>([
    ['a dist', {}, 'container/container-1 tells DistObserved'],
    ['a builder', { owner: aContainer({ mode: 'drivers-builder' }) }, 'container/container-1 tells BuilderObserved'],
    [
      "a builder under WEKA's old word",
      { owner: aContainer({ mode: 'dist' }) },
      'container/container-1 tells BuilderObserved',
    ],
    [
      'an old API server that does not tell the node',
      { claim: { ...claim, node: undefined! } },
      'container/container-1 tells DistObserved',
    ],
    [
      'being deleted, within its time',
      { pod: distPod({ deletionTimestamp: at(-20) }) },
      'container/container-1 tells DistObserved',
    ],
    ['being deleted for longer', { pod: distPod({ deletionTimestamp: at(-31) }) }, 'Pod storage/dist is being deleted'],
    ['unknown', { pod: undefined }, 'Pod storage/dist is not known'],
    [
      'made again under its name: the token is of the one before',
      { pod: distPod({ uid: 'pod-2' }) },
      'Pod storage/dist is another one of that name',
    ],
    [
      'on another node than the token says',
      { pod: distPod({}, { nodeName: 'node-2' }) },
      'Pod storage/dist is on another node',
    ],
    ['on no node', { pod: distPod({}, { nodeName: undefined }) }, 'Pod storage/dist is on no node'],
    ['ended', { pod: distPod({}, {}, 'Succeeded') }, 'Pod storage/dist has ended'],
    ['nobody’s', { pod: distPod({ ownerReferences: [] }) }, 'Pod storage/dist is not one that the operator made'],
    ['of an owner that is not known', { owner: undefined }, 'Pod storage/dist is not one that the operator made'],
    [
      'of an owner that was made again',
      {
        pod: distPod({
          ownerReferences: [controller('WekaContainer', 'weka.weka.io/v1alpha1', 'container-0', 'dist')],
        }),
      },
      'Pod storage/dist is not one that the operator made',
    ],
    [
      'of a container under another name: only one Pod is its',
      { owner: aContainer({}, 'other') },
      'Pod storage/dist runs no agent',
    ],
    ['of a mode without an agent of ours', { owner: aContainer({ mode: 'client' }) }, 'Pod storage/dist runs no agent'],
    [
      'of the same kind in another group',
      { owner: { ...aContainer(), apiVersion: 'evil.example/v1' } },
      'Pod storage/dist runs no agent',
    ],
  ])('%s', (_what, more, expected) => {
    expect(who(more)).toBe(expected);
  });

  describe('an observer', () => {
    const labels = { 'weka.io/child-role': 'observer' };
    const place = { namespace: 'weka-operator-system', resourceVersion: '1', labels };
    const observer = (metadata: Partial<LiveObject['metadata']> = {}): LiveObject =>
      distPod({
        ...place,
        name: 'observer-x',
        ownerReferences: [controller('DaemonSet', 'apps/v1', 'set-1', 'weka-node-observer')],
        ...metadata,
      });
    const set = (metadata: Partial<LiveObject['metadata']> = {}): LiveObject => ({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { ...place, name: 'weka-node-observer', uid: 'set-1', ...metadata },
    });
    const mine = { ...claim, namespace: 'weka-operator-system', name: 'observer-x' };

    test.each<[string, LiveObject, LiveObject, string]>([
      ['speaks for the node that its Pod runs on', observer(), set(), 'node/node-1 tells NodeObserved'],
      ['of another DaemonSet', observer(), set({ labels: {} }), 'Pod weka-operator-system/observer-x runs no agent'],
      ['without its label', observer({ labels: {} }), set(), 'Pod weka-operator-system/observer-x runs no agent'],
      [
        'in a namespace that others may write to',
        observer({ namespace: 'storage' }),
        set({ namespace: 'storage' }),
        'Pod weka-operator-system/observer-x runs no agent',
      ],
    ])('%s', (_what, pod, owner, expected) => {
      expect(who({ claim: mine, pod, owner })).toBe(expected);
    });
  });

  test('its controller is looked up beside it', () => {
    expect(ownerOf(distPod())).toMatchObject({ kind: 'WekaContainer', namespace: 'storage', name: 'dist' });
    expect(ownerOf(distPod({ ownerReferences: [] }))).toBeUndefined();
  });
});
