import type { ScenarioResult } from '../../cli/scenario/run-scenario';
import { MANAGER, runScenario } from '../../cli/scenario/run-scenario';
import type { AgentAct } from '../../sim/drivers/acts';
import { fleetScenario, THOUSAND } from './driver-fleet';

jest.setTimeout(600_000);

/** The bench plays the thousand; what is counted here does not depend on it. */
const NODES = 192;

describe('bar 1: many nodes with four kernels, two architectures and three versions', () => {
  const acts: AgentAct[] = [];
  let result: ScenarioResult;
  beforeAll(async () => {
    result = await runScenario({
      ...fleetScenario({ ...THOUSAND, nodes: NODES }),
      prepare: ({ agents }) => agents.onAct((act) => void acts.push(act)),
      limitMs: 6 * 3_600_000,
    });
  });
  const all = (what: AgentAct['what']) => acts.filter((act) => act.what === what);

  test('24 packages are built, each once, after each was asked for once', () => {
    expect(all('built')).toHaveLength(24);
    expect(result.registry.calls.filter(({ by }) => by === 'dist')).toEqual([]);
    expect(result.registry.calls.length).toBeLessThanOrEqual(24);
  });

  test('every node loads once', () => {
    expect(result.settled).toBe(true);
    expect(new Set(all('loads').map((act) => ('node' in act ? act.node : ''))).size).toBe(NODES);
    expect(all('loads')).toHaveLength(NODES);
    expect(result.broken).toEqual([]);
  });

  test('the operator writes twenty times a node at most, beside what each package takes, and then nothing', () => {
    const { untilSettled, after } = result.writes;
    expect(untilSettled).toBeLessThan(20 * NODES + 30 * 24);
    expect(after).toBe(0);
    expect(result.cluster.log.count({ user: MANAGER })).toBeGreaterThan(0);
  });
});
