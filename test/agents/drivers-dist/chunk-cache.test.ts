import { ChunkCache } from '../../../agents/drivers-dist/chunk-cache';
import { Gate, KeyedLock } from '../../../agents/drivers-dist/gate';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the cache of chunks', () => {
  let loads: string[];
  const load = (key: string) => async (): Promise<Buffer> => {
    loads.push(key);
    return Buffer.from(key);
  };
  beforeEach(() => {
    loads = [];
  });

  test('a chunk that many want at once is read once', async () => {
    const cache = new ChunkCache(100);
    const leases = await Promise.all(Array.from({ length: 50 }, () => cache.take('a', 10, load('a'))));
    expect(leases.every(({ bytes }) => bytes.toString() === 'a')).toBe(true);
    expect([loads, cache.bytes]).toEqual([['a'], 10]);
  });

  test('the one that was not used for longest goes first', async () => {
    const cache = new ChunkCache(20);
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) (await cache.take(key, 10, load(key))).release();
    expect(loads).toEqual(['a', 'b', 'c', 'b']);
  });

  test('what is being sent is not dropped: who finds no room waits', async () => {
    const cache = new ChunkCache(20);
    const [first, second] = [await cache.take('a', 10, load('a')), await cache.take('b', 10, load('b'))];
    let third: string | undefined;
    const waiting = cache.take('c', 10, load('c')).then(({ bytes }) => (third = bytes.toString()));
    await tick();
    expect([third, cache.bytes]).toEqual([undefined, 20]);
    first.release();
    await waiting;
    expect([third, cache.bytes]).toEqual(['c', 20]);
    second.release();
  });

  test('a lease that is released twice counts once', async () => {
    const cache = new ChunkCache(10);
    const [one, other] = [await cache.take('a', 10, load('a')), await cache.take('a', 10, load('a'))];
    one.release();
    one.release();
    let done = false;
    const waiting = cache.take('b', 10, load('b')).then(() => (done = true));
    await tick();
    expect(done).toBe(false);
    other.release();
    await waiting;
  });

  test('a chunk larger than the cache is let in alone', async () => {
    const cache = new ChunkCache(1);
    const first = await cache.take('a', 10, load('a'));
    const waiting = cache.take('b', 10, load('b'));
    await tick();
    expect(loads).toEqual(['a']);
    first.release();
    (await waiting).release();
    expect(loads).toEqual(['a', 'b']);
  });

  test('a failed read is everybody’s who waited for it, and nobody’s later', async () => {
    const cache = new ChunkCache(10);
    const failing = (): Promise<Buffer> => Promise.reject(new Error('bad disk'));
    const both = await Promise.allSettled([cache.take('a', 10, failing), cache.take('a', 10, failing)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(cache.bytes).toBe(0);
    expect((await cache.take('a', 10, load('a'))).bytes.toString()).toBe('a');
  });
});

test('a gate lets so many run at once, in the order in which they came, failures or not', async () => {
  const gate = new Gate(2);
  let [running, most] = [0, 0];
  const order: number[] = [];
  const works = Array.from({ length: 10 }, (_, i) =>
    gate.run(async () => {
      most = Math.max(most, ++running);
      order.push(i);
      await tick();
      running -= 1;
      if (i % 3 === 0) throw new Error('no');
    }),
  );
  await Promise.allSettled(works);
  expect([most, order]).toEqual([2, Array.from({ length: 10 }, (_, i) => i)]);
});

test('of one key one work runs at a time, of different keys many', async () => {
  const lock = new KeyedLock();
  const events: string[] = [];
  const work = (key: string, name: string) =>
    lock.run(key, async () => {
      events.push(`${name} begins`);
      await tick();
      events.push(`${name} ends`);
      if (name === 'a1') throw new Error('no');
    });
  await Promise.allSettled([work('a', 'a1'), work('a', 'a2'), work('b', 'b1')]);
  const at = (event: string): number => events.indexOf(event);
  expect(events).toHaveLength(6);
  expect(at('a2 begins')).toBeGreaterThan(at('a1 ends'));
  expect(at('b1 begins')).toBeLessThan(at('a1 ends'));
});
