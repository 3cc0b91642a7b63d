/** The whole operator on a simulated fleet that bar 1 of driver distribution names, once, until nothing happens any more. */
import { runScenario } from '../../cli/scenario/run-scenario';
import type { AgentAct } from '../../sim/drivers/acts';
import { fleetScenario, THOUSAND } from '../../test/sim/driver-fleet';
import { cpuMs, peakMb, tell } from '../probe';

/** Virtual time; it settles long before. */
const LIMIT_MS = 6 * 3_600_000;

const main = async (): Promise<void> => {
  const { nodes } = JSON.parse(process.argv[2] ?? '') as { nodes: number };
  const acts = new Map<AgentAct['what'], number>();
  const began = performance.now();
  const { settled, tookMs, writes, registry, broken } = await runScenario({
    ...fleetScenario({ ...THOUSAND, nodes }),
    prepare: ({ agents }) => agents.onAct(({ what }) => void acts.set(what, (acts.get(what) ?? 0) + 1)),
    limitMs: LIMIT_MS,
  });
  if (!settled) throw new Error('the fleet does not settle');
  if (broken.length > 0) throw new Error(`an invariant is broken: ${JSON.stringify(broken[0])}`);
  tell({
    builds: acts.get('built') ?? 0,
    loads: acts.get('loads') ?? 0,
    asks: registry.calls.length,
    fetches: registry.calls.filter(({ by }) => by === 'dist').length,
    perNode: writes.untilSettled / nodes,
    steady: writes.after,
    virtualMinutes: tookMs / 60_000,
    seconds: (performance.now() - began) / 1000,
    cpu: cpuMs() / 1000,
    peak: peakMb(),
  });
};

void main();
