import type { LiveObject } from '../../lib/base/kube-object';
import type { DriverClaim } from '../../lib/drivers/claims';
import { claimOf, claimsOn } from '../../lib/drivers/claims';

const IMAGE = 'quay.io/weka.io/weka-in-container:4.4.5';
let uids = 0;
const object = (kind: string, name: string, spec: object, more: object = {}): LiveObject =>
  ({
    apiVersion: 'weka.weka.io/v1alpha1',
    kind,
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${++uids}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...more,
    },
    spec,
  }) as unknown as LiveObject;
const client = (name: string, spec: object = {}, more: object = {}): LiveObject =>
  object('WekaClient', name, { image: IMAGE, ...spec }, more);
const node = (name: string, labels: Record<string, string> = {}) => ({ name, labels });
const claim = (live: LiveObject): DriverClaim => {
  const found = claimOf(live);
  if (found === undefined) throw new Error(`${live.kind} claims nothing`);
  return found;
};

describe('what an object wants of nodes', () => {
  test.each([
    ['a client: its version on the nodes it selects', client('c', { nodeSelector: { a: '1' } }), [{ a: '1' }]],
    ['a client without a selector: all nodes', client('c'), [{}]],
    [
      'a cluster: nodes of any role, a role with its own selector in place of the common one',
      object('WekaCluster', 'k', {
        image: IMAGE,
        nodeSelector: { role: 'backend' },
        roleNodeSelector: { compute: { role: 'compute' }, s3: {} },
      }),
      [{ role: 'backend' }, { role: 'compute' }],
    ],
  ])('%s', (_sentence, live, nodeSelectors) =>
    expect(claimOf(live)).toMatchObject({ wekaVersion: '4.4.5', nodeSelectors }),
  );

  test('a loader image of overrides wins over the old place, and is pulled with the secret of the object', () => {
    const live = client('c', {
      driversLoaderImage: 'old',
      overrides: { driversLoaderImage: 'loader:1' },
      imagePullSecret: 'quay',
      driversDistService: ' https://x.y.svc:60002 ',
    });
    expect(claimOf(live)).toMatchObject({
      loaderImage: 'loader:1',
      imagePullSecret: 'quay',
      endpoint: 'https://x.y.svc:60002',
    });
  });

  test("the operator's own loader needs no secret of the user", () =>
    expect(claimOf(client('c', { imagePullSecret: 'quay' }))).not.toHaveProperty('imagePullSecret'));

  test.each([
    ['an image without a version', client('c', { image: 'weka' })],
    ['one that is being deleted', client('c', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['a container without a node', object('WekaContainer', 'w', { mode: 'client', image: IMAGE })],
    ['a builder', object('WekaContainer', 'w', { mode: 'drivers-builder', image: IMAGE, nodeAffinity: 'n1' })],
    ['a policy', object('WekaPolicy', 'p', { image: IMAGE })],
  ])('%s wants nothing', (_what, live) => expect(claimOf(live)).toBeUndefined());
});

describe('whose claim is heard on a node', () => {
  const old = claim(client('a', {}, { creationTimestamp: '2025-01-01T00:00:00Z' }));
  const young = claim(client('b', { image: 'weka:4.4.6' }));
  const elsewhere = claim(client('c', { nodeSelector: { zone: 'z' } }));

  test("nobody's where nobody means it", () => expect(claimsOn(node('n1'), [elsewhere], undefined)).toBeUndefined());

  test.each([
    ['the oldest where nothing is loaded', undefined, '4.4.5', ['WekaClient/default/b']],
    ['that of the loaded version', '4.4.6', '4.4.6', ['WekaClient/default/a']],
    ['the oldest where neither is loaded', '4.4.1', '4.4.5', ['WekaClient/default/b']],
  ])('%s', (_sentence, loaded, version, contradicted) => {
    const heard = claimsOn(node('n1'), [young, old, elsewhere], loaded);
    expect([heard?.heard.wekaVersion, heard?.contradicted]).toEqual([version, contradicted]);
    expect(heard?.claimants).toEqual(['WekaClient/default/a', 'WekaClient/default/b']);
  });

  test('one client that moves to another version contradicts nobody', () =>
    expect(claimsOn(node('n1'), [young], '4.4.5')).toMatchObject({
      heard: { wekaVersion: '4.4.6' },
      contradicted: [],
    }));

  test('a container speaks for its owner on its own node: it is what runs there', () => {
    const owner = {
      kind: 'WekaClient',
      name: 'b',
      uid: young.uid,
      controller: true,
      apiVersion: 'weka.weka.io/v1alpha1',
    };
    const spec = { mode: 'client', image: IMAGE, nodeAffinity: 'n1' };
    const container = claim(object('WekaContainer', 'w', spec, { ownerReferences: [owner] }));
    expect(claimsOn(node('n1'), [young, container], '4.4.5')).toMatchObject({
      heard: { wekaVersion: '4.4.5' },
      contradicted: [],
    });
    expect(claimsOn(node('n2'), [young, container], '4.4.5')?.heard.wekaVersion).toBe('4.4.6');
  });
});
