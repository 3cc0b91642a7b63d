/** What a campaign says on the terminal. Pure. */
import { stringify } from 'yaml';
import type { CampaignFailure } from '../../cli/scenario/campaign';
import type { FaultPlan } from '../../sim/faults/plan';
import { planDocument } from '../../sim/faults/read-plan';

/** A failure with everything that is needed to see it again. */
export const failureText = (
  { seed, scenario, problems, plan, digest }: CampaignFailure,
  { commit, drawn }: { readonly commit: string; readonly drawn: FaultPlan },
): string =>
  [
    `FAILED seed ${seed} (scenario "${scenario}") at commit ${commit}`,
    ...problems.map((problem) => `  ${problem}`),
    `  shrunk from ${drawn.faults.length} to ${plan.faults.length} faults; digest ${digest.slice(0, 16)}`,
    `  replay: npm run campaign -- --runs 1 --seed ${seed} [--faults FILE with the plan below]`,
    ...stringify(planDocument(plan))
      .trimEnd()
      .split('\n')
      .map((line) => `    ${line}`),
    '',
  ].join('\n');

/** How far it is; `seconds` since it began. */
export const progressText = (done: number, failures: number, seconds: number): string =>
  `… ${done} runs, ${(done / seconds).toFixed(1)} runs/s, ${failures} failed\n`;

export const summaryText = (result: {
  readonly done: number;
  readonly failures: number;
  readonly first: number;
  readonly last: number;
  readonly seconds: number;
  readonly interrupted: boolean;
}): string => {
  const { done, failures, first, last, seconds, interrupted } = result;
  const seeds = done === 0 ? 'no seed' : `seeds ${first} to ${last}`;
  const rate = seconds > 0 ? ` (${(done / seconds).toFixed(1)} runs/s)` : '';
  return `${interrupted ? 'Interrupted. ' : ''}${done} runs, ${seeds}, in ${seconds.toFixed(1)} s${rate}: ${failures} failed.\n`;
};
