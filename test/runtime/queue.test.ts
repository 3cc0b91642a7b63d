import type { Processed } from '../../controllers/runtime/queue';
import { WorkQueue } from '../../controllers/runtime/queue';
import { seededRandom, settle, VirtualClock } from '../fakes/clock';

const DONE: Processed = { done: true };

/** A queue whose keys are finished by hand. */
const aQueue = (workers = 2) => {
  const clock = new VirtualClock();
  const began: string[] = [];
  const open = new Map<string, (processed: Processed) => void>();
  const twice: string[] = [];
  const queue = new WorkQueue({
    clock,
    random: seededRandom(3),
    workers,
    process: (key) => {
      began.push(key);
      if (open.has(key)) twice.push(key);
      return new Promise((resolve) => open.set(key, resolve));
    },
  });
  const finish = async (key: string, processed: Processed = DONE): Promise<void> => {
    const resolve = open.get(key);
    open.delete(key);
    resolve?.(processed);
    await settle();
  };
  return { clock, queue, began, finish, twice };
};

describe('the work queue', () => {
  test('works on a key once however often it is added', async () => {
    const { queue, began } = aQueue();
    for (let i = 0; i < 5; i += 1) queue.add('a');
    queue.start();
    await settle();
    expect(began).toEqual(['a']);
    expect(queue.stats().adds).toBe(1);
  });

  test('works on a key again when it was added meanwhile, never twice at once', async () => {
    const { queue, began, finish, twice } = aQueue();
    queue.start();
    queue.add('a');
    queue.add('a');
    queue.add('a');
    await settle();
    expect(began).toEqual(['a']);
    await finish('a');
    expect(began).toEqual(['a', 'a']);
    await finish('a');
    expect(began).toEqual(['a', 'a']);
    expect(twice).toEqual([]);
  });

  test('works on no more keys at once than it has workers, first come first served', async () => {
    const { queue, began, finish } = aQueue(2);
    queue.start();
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
    await settle();
    expect(began).toEqual(['a', 'b']);
    expect(queue.stats()).toMatchObject({ depth: 2, active: 2 });
    await finish('b');
    expect(began).toEqual(['a', 'b', 'c']);
  });

  test('tries again after waits that grow, and starts small again after a success', async () => {
    const { queue, began, finish, clock } = aQueue();
    queue.start();
    queue.add('a');
    const waits: number[] = [];
    for (let failure = 0; failure < 12; failure += 1) {
      await finish('a', { done: false });
      waits.push(queue.stats().nextDue! - clock.now());
      await clock.advance(waits.at(-1)!);
    }
    expect(began).toHaveLength(13);
    expect(waits[0]).toBeLessThanOrEqual(400);
    expect(waits.slice(1).every((wait, index) => wait > waits[index]! * 0.99 || wait >= 150_000)).toBe(true);
    expect(Math.max(...waits)).toBeLessThanOrEqual(300_000);
    await finish('a');
    queue.add('a');
    await settle();
    await finish('a', { done: false });
    expect(queue.stats().nextDue! - clock.now()).toBeLessThanOrEqual(400);
    expect(queue.stats().retries).toBe(13);
  });

  test('waits as long as the server asks, even when the key is added meanwhile', async () => {
    const { queue, began, finish, clock } = aQueue();
    queue.start();
    queue.add('a');
    await finish('a', { done: false, notBeforeMs: 30_000 });
    await clock.advance(10_000);
    queue.add('a');
    await clock.advance(19_000);
    expect(began).toEqual(['a']);
    await clock.advance(1_000);
    expect(began).toEqual(['a', 'a']);
  });

  test('a key that is woken all the time has a burst of rounds, and then one a second', async () => {
    const { clock, queue, began, finish } = aQueue();
    queue.start();
    const wake = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i += 1) {
        queue.add('busy');
        await settle();
        await finish('busy');
      }
    };
    await wake(50);
    expect(began).toHaveLength(20);
    for (let second = 0; second < 10; second += 1) {
      await clock.advance(1_000);
      await settle();
      await wake(5);
    }
    expect(began).toHaveLength(30);
    queue.add('other');
    await settle();
    expect(began.at(-1)).toBe('other');
    await finish('other');
    await clock.advance(60_000);
    await finish('busy');
    began.length = 0;
    await wake(50);
    expect(began).toHaveLength(20);
  });

  test('takes the earliest of several times, and a new round sets its own', async () => {
    const { queue, began, finish, clock } = aQueue();
    queue.start();
    queue.addAfter('a', 60_000);
    queue.addAfter('a', 20_000);
    queue.addAfter('a', 40_000);
    await clock.advance(20_000);
    expect(began).toEqual(['a']);
    await finish('a', { done: true, againAfterMs: 5_000 });
    await clock.advance(5_000);
    expect(began).toEqual(['a', 'a']);
    expect(clock.pending).toBe(0);
  });

  test('takes no key after the stop, and tells when the running ones are done', async () => {
    const { queue, began, finish, clock } = aQueue(1);
    queue.start();
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 1_000);
    await settle();
    queue.stop();
    queue.add('d');
    let drained = false;
    void queue.drained().then(() => (drained = true));
    await clock.advance(60_000);
    expect({ began, drained }).toEqual({ began: ['a'], drained: false });
    await finish('a', { done: false });
    expect(drained).toBe(true);
    await clock.advance(600_000);
    expect(began).toEqual(['a']);
  });

  test('survives a processor that throws', async () => {
    const clock = new VirtualClock();
    let runs = 0;
    const queue = new WorkQueue({
      clock,
      random: seededRandom(),
      process: () => {
        runs += 1;
        throw new Error('a defect');
      },
    });
    queue.start();
    queue.add('a');
    await clock.advance(10_000);
    expect(runs).toBeGreaterThan(2);
  });
});
