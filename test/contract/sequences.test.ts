import type { JsonValue } from '../../lib/base/json';
import { describeCluster } from '../cluster/harness';
import { embeddedBackend } from './embedded-backend';
import { differences } from './normalise';
import type { RealBackend } from './real-backend';
import { realBackend } from './real-backend';
import type { Operation } from './sequences';
import { sequenceOf, shrink, transcript } from './sequences';

jest.setTimeout(600_000);

/** How many sequences, and from which seed on. */
const RUNS = Number(process.env['WEKA_OPERATOR_SEQUENCES'] ?? 200);
const SEED = Number(process.env['WEKA_OPERATOR_SEED'] ?? 1);
/** At the same time; and how many disagreements are made short and shown. */
const WIDTH = 8;
const SHOWN = Number(process.env['WEKA_OPERATOR_SHOWN'] ?? 3);

describe('a sequence', () => {
  test('is a function of its seed', () => {
    expect(sequenceOf(7)).toEqual(sequenceOf(7));
    expect(sequenceOf(7)).not.toEqual(sequenceOf(8));
  });

  test('is made shorter while it differs', async () => {
    const steps = sequenceOf(3);
    const last = steps.at(-1) as Operation;
    const short = await shrink(steps, (some) => Promise.resolve(some.some((each) => each.verb === last.verb)));
    expect(short.map(({ verb }) => verb)).toEqual([last.verb]);
  });
});

describeCluster(`${RUNS} random sequences of writes`, () => {
  let real: RealBackend;
  beforeAll(async () => {
    real = await realBackend();
  });
  afterAll(() => real.stop());

  const both = async (steps: readonly Operation[]): Promise<[JsonValue, JsonValue]> => [
    await transcript(real, steps),
    await transcript(embeddedBackend(), steps),
  ];
  const differs = async (steps: readonly Operation[]): Promise<boolean> => {
    const [expected, actual] = await both(steps);
    return JSON.stringify(expected) !== JSON.stringify(actual);
  };

  /** Where they first differ, without at which step: what shrinks must stay the same disagreement. */
  const symptom = async (steps: readonly Operation[]): Promise<string | undefined> =>
    differences(...(await both(steps)))[0]?.replace(/^\/\d+/, '');

  test('leave both clusters in the same state, with the same owners', async () => {
    const seeds = Array.from({ length: RUNS }, (_, index) => SEED + index);
    const wrong: number[] = [];
    const lane = async (): Promise<void> => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        if (await differs(sequenceOf(seed))) wrong.push(seed);
      }
    };
    await Promise.all(Array.from({ length: WIDTH }, lane));
    const shown: string[] = [];
    for (const seed of wrong.slice(0, SHOWN)) {
      const first = await symptom(sequenceOf(seed));
      const steps = await shrink(sequenceOf(seed), async (some) => (await symptom(some)) === first);
      const [expected, actual] = await both(steps);
      const lines = [...steps.map((step) => JSON.stringify(step)), ...differences(expected, actual)];
      shown.push(`seed ${seed}, real → embedded:\n${lines.map((line) => `  ${line}`).join('\n')}`);
    }
    if (wrong.length > 0) {
      throw new Error(`${wrong.length} of ${RUNS} sequences differ.\n${shown.join('\n')}`);
    }
  });
});
