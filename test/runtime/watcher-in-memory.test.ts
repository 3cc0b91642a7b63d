import { isNamespaced } from '../../controllers/kube/resources';
import { OwnWrites } from '../../controllers/runtime/own-writes';
import { WatchedCaches } from '../../controllers/runtime/watched-caches';
import { KINDS } from '../../lib/api/kinds';
import type { Manifest } from '../../lib/base/kube-object';
import { createSimCluster } from '../../sim/cluster';

const POLICY = { apiVersion: 'weka.weka.io/v1alpha1', kind: 'WekaPolicy' };
const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const configMap = (name: string, value: string): Manifest => ({
  ...CONFIG_MAP,
  metadata: { name, namespace: 'default' },
  data: { value },
});
const apply = { fieldManager: 'weka-operator', force: true };
const half = { next: () => 0.5 };

/** The same watchers and caches as on a real API server, in virtual time. */
const build = (kinds = KINDS) => {
  const cluster = createSimCluster({ seed: 1, kinds });
  const client = cluster.client();
  const errors: string[] = [];
  const caches = new WatchedCaches({
    client,
    clock: cluster.clock,
    random: half,
    isNamespaced,
    onError: ({ code }) => errors.push(code),
  });
  const stop = async () => {
    const stopped = caches.stop();
    await cluster.clock.run({ forMs: 1000 });
    await stopped;
  };
  return {
    cluster,
    client,
    caches,
    errors,
    stop,
    hours: (count: number) => cluster.clock.run({ forMs: count * 3_600_000 }),
  };
};

test('follows writes for hours, through bookmarks, ended streams and full lists, without an error', async () => {
  const { caches, client, errors, hours, stop } = build();
  const cache = caches.add({ type: CONFIG_MAP });
  const events: string[] = [];
  cache.subscribe(({ type, object }) => events.push(`${type} ${object.metadata.name}`));
  caches.start();
  await hours(1);
  const first = await client.apply(configMap('a', '1'), apply);
  await hours(3);
  await client.apply(configMap('a', '2'), apply);
  await hours(1);
  await client.delete(
    { ...CONFIG_MAP, namespace: 'default', name: 'a' },
    { uid: first.metadata.uid, propagation: 'Background' },
  );
  await client.apply(configMap('a', '3'), apply);
  await hours(1);
  expect(events).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED a']);
  expect(errors).toEqual([]);
  expect(caches.states()[0]?.lists).toBeGreaterThan(30);
  await stop();
});

test('waits for a CRD, and finds it', async () => {
  const { caches, cluster, errors, hours, stop } = build([]);
  caches.add({ type: POLICY });
  caches.start();
  await hours(1);
  expect([caches.synced, caches.states()[0]?.waitingFor?.code, errors]).toEqual([
    false,
    'KindMissing',
    ['KindMissing'],
  ]);
  cluster.installCrds();
  await hours(1);
  expect([caches.synced, caches.states()[0]?.waitingFor]).toEqual([true, undefined]);
  await stop();
});

test('own writes are waited for until the cache shows them', async () => {
  const { caches, client, cluster, stop } = build();
  caches.add({ type: CONFIG_MAP });
  const writes = new OwnWrites({ caches, clock: cluster.clock });
  caches.start();
  await cluster.clock.run({ until: () => caches.synced });
  writes.wrote('me', await client.apply(configMap('a', '1'), apply));
  await cluster.clock.run({ until: () => !writes.isStale('me'), forMs: 60_000 });
  expect(caches.get(CONFIG_MAP, { namespace: 'default', name: 'a' })).toMatchObject({ data: { value: '1' } });
  expect(writes.isStale('me')).toBe(false);
  await stop();
});
