import type { JsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import { aCluster, aConfigMap, CONFIG_MAP, failureOf, inDefault } from './embedded';

const ref = (name: string) => inDefault(CONFIG_MAP, name);
const ownedBy = (owner: LiveObject, more: JsonObject = {}): JsonObject => ({
  ownerReferences: [
    { apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid, ...more },
  ],
});
const build = async (more: JsonObject = {}) => {
  const cluster = aCluster();
  const client = cluster.client();
  const owner = await client.create(aConfigMap('owner'));
  const child = await client.create(aConfigMap('child', {}, ownedBy(owner, more)));
  await client.create(aConfigMap('grandchild', {}, ownedBy(child)));
  await client.create(aConfigMap('stranger'));
  const left = (): string[] => cluster.list(CONFIG_MAP).map((object) => object.metadata.name);
  return { cluster, client, owner, left };
};

describe('deletion', () => {
  test('says gone for what is not there', async () => {
    const client = aCluster().client();
    expect(await client.delete(ref('a'), { uid: 'u', propagation: 'Background' })).toBe('gone');
  });

  test('waits for finalizers, takes no new ones, and goes with the last', async () => {
    const cluster = aCluster();
    const client = cluster.client();
    const { metadata } = await client.create(
      aConfigMap('a', {}, { finalizers: ['weka.weka.io/finalizer', 'other.io/x'] }),
    );
    expect(await client.delete(ref('a'), { uid: metadata.uid, propagation: 'Background' })).toBe('deleted');
    expect(cluster.get(ref('a'))!.metadata.deletionTimestamp).toBe('2026-01-01T00:00:00Z');
    const more = client.patch(ref('a'), {
      metadata: { finalizers: ['weka.weka.io/finalizer', 'other.io/x', 'new.io/y'] },
    });
    expect((await failureOf(more)).message).toContain('no new finalizers can be added if the object is being deleted');
    await client.patch(ref('a'), { metadata: { finalizers: ['other.io/x'] } });
    expect(cluster.get(ref('a'))).toBeDefined();
    await client.patch(ref('a'), { metadata: { finalizers: null } });
    expect(cluster.get(ref('a'))).toBeUndefined();
  });

  test('Background: the owner goes at once, what it owned a moment later', async () => {
    const { cluster, client, owner, left } = await build();
    await client.delete(ref('owner'), { uid: owner.metadata.uid, propagation: 'Background' });
    expect(left()).toEqual(['child', 'grandchild', 'stranger']);
    await cluster.clock.run({ forMs: 1000 });
    expect(left()).toEqual(['stranger']);
  });

  test('Foreground: the owner waits for what blocks it', async () => {
    const { cluster, client, owner, left } = await build({ blockOwnerDeletion: true });
    await client.patch(ref('child'), { metadata: { finalizers: ['other.io/x'] } });
    await client.delete(ref('owner'), { uid: owner.metadata.uid, propagation: 'Foreground' });
    await cluster.clock.run({ forMs: 1000 });
    expect(left()).toEqual(['child', 'owner', 'stranger']);
    await client.patch(ref('child'), { metadata: { finalizers: null } });
    await cluster.clock.run({ forMs: 1000 });
    expect(left()).toEqual(['stranger']);
  });

  test('Orphan: what it owned stays, without the reference', async () => {
    const { cluster, client, owner, left } = await build();
    await client.delete(ref('owner'), { uid: owner.metadata.uid, propagation: 'Orphan' });
    await cluster.clock.run({ forMs: 1000 });
    expect(left()).toEqual(['child', 'grandchild', 'stranger']);
    expect(cluster.get(ref('child'))!.metadata.ownerReferences ?? []).toEqual([]);
  });

  test('an object with a second owner that lives keeps living, without the first', async () => {
    const { cluster, client, owner } = await build();
    const stranger = cluster.get(ref('stranger'))!;
    const references = [
      ...(cluster.get(ref('child'))!.metadata.ownerReferences ?? []),
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'stranger', uid: stranger.metadata.uid },
    ];
    await client.patch(ref('child'), { metadata: { ownerReferences: references as never } });
    await client.delete(ref('owner'), { uid: owner.metadata.uid, propagation: 'Background' });
    await cluster.clock.run({ forMs: 1000 });
    expect(cluster.get(ref('child'))!.metadata.ownerReferences).toEqual([
      expect.objectContaining({ name: 'stranger' }),
    ]);
  });

  test('an object whose owner never existed is collected', async () => {
    const cluster = aCluster();
    await cluster
      .client()
      .create(
        aConfigMap(
          'a',
          {},
          { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'ghost', uid: 'ghost' }] },
        ),
      );
    await cluster.clock.run({ forMs: 1000 });
    expect(cluster.get(ref('a'))).toBeUndefined();
  });

  test('a namespace empties, refuses new objects meanwhile, and goes', async () => {
    const cluster = aCluster({ namespaces: ['default', 'ns'] });
    const client = cluster.client();
    await client.create(aConfigMap('a', {}, { namespace: 'ns', finalizers: ['other.io/x'] }));
    const namespace = { apiVersion: 'v1', kind: 'Namespace', name: 'ns' };
    await client.delete(namespace, { uid: cluster.get(namespace)!.metadata.uid, propagation: 'Background' });
    await cluster.clock.run({ forMs: 1000 });
    expect(cluster.get(namespace)!.status).toEqual({ phase: 'Terminating' });
    expect(await failureOf(client.create(aConfigMap('b', {}, { namespace: 'ns' })))).toMatchObject({
      status: 403,
      message:
        'configmaps "b" is forbidden: unable to create new content in namespace ns because it is being terminated',
    });
    await client.patch({ ...CONFIG_MAP, namespace: 'ns', name: 'a' }, { metadata: { finalizers: null } });
    await cluster.clock.run({ forMs: 1000 });
    expect(cluster.get(namespace)).toBeUndefined();
  });
});
