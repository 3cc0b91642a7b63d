import type { LiveObject } from '../../lib/base/kube-object';
import { ApiError, apiError } from '../../controllers/kube/api-error';
import type { ApiFailure } from '../../controllers/kube/api-error';
import type { ClusterClient, WatchOptions } from '../../controllers/kube/cluster-client';
import { KindCache } from '../../controllers/runtime/cache';
import { sleep } from '../../controllers/runtime/clock';
import type { Random } from '../../controllers/runtime/random';
import { Watcher } from '../../controllers/runtime/watcher';
import { SimClock } from '../../sim/clock';

const TYPE = { apiVersion: 'v1', kind: 'Pod' };
const half: Random = { next: () => 0.5 };
const pod = (name: string, resourceVersion: string, uid = `uid-${name}`): LiveObject => ({
  ...TYPE,
  metadata: { name, namespace: 'default', uid, resourceVersion },
});
const failure = (status: number, reason?: ApiFailure['reason'], retryAfterSeconds?: number): ApiError =>
  apiError(
    { status, reason, message: 'as scripted', ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) },
    { verb: 'watch', object: 'Pod' },
  );

type Watch = (options: WatchOptions, clock: SimClock) => Promise<void>;
type List = () => { readonly objects: readonly LiveObject[]; readonly resourceVersion: string };

const holds: Watch = (options, clock) => sleep(clock, options.timeoutSeconds * 1000, options.signal);
const endsAtOnce: Watch = () => Promise.resolve();
const fails =
  (error: Error): Watch =>
  () =>
    Promise.reject(error);
const tells =
  (...events: readonly Parameters<WatchOptions['onEvent']>[0][]) =>
  (then: Watch): Watch =>
  async (options, clock) => {
    for (const event of events) options.onEvent(event);
    await then(options, clock);
  };
const lived =
  (ms: number) =>
  (then: Watch): Watch =>
  async (options, clock) => {
    await sleep(clock, ms, options.signal);
    await then(options, clock);
  };

/** A cluster that does what it is told, one list and one watch after another; the last of each stays. */
class Scripted implements Pick<ClusterClient, 'list' | 'watch'> {
  readonly log: string[] = [];
  underWay = 0;
  lists: (List | Error)[] = [() => ({ objects: [pod('a', '1')], resourceVersion: '5' })];
  watches: Watch[] = [holds];
  constructor(private readonly clock: SimClock) {}

  readonly list: ClusterClient['list'] = async (_type, options) => {
    this.note('list');
    const next = this.lists.length > 1 ? this.lists.shift() : this.lists[0];
    this.underWay += 1;
    try {
      await sleep(this.clock, 10, options.signal);
    } finally {
      this.underWay -= 1;
    }
    if (next instanceof Error) throw next;
    const { objects, resourceVersion } = next?.() ?? { objects: [], resourceVersion: '1' };
    options.onPage(objects);
    return { resourceVersion };
  };

  readonly watch: ClusterClient['watch'] = async (_type, options) => {
    this.note(`watch ${options.resourceVersion}`);
    const next = this.watches.length > 1 ? this.watches.shift() : this.watches[0];
    this.underWay += 1;
    try {
      await next?.(options, this.clock);
    } finally {
      this.underWay -= 1;
    }
  };

  private note(what: string): void {
    this.log.push(`${((this.clock.now() - START) / 1000).toFixed(2)} ${what}`);
  }
}

const START = Date.UTC(2026, 0, 1);
let clock: SimClock;
let cluster: Scripted;
let cache: KindCache;
let errors: string[];
let watcher: Watcher;
beforeEach(() => {
  clock = new SimClock();
  cluster = new Scripted(clock);
  errors = [];
  cache = new KindCache(TYPE);
  watcher = new Watcher({
    client: cluster,
    type: TYPE,
    sink: cache.scope(),
    clock,
    random: half,
    onError: (error) => errors.push(error.code),
  });
});
afterEach(() => watcher.stop());
const names = () => cache.list().map(({ metadata }) => metadata.name);
const what = () => cluster.log.map((entry) => entry.split(' ').slice(1).join(' '));
const runFor = async (seconds: number) => {
  watcher.start();
  await clock.run({ forMs: seconds * 1000 });
};

test('lists, then watches from there; events and bookmarks move the version that the next stream continues from', async () => {
  cluster.watches = [
    tells({ type: 'ADDED', object: pod('b', '6') })(lived(20_000)(endsAtOnce)),
    tells({ type: 'BOOKMARK', resourceVersion: '90' })(lived(20_000)(endsAtOnce)),
    holds,
  ];
  await runFor(60);
  expect(cluster.log).toEqual(['0.00 list', '0.01 watch 5', '20.01 watch 6', '40.01 watch 90']);
  expect(names()).toEqual(['a', 'b']);
  expect(watcher.state()).toMatchObject({
    phase: 'Watching',
    synced: true,
    waitingFor: undefined,
    lists: 1,
    streams: 3,
    failures: 0,
  });
});

describe('what ends a stream', () => {
  test.each([
    { name: 'connection reset', error: failure(0), next: 'watch 6' },
    {
      name: 'silence',
      error: new ApiError('ApiTimeout', {}, { status: 0, reason: 'Timeout', message: 'silence' }),
      next: 'watch 6',
    },
    { name: '500', error: failure(500, 'InternalError'), next: 'watch 6' },
    { name: '429', error: failure(429, 'TooManyRequests'), next: 'watch 6' },
    { name: '401', error: failure(401, 'Unauthorized'), next: 'watch 6' },
    { name: '410', error: failure(410, 'Gone'), next: 'list' },
    { name: 'Expired in an ERROR event', error: failure(410, 'Expired'), next: 'list' },
    { name: 'an ERROR event nobody knows', error: failure(400, 'BadRequest'), next: 'list' },
    { name: 'an exception', error: new TypeError('surprise'), next: 'list' },
  ])('$name: goes on with $next', async ({ error, next }) => {
    cluster.watches = [tells({ type: 'ADDED', object: pod('b', '6') })(fails(error)), holds];
    await runFor(60);
    expect(what().slice(0, 3)).toEqual(['list', 'watch 5', next]);
    expect(watcher.state().phase).toBe('Watching');
  });
});

test('a list that fails is tried again until it works; the reason can be read meanwhile', async () => {
  cluster.lists = [failure(503), failure(503), () => ({ objects: [pod('a', '1')], resourceVersion: '5' })];
  await runFor(0.2);
  expect(watcher.state()).toMatchObject({ phase: 'Waiting', synced: false, waitingFor: { code: 'ApiServerError' } });
  await clock.run({ forMs: 60_000 });
  expect(what()).toEqual(['list', 'list', 'list', 'watch 5']);
  expect(watcher.state()).toMatchObject({ synced: true, waitingFor: undefined });
});

test('Retry-After is waited for', async () => {
  cluster.watches = [fails(failure(429, 'TooManyRequests', 20)), holds];
  await runFor(60);
  expect(cluster.log).toEqual(['0.00 list', '0.01 watch 5', '20.39 watch 5']);
});

test('streams that end at once: no hot loop, and the version counts as expired after three', async () => {
  cluster.watches = [endsAtOnce];
  await runFor(300);
  expect(cluster.log.length).toBeLessThan(40);
  expect(what().slice(0, 6)).toEqual(['list', 'watch 5', 'watch 5', 'watch 5', 'list', 'watch 5']);
});

test('streams that tell something and end at once: no hot loop either', async () => {
  let version = 5;
  cluster.watches = [
    (options) => Promise.resolve(options.onEvent({ type: 'BOOKMARK', resourceVersion: String((version += 1)) })),
  ];
  await runFor(300);
  expect(cluster.log.length).toBeLessThan(30);
  expect(what().filter((entry) => entry === 'list')).toHaveLength(1);
});

test('a server that fails for an hour is asked ever more rarely, and found again when it is back', async () => {
  let up = false;
  cluster.watches = [(options, at) => (up ? holds(options, at) : Promise.reject(failure(0)))];
  await runFor(3600);
  expect(cluster.log.length).toBeLessThan(350);
  up = true;
  await clock.run({ forMs: 31_000 });
  expect(watcher.state()).toMatchObject({ phase: 'Watching', synced: true });
});

test('a version that the server never reaches is given up', async () => {
  cluster.watches = [
    (options, at) => (options.resourceVersion === '5' ? Promise.reject(failure(504, 'Timeout')) : holds(options, at)),
  ];
  cluster.lists = [() => ({ objects: [], resourceVersion: '5' }), () => ({ objects: [], resourceVersion: '3' })];
  await runFor(120);
  expect(what().slice(-2)).toEqual(['list', 'watch 3']);
});

test.each([
  {
    name: 'a missing CRD',
    error: new ApiError(
      'KindMissing',
      { kind: 'X', apiVersion: 'y' },
      { status: 404, reason: 'NotFound', message: '' },
    ),
    code: 'KindMissing',
  },
  { name: 'a missing right', error: failure(403, 'Forbidden'), code: 'ApiForbidden' },
])('$name is waited for, at most 30 s at a time', async ({ error, code }) => {
  cluster.lists = [error];
  await runFor(600);
  expect(watcher.state()).toMatchObject({ phase: 'Waiting', synced: false, waitingFor: { code } });
  expect(errors).toEqual([code]);
  cluster.lists = [() => ({ objects: [], resourceVersion: '5' })];
  await clock.run({ forMs: 31_000 });
  expect(watcher.state()).toMatchObject({ phase: 'Watching', synced: true, waitingFor: undefined });
});

test('lists again every ten minutes at the latest: what the watch lost comes back', async () => {
  cluster.lists = [
    () => ({ objects: [pod('a', '1'), pod('lost', '2')], resourceVersion: '5' }),
    () => ({ objects: [pod('a', '1'), pod('unseen', '7')], resourceVersion: '8' }),
  ];
  await runFor(599);
  expect(what().filter((entry) => entry === 'list')).toHaveLength(2);
  expect(names()).toEqual(['a', 'unseen']);
  expect(errors).toEqual([]);
});

test('a name deleted and made again in a gap is told as both', async () => {
  const events: string[] = [];
  cache.subscribe(({ type, object }) => events.push(`${type} ${object.metadata.uid}`));
  cluster.watches = [tells({ type: 'MODIFIED', object: pod('a', '9', 'second') })(holds)];
  await runFor(1);
  expect(events).toEqual(['ADDED uid-a', 'DELETED uid-a', 'ADDED second']);
});

test('a listener that throws is reported and stops nothing', async () => {
  const thrown: string[] = [];
  cache = new KindCache(TYPE, { onError: (error) => thrown.push(error.message) });
  cache.subscribe(() => {
    throw new Error('listener');
  });
  watcher = new Watcher({ client: cluster, type: TYPE, sink: cache.scope(), clock, random: half });
  cluster.watches = [tells({ type: 'ADDED', object: pod('b', '6') })(holds)];
  await runFor(1);
  expect(thrown).toEqual(['Unexpected: listener.', 'Unexpected: listener.']);
  expect(names()).toEqual(['a', 'b']);
  expect(watcher.state().phase).toBe('Watching');
});

describe('stopped', () => {
  test.each([
    { when: 'while listing', ms: 5 },
    { when: 'while watching', ms: 1000 },
  ])('$when: nothing is under way, nothing more is told or asked', async ({ ms }) => {
    await runFor(ms / 1000);
    const asked = cluster.log.length;
    expect(cluster.underWay).toBe(1);
    const stopped = watcher.stop();
    await clock.run({ forMs: 0 });
    await stopped;
    expect(cluster.underWay).toBe(0);
    await clock.run({ forMs: 3_600_000 });
    expect(cluster.log).toHaveLength(asked);
    expect(watcher.state().phase).toBe('Stopped');
  });

  test('while waiting, and started again: lists anew', async () => {
    cluster.lists = [failure(503), () => ({ objects: [pod('b', '1')], resourceVersion: '5' })];
    await runFor(0.1);
    await watcher.stop();
    await runFor(1);
    expect(what()).toEqual(['list', 'list', 'watch 5']);
  });
});

test('a list of 150,000 objects is no matter of the stack', async () => {
  const objects = Array.from({ length: 150_000 }, (_, i) => pod(`p${i}`, String(i + 1)));
  cluster.lists = [() => ({ objects, resourceVersion: '200000' })];
  await runFor(1);
  expect(cache.size).toBe(150_000);
});
