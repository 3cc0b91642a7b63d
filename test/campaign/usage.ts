import { CAMPAIGN_SCENARIOS } from '../../cli/scenario/campaign-scenarios';

/** What `npm run campaign` was asked for. */
export interface Usage {
  readonly runs: number;
  readonly minutes: number | undefined;
  readonly seed: number;
  readonly output: string | undefined;
  readonly faults: string | undefined;
  /** Only seeds of this scenario. */
  readonly scenario: string | undefined;
}

/** The command line is wrong. */
export class UsageError extends Error {}

const NUMBERS: Readonly<Record<string, { readonly from: number; readonly to: number }>> = {
  '--runs': { from: 1, to: 10_000_000 },
  '--minutes': { from: 1, to: 100_000 },
  '--seed': { from: 0, to: 2 ** 32 - 1 },
};
const TEXTS = ['--output', '--faults', '--scenario'];

const scenarioNamed = (name: string | undefined): string | undefined => {
  const names = CAMPAIGN_SCENARIOS.map((scenario) => scenario.name);
  if (name !== undefined && !names.includes(name))
    throw new UsageError(`--scenario is ${name}: there are ${names.join(', ')}.`);
  return name;
};

/** Reads the arguments. Throws UsageError, with a sentence, for anything that is not understood. */
export const usage = (args: readonly string[]): Usage => {
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at += 2) {
    const [name = '', value] = [args[at], args[at + 1]];
    if (!(name in NUMBERS) && !TEXTS.includes(name))
      throw new UsageError(`${name} is no option: there are ${[...Object.keys(NUMBERS), ...TEXTS].join(', ')}.`);
    if (value === undefined) throw new UsageError(`${name} wants a value.`);
    given.set(name, value);
  }
  const number = (name: string): number | undefined => {
    const [text, bounds] = [given.get(name), NUMBERS[name]];
    if (text === undefined || bounds === undefined) return undefined;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < bounds.from || value > bounds.to)
      throw new UsageError(`${name} is ${text}: it must be a whole number from ${bounds.from} to ${bounds.to}.`);
    return value;
  };
  return {
    runs: number('--runs') ?? (given.has('--minutes') ? Infinity : 1000),
    minutes: number('--minutes'),
    seed: number('--seed') ?? 1,
    output: given.get('--output'),
    faults: given.get('--faults'),
    scenario: scenarioNamed(given.get('--scenario')),
  };
};
