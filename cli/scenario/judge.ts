import { createHash } from 'node:crypto';
import type { Strike } from '../../sim/faults/injector';
import type { Counts } from '../../sim/oracles/counts';
import { countsOf, excessiveWrites } from '../../sim/oracles/counts';
import type { EndState } from '../../sim/oracles/end-state';
import { endState, orphans, stateDifferences } from '../../sim/oracles/end-state';
import type { Scenario, ScenarioResult } from './run-scenario';
import { MANAGER, runScenario } from './run-scenario';

/** What the same scenario comes to when nothing goes wrong. */
export interface Reference {
  readonly state: EndState;
  readonly counts: Counts;
  readonly writes: number;
}

/** What was wrong with one run, and a fingerprint by which its replay is known. */
export interface Verdict {
  /** Sentences; empty: all oracles are content. */
  readonly problems: readonly string[];
  /** SHA-256 of every write and every strike. */
  readonly digest: string;
  readonly strikes: number;
}

/** Plays the scenario without its faults. Rejects when even that does not end well. */
export const referenceOf = async (scenario: Scenario): Promise<Reference> => {
  const { faults: _, ...undisturbed } = scenario;
  const result = await runScenario(undisturbed);
  const problems = soundness(result);
  if (problems.length > 0) throw new Error(`The scenario fails without any fault: ${problems.join(' ')}`);
  return {
    state: endState(result.cluster),
    counts: countsOf(result.cluster.log.writes, MANAGER),
    writes: result.writes.untilSettled,
  };
};

/** Plays the scenario with its faults and asks every oracle. A function of the scenario alone. */
export const judge = async (scenario: Scenario, reference: Reference): Promise<Verdict> => {
  const strikes: Strike[] = [];
  const result = await runScenario({ ...scenario, onStrike: (strike) => void strikes.push(strike) });
  // Two that act at once without a Lease, and see different pasts, contradict each other for as long as they do.
  const contradicted = scenario.leaderElection === false && strikes.some(({ fault }) => fault === 'second-manager');
  const disturbances = strikes.length + (scenario.faults?.faults.length ?? 0);
  return {
    problems: [
      ...soundness(result),
      ...stateDifferences(reference.state, endState(result.cluster)),
      ...(contradicted
        ? []
        : excessiveWrites(reference.counts, countsOf(result.cluster.log.writes, MANAGER), disturbances)),
    ],
    digest: digestOf([...result.cluster.log.lines(), ...strikes.map((strike) => JSON.stringify(strike))]),
    strikes: strikes.length,
  };
};

/** What holds of every run, whatever went wrong. */
const soundness = ({ settled, writes, broken, cluster }: ScenarioResult): readonly string[] => [
  ...broken.map(({ invariant, text }) => `[${invariant}] ${text}`),
  ...(settled ? [] : ['It did not settle.']),
  ...(writes.after === 0 ? [] : [`${writes.after} writes after it had settled.`]),
  ...orphans(cluster).map((name) => `${name} has lost its parent and is still there.`),
];

const digestOf = (lines: readonly string[]): string => createHash('sha256').update(lines.join('\n')).digest('hex');
