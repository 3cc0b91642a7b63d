import { endOf, FAULTS } from '../../sim/faults/plan';
import { durationText, faultText, planDocument, readPlan } from '../../sim/faults/read-plan';
import { randomPlan } from '../../sim/faults/random-plan';
import { shrink } from '../../sim/faults/shrink';

const problemsOf = (...faults: unknown[]): readonly string[] => readPlan({ faults }).problems ?? [];

describe('a fault plan', () => {
  it('fills in what is left out', () => {
    expect(readPlan({ faults: [{ fault: 'crash', write: 3 }] }).plan).toEqual({
      faults: [{ fault: 'crash', write: 3, when: 'after', down: 5_000 }],
    });
  });

  test.each<[string, unknown, string]>([
    ['a fault that there is not', { fault: 'crsh', write: 1 }, 'Write crash if that is meant'],
    ['no fault at all', { write: 1 }, 'faults[0].fault is missing'],
    ['an unknown key', { fault: 'crash', write: 1, whem: 'after' }, 'faults[0].whem is no field of crash. Write when'],
    ['a write before the first', { fault: 'crash', write: 0 }, 'it must be from 1 to 1000000'],
    ['half a write', { fault: 'crash', write: 1.5 }, 'it must be a whole number'],
    ['a time that is none', { fault: 'clock-jump', at: 'soon', by: '1s' }, 'write a duration such as 30s'],
    ['a time without a unit', { fault: 'clock-jump', at: 5, by: '1s' }, 'write a duration such as 30s'],
    ['a time before the beginning', { fault: 'clock-jump', at: '-5s', by: '1s' }, 'it must be from 0 to 24h'],
    ['a time after the end', { fault: 'clock-jump', at: '25h', by: '1s' }, 'is 25h; it must be from 0 to 24h'],
    ['a window without a length', { fault: 'slow', at: '5s', for: '0' }, 'it must be from 1ms to 24h'],
    ['a missing time', { fault: 'slow', at: '5s' }, 'faults[0].for is missing: for how long'],
    ['a share above all', { fault: 'slow', at: '5s', for: '1s', share: 2 }, 'it must be a number from 0 to 1'],
    ['a word that is none', { fault: 'pod', as: 'Sad', at: '0', for: '1s' }, 'it must be one of ErrImagePull'],
    ['an empty text', { fault: 'node-reboot', node: '', at: '0' }, 'it must be a text'],
    ['a list in place of an object', [], 'faults[0] is not an object'],
  ])('with %s is refused with the place and what to write', (_, fault, words) => {
    expect(problemsOf(fault)).toEqual([expect.stringContaining(words)]);
  });

  test.each([[undefined], [null], [[]], ['faults'], [{ faults: {} }]])('that is %j is refused', (document) => {
    expect(readPlan(document).problems).toHaveLength(1);
  });

  it('names every mistake at once', () => {
    expect(readPlan({ fautls: 1, faults: [{ fault: 'x' }, { fault: 'crash' }] }).problems).toHaveLength(3);
  });

  it('is read from what it is printed as', () => {
    const ground = { nodes: ['a', 'b'], spanMs: 100_000, writes: 20, image: 'o:1' };
    for (let seed = 0; seed < 500; seed++) {
      const plan = randomPlan(seed, ground);
      expect(readPlan(JSON.parse(JSON.stringify(planDocument(plan)))).plan).toEqual(plan);
    }
  });

  it('is drawn with every fault that there is', () => {
    const ground = { nodes: ['a'], spanMs: 100_000, writes: 20, image: 'o:1' };
    const drawn = Array.from({ length: 500 }, (_, seed) => randomPlan(seed, ground).faults.map(({ fault }) => fault));
    expect([...new Set(drawn.flat())].sort()).toEqual(Object.keys(FAULTS).sort());
  });

  it('ends with its last fault', () => {
    expect(
      endOf({
        faults: [
          { fault: 'second-manager', at: 5_000, for: 20_000 },
          { fault: 'node-reboot', node: 'a', at: 10_000, down: 3_000 },
        ],
      }),
    ).toBe(25_000);
  });
});

test.each([
  [0, '0'],
  [250, '250ms'],
  [90_000, '1m30s'],
  [-3_600_000, '-1h'],
  [3_661_001, '1h1m1s1ms'],
])('%d ms are written as %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test('a fault is told in a line', () => {
  expect(faultText({ fault: 'crash', write: 3, when: 'before', down: 5_000 })).toBe('crash write=3 when=before');
});

describe('shrinking', () => {
  const crash = (write: number) => ({ fault: 'crash', write, when: 'after', down: 5_123 }) as const;

  it('leaves what the failure needs, shorter and rounder', async () => {
    const plan = {
      faults: [crash(1), crash(2), { fault: 'second-manager', at: 12_345, for: 64_000 } as const, crash(3)],
    };
    const needs = async ({ faults }: typeof plan) =>
      faults.some(({ fault }) => fault === 'second-manager') && faults.some((one) => 'write' in one && one.write === 2);
    expect(await shrink(plan, needs as never)).toEqual({
      faults: [
        { ...crash(2), down: 5_000 },
        { fault: 'second-manager', at: 12_000, for: 2_000 },
      ],
    });
  });

  it('gives the plan back that nothing can be taken from', async () => {
    const plan = { faults: [{ ...crash(1), down: 5_000 }] };
    expect(await shrink(plan, async () => false)).toEqual(plan);
  });
});
