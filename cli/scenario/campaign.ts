import type { FaultPlan } from '../../sim/faults/plan';
import { randomPlan } from '../../sim/faults/random-plan';
import { shrink } from '../../sim/faults/shrink';
import type { CampaignScenario } from './campaign-scenarios';
import { CAMPAIGN_SCENARIOS, OPERATOR_IMAGE } from './campaign-scenarios';
import type { Reference, Verdict } from './judge';
import { judge, referenceOf } from './judge';

/** A run of the campaign that failed, with the smallest plan found that fails too. */
export interface CampaignFailure {
  readonly seed: number;
  readonly scenario: string;
  readonly problems: readonly string[];
  readonly plan: FaultPlan;
  readonly digest: string;
}

/** Faults begin within this time: a little longer than a run without any takes. */
const SPAN_MS = 260_000;

const references = new Map<string, Promise<Reference>>();

/** What a scenario comes to without faults; played once. */
const referenceFor = (scenario: CampaignScenario): Promise<Reference> => {
  const known = references.get(scenario.name) ?? referenceOf({ ...scenario, seed: 0 });
  references.set(scenario.name, known);
  return known;
};

/** The scenario of a seed: they take turns. */
export const scenarioOf = (seed: number): CampaignScenario =>
  CAMPAIGN_SCENARIOS[seed % CAMPAIGN_SCENARIOS.length] as CampaignScenario;

/** The plan of a seed. */
export const planOf = async (seed: number): Promise<FaultPlan> => {
  const scenario = scenarioOf(seed);
  const { writes } = await referenceFor(scenario);
  const nodes = scenario.nodes.map(({ name }) => name);
  return randomPlan(seed, { nodes, spanMs: SPAN_MS, writes, image: OPERATOR_IMAGE });
};

/** One run: the scenario and the plan of the seed, or others. */
export const play = async (seed: number, plan?: FaultPlan, scenario = scenarioOf(seed)): Promise<Verdict> => {
  return judge({ ...scenario, seed, faults: plan ?? (await planOf(seed)) }, await referenceFor(scenario));
};

/** One run; `undefined`: all oracles are content. A failure is shrunk. */
export const campaignRun = async (seed: number): Promise<CampaignFailure | undefined> => {
  const { problems } = await play(seed);
  if (problems.length === 0) return undefined;
  const plan = await shrink(await planOf(seed), async (smaller) => (await play(seed, smaller)).problems.length > 0);
  const last = await play(seed, plan);
  return { seed, scenario: scenarioOf(seed).name, problems: last.problems, plan, digest: last.digest };
};
