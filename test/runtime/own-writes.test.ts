import type { LiveObject, ObjectRef } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import { KindCache } from '../../controllers/runtime/cache';
import type { WatchSink } from '../../controllers/runtime/cache';
import { OwnWrites } from '../../controllers/runtime/own-writes';
import { VirtualClock } from '../fakes/clock';

const TYPE = { apiVersion: 'v1', kind: 'Pod' };
const pod = (
  name: string,
  resourceVersion: string,
  more: { uid?: string; deletionTimestamp?: string } = {},
): LiveObject => ({
  ...TYPE,
  metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion, ...more },
});
const ME = 'policy/default/p';

let clock: VirtualClock;
let cache: KindCache;
let sink: WatchSink;
let stored: Map<string, LiveObject>;
let fetched: string[];
let writes: OwnWrites;
beforeEach(() => {
  clock = new VirtualClock();
  cache = new KindCache(TYPE);
  sink = cache.scope('default');
  sink.listing();
  sink.seen(pod('a', '10'));
  sink.listed('10');
  stored = new Map();
  fetched = [];
  const fetch = (ref: ObjectRef) => {
    fetched.push(ref.name);
    return Promise.resolve(stored.get(ref.name));
  };
  writes = new OwnWrites({ caches: { cacheOf: ({ kind }) => (kind === 'Pod' ? cache : undefined), fetch }, clock });
});

describe('after a write the cache is stale', () => {
  test.each<{ name: string; see: () => void }>([
    { name: 'the watch tells it', see: () => sink.changed('MODIFIED', pod('a', '12')) },
    { name: 'the watch tells something newer of the object', see: () => sink.changed('MODIFIED', pod('a', '15')) },
    { name: 'the watch has come past it', see: () => sink.progressed('12') },
    { name: 'a list has come past it', see: () => (sink.listing(), sink.listed('20')) },
  ])('until $name', ({ see }) => {
    writes.wrote(ME, pod('a', '12'));
    expect(writes.pending(ME)).toEqual(['Pod/default/a']);
    sink.changed('MODIFIED', pod('a', '11'));
    expect(writes.isStale(ME)).toBe(true);
    see();
    expect(writes.isStale(ME)).toBe(false);
  });

  test('for its writer, not for others', () => {
    writes.wrote(ME, pod('a', '12'));
    expect(writes.isStale('policy/default/other')).toBe(false);
  });

  test('versions are compared as numbers', () => {
    writes.wrote(ME, pod('a', '9'));
    expect(writes.isStale(ME)).toBe(false);
    writes.wrote(ME, pod('a', '100'));
    sink.progressed('99');
    expect(writes.isStale(ME)).toBe(true);
  });
});

test('a write that changed nothing is no reason to wait', () => {
  writes.wrote(ME, pod('a', '10'));
  expect(writes.isStale(ME)).toBe(false);
});

describe('after a deletion the cache is stale', () => {
  test.each<{ name: string; see: () => void }>([
    { name: 'the object is gone', see: () => sink.changed('DELETED', pod('a', '12')) },
    {
      name: 'the object is on its way out',
      see: () => sink.changed('MODIFIED', pod('a', '12', { deletionTimestamp: 'now' })),
    },
    { name: 'the name has another bearer', see: () => sink.changed('ADDED', pod('a', '13', { uid: 'next' })) },
  ])('until $name', ({ see }) => {
    writes.deleted(ME, pod('a', '10'));
    sink.changed('MODIFIED', pod('a', '11'));
    expect(writes.isStale(ME)).toBe(true);
    see();
    expect(writes.isStale(ME)).toBe(false);
  });
});

describe('never waited for', () => {
  test.each<{ name: string; object: LiveObject }>([
    { name: 'a kind that is not watched', object: { ...pod('s', '99'), kind: 'Secret' } },
    {
      name: 'a namespace that is not watched',
      object: { ...pod('a', '99'), metadata: { ...pod('a', '99').metadata, namespace: 'elsewhere' } },
    },
    { name: 'a version that is not a number', object: pod('a', 'v-99') },
  ])('$name', ({ object }) => {
    writes.wrote(ME, object);
    expect(writes.isStale(ME)).toBe(false);
  });
});

test('what the watch owes for more than ten seconds is read and put into the cache', async () => {
  stored.set('a', pod('a', '12'));
  writes.wrote(ME, pod('a', '12'));
  writes.wrote(ME, pod('b', '13'));
  await expect(writes.caughtUp(ME)).resolves.toBe(false);
  expect(fetched).toEqual([]);
  await clock.advance(10_000);
  await expect(writes.caughtUp(ME)).resolves.toBe(true);
  expect(fetched).toEqual(['a', 'b']);
  expect(cache.get(refOf(pod('a', '0')))?.metadata.resourceVersion).toBe('12');
  // A late event of the lagging watch must not turn the cache back.
  sink.changed('MODIFIED', pod('a', '11'));
  expect(cache.get(refOf(pod('a', '0')))?.metadata.resourceVersion).toBe('12');
});

test('a write during that read is waited for in its turn', async () => {
  stored.set('a', pod('a', '12'));
  writes.wrote(ME, pod('a', '12'));
  await clock.advance(10_000);
  const caughtUp = writes.caughtUp(ME);
  writes.wrote(ME, pod('a', '14'));
  await expect(caughtUp).resolves.toBe(false);
  expect(writes.pending(ME)).toEqual(['Pod/default/a']);
});

test('forgotten with its writer', () => {
  writes.wrote(ME, pod('a', '12'));
  writes.forget(ME);
  expect(writes.isStale(ME)).toBe(false);
});
