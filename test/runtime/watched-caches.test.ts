import { isNamespaced } from '../../controllers/kube/resources';
import type { ClusterClient } from '../../controllers/kube/cluster-client';
import { connect } from '../../controllers/kube/connect';
import type { RestClient } from '../../controllers/kube/rest-client';
import { systemClock } from '../../controllers/runtime/clock';
import { systemRandom } from '../../controllers/runtime/random';
import { WatchedCaches } from '../../controllers/runtime/watched-caches';
import type { Behaviour } from '../kube/fake-api-server';
import { FakeApiServer, json, line, stream } from '../kube/fake-api-server';

const POD = { apiVersion: 'v1', kind: 'Pod' };
const NODE = { apiVersion: 'v1', kind: 'Node' };
const meta = (name: string, resourceVersion: string, namespace?: string) => ({
  metadata: { name, uid: `uid-${name}`, resourceVersion, ...(namespace === undefined ? {} : { namespace }) },
  spec: { large: true },
});

let server: FakeApiServer;
let client: RestClient;
let caches: WatchedCaches;
const build = (more: { namespaces?: readonly string[]; client?: ClusterClient } = {}) =>
  new WatchedCaches({ client, clock: systemClock, random: systemRandom, isNamespaced, ...more });
beforeEach(async () => {
  server = await FakeApiServer.start();
  client = await connect({ kubeconfig: server.kubeconfig() });
});
afterEach(async () => {
  await caches.stop();
  client.close();
  await server.stop();
});

/** Lists one object a collection, and streams what `watch` says. */
const cluster =
  (watch: Behaviour): Behaviour =>
  (request, response) => {
    const namespace = /namespaces\/([^/]+)/.exec(request.path)?.[1];
    const items = [meta(`of-${namespace ?? 'all'}`, '4', namespace)];
    (request.query.has('watch') ? watch : json({ metadata: { resourceVersion: '5' }, items }))(request, response);
  };

test('a watcher a namespace, cluster-scoped kinds whole', async () => {
  server.answers(cluster(stream([], 'stay')));
  caches = build({ namespaces: ['one', 'two', 'one'] });
  caches.add({ type: POD });
  caches.add({ type: NODE });
  expect(caches.synced).toBe(false);
  caches.start();
  await until(() => caches.synced);
  expect(caches.list(POD).map(({ metadata }) => metadata.name)).toEqual(['of-one', 'of-two']);
  expect(caches.list(POD, { namespace: 'two' })).toHaveLength(1);
  expect(caches.get(NODE, { name: 'of-all' })).toBeDefined();
  expect(caches.states().map(({ type, namespace }) => `${type.kind} ${namespace ?? 'all'}`)).toEqual([
    'Pod one',
    'Pod two',
    'Node all',
  ]);
});

test('what is read but not watched is an error, not an empty cluster', () => {
  caches = build();
  expect(() => caches.list(POD)).toThrow('Pod of v1 is read but not watched');
});

test('two users of one kind with different needs both get all of it', async () => {
  server.answers(cluster(stream([], 'stay')));
  caches = build();
  const first = caches.add({ type: POD, project: ({ spec: _spec, ...rest }) => rest });
  expect(caches.add({ type: POD })).toBe(first);
  caches.start();
  await until(() => caches.synced);
  expect(caches.list(POD)[0]?.spec).toEqual({ large: true });
});

test('over real connections: a broken stream is resumed from its version, and stopping leaves nothing open', async () => {
  server.answers(cluster(stream([line('ADDED', { ...POD, ...meta('new', '6', 'default') })], 'stay')));
  caches = build();
  caches.add({ type: POD });
  caches.start();
  await until(() => caches.list(POD).length === 2);
  server.reset();
  await until(() => server.received.filter(({ query }) => query.has('watch')).length === 2);
  expect(server.received.map(({ query }) => query.get('resourceVersion') ?? 'list')).toEqual(['list', '5', '6']);
  await until(() => caches.states()[0]?.waitingFor === undefined);
  await caches.stop();
  client.close();
  await until(() => server.open === 0);
  const asked = server.received.length;
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(server.received).toHaveLength(asked);
});

const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 400 && !condition(); i += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
};
