/** Ways in which servers and networks spoil a watch, each of which has stopped or misled some client. */
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { connect } from '../../controllers/kube/connect';
import type { RestClient } from '../../controllers/kube/rest-client';
import type { Clock } from '../../controllers/runtime/clock';
import type { WatchTimes } from '../../controllers/runtime/watcher';
import { WatchedCaches } from '../../controllers/runtime/watched-caches';
import type { Behaviour } from './fake-api-server';
import { json, line, reset, silence, status, stream } from './fake-api-server';
import { told, TruthfulServer } from './truthful-server';

jest.setTimeout(90_000);

const POD = { apiVersion: 'v1', kind: 'Pod' } as const;
const FASTER = 50;
/** Fifty times as fast as the real one: the waits of hours are looked at elsewhere, here it is sockets. */
const fastClock: Clock = {
  now: () => performance.now() * FASTER,
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms / FASTER);
    return () => clearTimeout(timer);
  },
};
const half = { next: () => 0.5 };

let server: TruthfulServer;
let client: RestClient;
let caches: WatchedCaches;
/** What listeners heard: `ADDED name uid`. */
let heard: string[];
let errors: string[];
beforeEach(async () => {
  server = await TruthfulServer.start();
  client = await connect({ kubeconfig: server.fake.kubeconfig(), clock: fastClock });
  [heard, errors] = [[], []];
});
afterEach(async () => {
  await caches.stop();
  client.close();
  await server.fake.stop();
});

const watchPods = (times: Partial<WatchTimes> = {}, listener?: () => void) => {
  caches = new WatchedCaches({
    client,
    clock: fastClock,
    random: half,
    isNamespaced: () => true,
    onError: ({ code }) => errors.push(code),
    times,
  });
  const cache = caches.add({ type: POD });
  cache.subscribe(({ type, object }) => {
    heard.push(`${type} ${object.metadata.name} ${object.metadata.uid}`);
    listener?.();
  });
  caches.start();
};
const held = () => caches.list(POD).map(told).sort();
const until = async (condition: () => boolean, ms = 10_000): Promise<void> => {
  const deadline = Date.now() + ms;
  while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
};
const followed = () => JSON.stringify(held()) === JSON.stringify(server.truth);

test('asks for pages, for bookmarks, and for an end of its own choice', async () => {
  watchPods();
  await until(() => server.asked.length === 2);
  const [list, watch] = server.fake.received;
  expect(list?.query.get('limit')).toBe('500');
  expect(watch?.query.get('allowWatchBookmarks')).toBe('true');
  expect(Number(watch?.query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
});

/** Tells `b` as the truth does, then what the test says. */
const afterB =
  (then: Behaviour): Behaviour =>
  (request, response) => {
    server.watched(request, response);
    setTimeout(() => then(request, response), 20);
  };
const proxyPage: Behaviour = (_request, response) =>
  void response.writeHead(502, { 'Content-Type': 'text/html' }).end('<html>Bad Gateway</html>');
const halfAnEvent: Behaviour = (_request, response) => void response.end('{"type":"ADDED","object":{"kind":"Po');
const gone = line('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' });
const strange = line('ERROR', { kind: 'Status', code: 400, reason: 'BadRequest', message: 'no idea' });
const says =
  (text: string): Behaviour =>
  (_request, response) =>
    void response.write(text);

describe('what goes wrong is got over, with nothing missed and nothing told twice', () => {
  test.each<{ name: string; fault: Behaviour; next: string }>([
    { name: 'connection reset in the stream', fault: afterB(reset), next: 'watch 2' },
    { name: 'connection reset instead of an answer', fault: reset, next: 'watch 1' },
    { name: 'HTTP 500', fault: status(500, 'InternalError'), next: 'watch 1' },
    { name: 'HTTP 503', fault: status(503, 'ServiceUnavailable'), next: 'watch 1' },
    { name: 'HTTP 429', fault: status(429, 'TooManyRequests'), next: 'watch 1' },
    {
      name: 'HTTP 429 with Retry-After',
      fault: status(429, 'TooManyRequests', {}, { 'Retry-After': '3' }),
      next: 'watch 1',
    },
    { name: "a proxy's page of HTML", fault: proxyPage, next: 'watch 1' },
    { name: 'the stream ends at once', fault: stream([]), next: 'watch 1' },
    {
      name: 'the stream ends after an event',
      fault: afterB((_request, response) => void response.end()),
      next: 'watch 2',
    },
    { name: 'silence in an open stream', fault: afterB(silence), next: 'watch 2' },
    { name: 'no response headers', fault: silence, next: 'watch 1' },
    { name: '410 in an ERROR event, connection kept open', fault: afterB(says(gone)), next: 'list' },
    { name: '410 as an answer', fault: status(410, 'Expired'), next: 'list' },
    { name: 'an ERROR event that is no 410, connection kept open', fault: afterB(says(strange)), next: 'list' },
    { name: 'half an event', fault: afterB(halfAnEvent), next: 'watch 2' },
    { name: 'a line that is not JSON', fault: afterB(says('nonsense\n')), next: 'watch 2' },
    { name: 'an event without an object', fault: afterB(says('{"type":"ADDED"}\n')), next: 'watch 2' },
  ])('$name: goes on with $next', async ({ fault, next }) => {
    server.put('a');
    server.watchFaults.push(fault);
    // Silence counts after a second and a half of this clock; the truthful stream must not be found silent.
    watchPods({ idleSeconds: 10 });
    await until(() => server.asked.length === 2);
    server.put('b');
    await until(() => server.asked.length >= 3);
    server.put('c');
    await until(followed);
    expect(server.asked.slice(0, 3)).toEqual(['list', 'watch 1', next]);
    expect(heard).toEqual(['ADDED a uid-a', 'ADDED b uid-b', 'ADDED c uid-c']);
    // The broken stream is closed, also where the server would have kept it: one stream, one idle connection of the pool.
    await until(() => server.fake.open <= 2);
  });

  test.each<{ name: string; fault: Behaviour }>([
    { name: 'HTTP 503', fault: status(503, 'ServiceUnavailable') },
    { name: 'HTTP 429 with Retry-After', fault: status(429, 'TooManyRequests', {}, { 'Retry-After': '2' }) },
    { name: 'connection reset', fault: reset },
    { name: 'an answer that is not JSON', fault: proxyPage },
    {
      name: 'an answer that is cut off',
      fault: (_request, response) => {
        response.writeHead(200, { 'Content-Length': '1000' });
        response.write('{"kind":"PodList"', () => response.socket?.resetAndDestroy());
      },
    },
  ])('a list that fails ($name) is asked for again', async ({ fault }) => {
    server.put('a');
    server.listFaults.push(fault, fault);
    watchPods();
    await until(() => caches.synced && followed());
    expect(heard).toEqual(['ADDED a uid-a']);
  });

  test('a list whose second page has expired begins again', async () => {
    server.put('a');
    server.put('b');
    const page = { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '1', continue: 'x' }, items: [] };
    server.listFaults.push(json(page), status(410, 'Expired'));
    watchPods();
    await until(() => caches.synced && followed());
    expect(heard).toEqual(['ADDED a uid-a', 'ADDED b uid-b']);
  });

  test('events told again, and old ones, are told to nobody', async () => {
    server.put('a');
    server.put('a');
    const old = { ...POD, metadata: { name: 'a', namespace: 'default', uid: 'uid-a', resourceVersion: '1' } };
    const now = { ...POD, metadata: { ...old.metadata, resourceVersion: '2' } };
    server.watchFaults.push(stream([line('ADDED', old), line('MODIFIED', now), line('MODIFIED', now)]));
    watchPods();
    await until(() => server.asked.length >= 3);
    server.put('b');
    await until(followed);
    expect(heard).toEqual(['ADDED a uid-a', 'ADDED b uid-b']);
  });

  test('a name deleted and made again in a gap is told as both', async () => {
    server.put('a');
    watchPods();
    await until(() => server.asked.length === 2);
    server.watchFaults.push(status(410, 'Expired'));
    server.endStreams();
    await until(() => server.asked.length >= 3);
    server.put('a', 'second');
    await until(followed);
    expect(heard).toEqual(['ADDED a uid-a', 'DELETED a uid-a', 'ADDED a second']);
  });

  test('what was deleted in a gap is told as deleted', async () => {
    server.put('a');
    server.put('b');
    watchPods();
    await until(() => server.asked.length === 2);
    server.watchFaults.push(reset, status(410, 'Expired'));
    server.fake.reset();
    server.remove('a');
    await until(followed);
    expect(heard).toEqual(['ADDED a uid-a', 'ADDED b uid-b', 'DELETED a uid-a']);
  });
});

test('streams that end at once, and for good: no hot loop, and the version counts as expired', async () => {
  server.put('a');
  server.watchFaults.push(...Array.from({ length: 10_000 }, () => stream([])));
  const began = fastClock.now();
  watchPods();
  await until(() => server.asked.filter((what) => what === 'list').length === 2);
  const seconds = (fastClock.now() - began) / 1000;
  expect(server.asked.length).toBeLessThanOrEqual(6);
  expect(seconds).toBeGreaterThan(1);
});

test('a bookmark moves the version that the next stream begins from', async () => {
  server.put('a');
  const bookmark = line('BOOKMARK', { kind: 'Pod', metadata: { resourceVersion: '777' } });
  server.watchFaults.push(stream([bookmark]));
  watchPods();
  await until(() => server.asked.length >= 3);
  expect(server.asked.slice(0, 3)).toEqual(['list', 'watch 1', 'watch 777']);
});

test('a listener that throws, in a list or a stream, is reported and ends nothing', async () => {
  server.put('a');
  watchPods({}, () => {
    throw new Error('listener');
  });
  await until(() => server.asked.length === 2);
  server.put('b');
  await until(followed);
  expect(errors).toEqual(['Internal', 'Internal']);
  expect(server.asked).toEqual(['list', 'watch 1']);
});

describe('stopped', () => {
  test.each<{ name: string; prepare: () => void; asked: number }>([
    { name: 'while it lists', prepare: () => server.listFaults.push(silence), asked: 1 },
    { name: 'while it connects', prepare: () => server.watchFaults.push(silence), asked: 2 },
    { name: 'while it watches', prepare: () => undefined, asked: 2 },
  ])('$name: no connection stays open and none is opened', async ({ prepare, asked }) => {
    prepare();
    watchPods();
    await until(() => server.asked.length === asked);
    await caches.stop();
    client.close();
    await until(() => server.fake.open === 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.asked).toHaveLength(asked);
  });
});

test('150,000 objects in one answer are no matter of the stack', async () => {
  const items = Array.from({ length: 150_000 }, (_, index) => ({
    metadata: { name: `p${index}`, namespace: 'default', uid: `u${index}`, resourceVersion: '1' },
  }));
  server.listFaults.push(json({ kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items }));
  watchPods({ idleSeconds: 10_000 });
  await until(() => caches.synced, 60_000);
  expect(caches.list(POD)).toHaveLength(150_000);
});

test('10,000 reconnections leave no descriptor and no memory behind, and every event is told once', async () => {
  const [COUNT, EARLY] = [10_000, 1_000];
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heapMb = (): number => {
    collect();
    return process.memoryUsage().heapUsed / 1e6;
  };
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  let [streams, told] = [0, 0];
  server.fake.answers((request, response) => {
    // What the fake itself remembers would be measured too.
    server.fake.received.length = 0;
    if (!request.query.has('watch')) return server.listed(request, response);
    streams += 1;
    const version = String(Number(request.query.get('resourceVersion')) + 1);
    const object = { ...POD, metadata: { name: 'a', namespace: 'default', uid: 'uid-a', resourceVersion: version } };
    response.writeHead(200).end(line(streams === 1 ? 'ADDED' : 'MODIFIED', object));
  });
  watchPods({ healthyMs: 0, relistMs: 10_000_000 }, () => {
    told += 1;
    heard.length = 0;
  });
  await until(() => streams >= EARLY, 60_000);
  const early = { heap: heapMb(), descriptors: descriptors() };
  await until(() => streams >= COUNT, 60_000);
  const late = { heap: heapMb(), descriptors: descriptors() };
  await caches.stop();
  expect(late.heap - early.heap).toBeLessThan(3);
  expect(late.descriptors).toBeLessThanOrEqual(early.descriptors + 3);
  expect(Math.abs(told - streams)).toBeLessThanOrEqual(1);
  await until(() => server.fake.open <= 1);
});
