import { campaignRun, play, planOf, scenarioOf } from '../../cli/scenario/campaign';
import { CAMPAIGN_SCENARIOS } from '../../cli/scenario/campaign-scenarios';
import { runScenario } from '../../cli/scenario/run-scenario';
import type { Fault } from '../../sim/faults/plan';
import { POD_FAILURES } from '../../sim/faults/plan';
import { failureText, summaryText } from './report';
import { usage } from './usage';

jest.setTimeout(300_000);

const seedOf = (name: string): number => CAMPAIGN_SCENARIOS.findIndex((scenario) => scenario.name === name);
/** Plays a scenario with one fault; what is wrong with the run. */
const problems = async (name: string, ...faults: Fault[]): Promise<readonly string[]> =>
  (await play(seedOf(name), { faults })).problems;

describe('drawn faults', () => {
  test.each(CAMPAIGN_SCENARIOS.map(({ name }, index) => [name, index] as const))(
    '%s: every run ends in the same state, quiet, with every invariant kept',
    async (_, index) => {
      const count = CAMPAIGN_SCENARIOS.length;
      // The scenario follows from the seed.
      const first = 64 * count;
      expect(scenarioOf(first + index)).toBe(CAMPAIGN_SCENARIOS[index]);
      for (let seed = first + index; seed < first + 5 * count; seed += count) {
        expect(await campaignRun(seed)).toBeUndefined();
      }
    },
  );
});

describe('the manager that dies', () => {
  test.each(['before', 'after'] as const)(
    '%s any of its writes is followed by one that ends in the same state',
    async (when) => {
      let deaths = 0;
      for (let write = 1; ; write += 3) {
        const verdict = await play(seedOf('make'), { faults: [{ fault: 'crash', write, when, down: 5_000 }] });
        expect({ write, problems: verdict.problems }).toEqual({ write, problems: [] });
        if (verdict.strikes === 0) break;
        deaths += 1;
      }
      expect(deaths).toBeGreaterThan(8);
    },
  );
});

describe('Pods that fail', () => {
  test.each(POD_FAILURES)('as %s: it is got over', async (as) => {
    expect(await problems('make', { fault: 'pod', as, pod: '', at: 20_000, for: 40_000 })).toEqual([]);
  });
});

describe('what every fault is got over from', () => {
  test.each<[string, Fault[]]>([
    ['lost events', [{ fault: 'events', effect: 'drop', at: 0, for: 60_000, by: 1, kind: '', share: 0.5 }]],
    ['late events', [{ fault: 'events', effect: 'delay', at: 0, for: 60_000, by: 20_000, kind: '', share: 0.5 }]],
    ['events twice', [{ fault: 'events', effect: 'duplicate', at: 0, for: 60_000, by: 1, kind: '', share: 1 }]],
    ['older events again', [{ fault: 'events', effect: 'rewind', at: 0, for: 60_000, by: 1, kind: '', share: 1 }]],
    ['expired watches', [{ fault: 'watches-end', at: 30_000, how: 'expired' }]],
    [
      'conflicts',
      [{ fault: 'api', answer: 'conflict', effect: 'none', calls: 'writes', at: 0, for: 30_000, kind: '', share: 0.7 }],
    ],
    [
      'answers that are lost',
      [{ fault: 'api', answer: 'timeout', effect: 'done', calls: 'writes', at: 0, for: 30_000, kind: '', share: 1 }],
    ],
    ['two managers', [{ fault: 'second-manager', at: 100, for: 100_000 }]],
    ['a clock that jumps back', [{ fault: 'clock-jump', at: 40_000, by: -3_600_000 }]],
    ['agents that are cut off', [{ fault: 'agents-cut', node: 'n1', at: 20_000, for: 90_000 }]],
    ['a node that leaves', [{ fault: 'node-gone', node: 'n2', at: 40_000, for: 60_000 }]],
  ])('%s', async (_, faults) => {
    expect(await problems('change', ...faults)).toEqual([]);
  });

  it('a list of the past shows a policy that is gone: nothing is made for it', async () => {
    const seed = 268 - (268 % CAMPAIGN_SCENARIOS.length) + seedOf('delete');
    const { problems: found } = await play(seed, {
      faults: [
        { fault: 'stale-lists', at: 100_000, for: 20_000, by: 60_000, kind: '' },
        { fault: 'watches-end', at: 105_000, how: 'expired' },
      ],
    });
    expect(found).toEqual([]);
  });

  // Plans that once broke an invariant, with what was wrong then.
  test.each<[string, string, number, Fault[]]>([
    [
      'a list of the past hid a Pod, and the finalizer was removed while it lived',
      'beside others',
      405949,
      [
        { fault: 'node-gone', node: 'n1', at: 115_917, for: 27_264 },
        { fault: 'pod', as: 'DeadlineExceeded', pod: 'builder', at: 24_997, for: 54_288 },
        { fault: 'stale-lists', at: 117_983, for: 65_406, by: 13_986, kind: '' },
        { fault: 'watches-end', at: 150_686, how: 'expired' },
        { fault: 'node-loss', node: 'n1', at: 144_803, for: 12_067 },
      ],
    ],
    [
      'a clock that was set back put off the list that mends lost events',
      'replace',
      301262,
      [
        { fault: 'version', at: 70_607, image: 'registry.example/weka-operator:other', down: 2_287 },
        { fault: 'version', at: 95_392, image: 'registry.example/weka-operator:1', down: 8_972 },
        { fault: 'stale-lists', at: 6_428, for: 54_460, by: 34_107, kind: 'Service' },
        { fault: 'watches-end', at: 33_658, how: 'expired' },
        { fault: 'clock-jump', at: 186_259, by: -449_422 },
        { fault: 'events', effect: 'drop', at: 179_591, for: 70_040, by: 22_852, kind: 'Pod', share: 1 },
      ],
    ],
    [
      'two managers sent a node to two services in turns',
      'beside others',
      740,
      [{ fault: 'second-manager', at: 247_125, for: 83_644 }],
    ],
  ])('%s', async (_, name, seed, faults) => {
    expect((await play(seed, { faults }, CAMPAIGN_SCENARIOS[seedOf(name)])).problems).toEqual([]);
  });
});

test('a manager that starts where everything is as wanted writes nothing', async () => {
  const scenario = { ...CAMPAIGN_SCENARIOS[seedOf('make')]!, seed: 0 };
  const { writes: needed } = await runScenario(scenario);
  const restart = { fault: 'version', at: 600_000, image: scenario.operatorImage, down: 1_000 } as const;
  const { writes } = await runScenario({ ...scenario, faults: { faults: [restart] } });
  expect(writes).toEqual(needed);
});

describe('a replay', () => {
  it('is the same to the last write and strike', async () => {
    const seed = 42;
    expect(await play(seed)).toEqual(await play(seed, await planOf(seed)));
    expect((await play(seed)).digest).not.toBe((await play(seed + CAMPAIGN_SCENARIOS.length)).digest);
  });
});

describe('npm run campaign', () => {
  test.each([
    [['--seed', 'x'], '--seed is x: it must be a whole number from 0 to 4294967295.'],
    [['--seed', '-1'], '--seed is -1'],
    [['--runs', '0'], '--runs is 0: it must be a whole number from 1'],
    [['--runs', '1e3'], '--runs is 1e3'],
    [['--minutes'], '--minutes wants a value.'],
    [['--scenario', 'drive'], '--scenario is drive: there are make, change'],
    [['--run', '1'], '--run is no option: there are --runs'],
  ])('%j is wrong usage', (args, words) => {
    expect(() => usage(args)).toThrow(words);
  });

  it('runs until the time is over when only a time is given', () => {
    expect(usage(['--scenario', 'drivers'])).toMatchObject({ scenario: 'drivers' });
    expect(usage(['--minutes', '3'])).toMatchObject({ runs: Infinity, minutes: 3, seed: 1 });
  });

  it('says of a failure how to see it again', () => {
    const plan = { faults: [{ fault: 'crash', write: 3, when: 'after', down: 5_000 } as const] };
    const failure = { seed: 11, scenario: scenarioOf(11).name, problems: ['It did not settle.'], plan, digest: 'abc' };
    const text = failureText(failure, { commit: '1a2b3c', drawn: plan });
    expect(text).toContain('seed 11 (scenario "make") at commit 1a2b3c');
    expect(text).toContain('npm run campaign -- --runs 1 --seed 11');
    expect(text).toContain('fault: crash\n        write: 3');
  });

  it('says what was done when it is interrupted', () => {
    expect(summaryText({ done: 12, failures: 1, first: 5, last: 16, seconds: 4, interrupted: true })).toBe(
      'Interrupted. 12 runs, seeds 5 to 16, in 4.0 s (3.0 runs/s): 1 failed.\n',
    );
  });
});
