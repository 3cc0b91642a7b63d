/**
 * `npm run campaign`: seeded fault runs of the policy scenarios until a number, a time or Ctrl-C ends them.
 *
 *   --runs N        so many runs (default 1000)
 *   --minutes M     at most so long (default: no limit)
 *   --seed N        the first seed (default 1); with --runs 1 it replays one
 *   --faults FILE   this plan instead of the drawn ones
 *   --scenario NAME only seeds of this scenario
 *   --output FILE   write the failures there as JSON
 *
 * Exit status: 0 nothing failed, 1 something did or the result could not be written, 2 wrong usage.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { CampaignFailure } from '../../cli/scenario/campaign';
import { campaignRun, play, planOf, scenarioOf } from '../../cli/scenario/campaign';
import { readFaultFile } from '../../cli/scenario/read-faults';
import type { FaultPlan } from '../../sim/faults/plan';
import { failureText, progressText, summaryText } from './report';
import { usage, UsageError } from './usage';

const commit = (): string => {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
};

const givenPlan = (file: string | undefined): FaultPlan | undefined => {
  try {
    return file === undefined ? undefined : readFaultFile(file);
  } catch (thrown) {
    throw new UsageError((thrown as Error).message);
  }
};

const write = (file: string, text: string): void => {
  try {
    writeFileSync(file, text);
  } catch (thrown) {
    throw new Error(`Writing ${file} failed: ${(thrown as Error).message}. Everything is said above.`, {
      cause: thrown,
    });
  }
};

const once = async (seed: number, plan: FaultPlan): Promise<CampaignFailure | undefined> => {
  const { problems, digest } = await play(seed, plan);
  return problems.length === 0 ? undefined : { seed, scenario: scenarioOf(seed).name, problems, plan, digest };
};

/** A long campaign says this often, on standard error, how far it is. */
const PROGRESS_MS = 60_000;

const main = async (): Promise<number> => {
  const { runs, minutes, seed: first, output, faults, scenario } = usage(process.argv.slice(2));
  const plan = givenPlan(faults);
  const [began, failures] = [Date.now(), [] as CampaignFailure[]];
  let [done, interrupted] = [0, false];
  process.once('SIGINT', () => (interrupted = true));
  const seconds = (): number => (Date.now() - began) / 1000;
  const tell = setInterval(() => process.stderr.write(progressText(done, failures.length, seconds())), PROGRESS_MS);
  const timeIsUp = (): boolean => minutes !== undefined && seconds() >= minutes * 60;
  let last = first;
  for (let seed = first; done < runs && !interrupted && !timeIsUp(); seed++) {
    if (scenario !== undefined && scenarioOf(seed).name !== scenario) continue;
    last = seed;
    const failure = await (plan === undefined ? campaignRun(seed) : once(seed, plan));
    done += 1;
    if (failure === undefined) continue;
    failures.push(failure);
    process.stdout.write(failureText(failure, { commit: commit(), drawn: await planOf(seed) }));
  }
  clearInterval(tell);
  process.stdout.write(summaryText({ done, failures: failures.length, first, last, seconds: seconds(), interrupted }));
  if (output !== undefined) write(output, `${JSON.stringify(failures, null, 2)}\n`);
  return failures.length === 0 ? 0 : 1;
};

main().then(
  (code) => (process.exitCode = code),
  (thrown: unknown) => {
    process.stderr.write(`${(thrown as Error).message}\n`);
    process.exitCode = thrown instanceof UsageError ? 2 : 1;
  },
);
