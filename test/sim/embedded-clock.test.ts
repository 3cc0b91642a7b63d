import { sleep } from '../../controllers/runtime/clock';
import { SimClock } from '../../sim/clock';
import { between, forkRandom, randomUid, seededRandom } from '../../sim/random';

describe('the virtual clock', () => {
  test('jumps hours without waiting', async () => {
    const clock = new SimClock({ startMs: 0 });
    let woken = 0;
    const loop = async (): Promise<void> => {
      for (;;) {
        await sleep(clock, 60_000);
        woken++;
      }
    };
    void loop();
    expect(await clock.run({ forMs: 10 * 3_600_000 })).toBe('time');
    expect(woken).toBe(600);
    expect(clock.now()).toBe(36_000_000);
  });

  test('fires timers by time, and those of one moment in the order they were set', async () => {
    const clock = new SimClock();
    const fired: string[] = [];
    for (const [name, ms] of [
      ['late', 20],
      ['first', 10],
      ['second', 10],
      ['now', 0],
    ] as const)
      clock.after(ms, () => fired.push(name));
    expect(await clock.run()).toBe('idle');
    expect(fired).toEqual(['now', 'first', 'second', 'late']);
  });

  test('orders a thousand random timers', async () => {
    const clock = new SimClock({ startMs: 0 });
    const random = seededRandom(5);
    const fired: number[] = [];
    for (let n = 0; n < 1000; n++) {
      const ms = between(random, 0, 500);
      const cancel = clock.after(ms, () => fired.push(ms));
      if (n % 7 === 0) cancel();
    }
    await clock.run();
    expect(fired).toEqual([...fired].sort((a, b) => a - b));
    expect(fired).toHaveLength(1000 - 143);
  });

  test('shuffles timers of one moment by its seed', async () => {
    const order = async (seed: number): Promise<string> => {
      const clock = new SimClock({ shuffle: seededRandom(seed) });
      let text = '';
      for (const name of 'abcdefgh') clock.after(5, () => (text += name));
      await clock.run();
      return text;
    };
    expect(await order(1)).toBe(await order(1));
    expect(await order(1)).not.toBe('abcdefgh');
    expect(await order(1)).not.toBe(await order(2));
  });

  test('lets all promises settle before time moves', async () => {
    const clock = new SimClock({ startMs: 0 });
    const seen: number[] = [];
    const chain = async (): Promise<void> => {
      for (let n = 0; n < 500; n++) await Promise.resolve();
      seen.push(clock.now());
    };
    clock.after(1, () => void chain());
    clock.after(2, () => seen.push(clock.now()));
    await clock.run();
    expect(seen).toEqual([1, 2]);
  });

  test('stops when the condition holds', async () => {
    const clock = new SimClock({ startMs: 0 });
    let ticks = 0;
    const tick = (): void => {
      ticks++;
      clock.after(10, tick);
    };
    tick();
    expect(await clock.run({ until: () => ticks === 5 })).toBe('until');
    expect(clock.now()).toBe(40);
  });

  test('ends a loop that never does, saying so', async () => {
    const clock = new SimClock();
    const again = (): void => void clock.after(0, again);
    again();
    await expect(clock.run({ maxTimers: 100 })).rejects.toThrow('100 timers fired and no end');
  });
});

describe('seeded randomness', () => {
  test('repeats itself for a seed, differs between seeds and purposes', () => {
    const draw = (seed: number, purpose: string): string => randomUid(forkRandom(seed, purpose));
    expect(draw(1, 'a')).toBe(draw(1, 'a'));
    expect(new Set([draw(1, 'a'), draw(2, 'a'), draw(1, 'b')]).size).toBe(3);
    expect(draw(1, 'a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('is spread evenly', () => {
    const random = seededRandom(3);
    const buckets = Array.from({ length: 10 }, () => 0);
    for (let n = 0; n < 100_000; n++) buckets[between(random, 0, 9)]!++;
    for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
