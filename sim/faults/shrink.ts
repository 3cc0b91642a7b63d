/** The smallest plan that still fails: faults taken out one after another, then each made shorter and rounder. */
import type { Fault, FaultPlan } from './plan';

/** Whether a plan still shows the failure. */
export type StillFails = (plan: FaultPlan) => Promise<boolean>;

/** Tries at most this many plans. */
const MOST_TRIES = 120;

/** Shrinks `plan`, which fails. The result fails too; equal plans give equal results. */
export const shrink = async (plan: FaultPlan, stillFails: StillFails, tries = MOST_TRIES): Promise<FaultPlan> => {
  let [best, left] = [plan, tries];
  for (let changed = true; changed && left > 0;) {
    changed = false;
    for (const smaller of smallerPlans(best)) {
      if (left-- <= 0) break;
      if (!(await stillFails(smaller))) continue;
      best = smaller;
      changed = true;
      break;
    }
  }
  return best;
};

const smallerPlans = ({ faults }: FaultPlan): readonly FaultPlan[] => [
  ...faults.map((_, index) => ({ faults: faults.filter((__, at) => at !== index) })),
  ...faults.flatMap((fault, index) =>
    simpler(fault).map((one) => ({ faults: faults.map((other, at) => (at === index ? one : other)) })),
  ),
];

/** Shorter windows, whole seconds. Never the same fault again. */
const simpler = (fault: Fault): readonly Fault[] => {
  const round = (ms: number): number => Math.max(1_000, Math.round(ms / 1_000) * 1_000);
  const times = (['at', 'for', 'by', 'down'] as const).flatMap((key) => {
    const value = (fault as unknown as Record<string, number | undefined>)[key];
    if (value === undefined || (value > -1_000 && value < 1_000)) return [];
    const half = key === 'for' && value > 2_000 ? [round(value / 2)] : [];
    return [...half, ...(value > 0 && value % 1_000 !== 0 ? [round(value)] : [])].map((ms) => ({
      ...fault,
      [key]: ms,
    }));
  });
  return times;
};
