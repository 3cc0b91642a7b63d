import { scenarioOf, planOf } from './cli/scenario/campaign';
import { runScenario } from './cli/scenario/run-scenario';
const main = async () => { const seed = Number(process.argv[2] ?? 11001); await planOf(seed); for (let i=0;i<3;i++){ const s = scenarioOf(seed); const t = performance.now();
 const r = await runScenario({ ...s, seed, faults: await planOf(seed) }); console.log((performance.now() - t).toFixed(0), r.settled, r.tookMs / 60000, r.writes, r.cluster.log.writes.length, (r.now - Date.parse('2026-01-01'))/3600000); } };
void main();
