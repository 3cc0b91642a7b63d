/** How many whole runs of the operator, with a crash in each, fit into a second, and what CPU time one takes. */
import { crashRun } from '../crash-run';
import { cpuMs, peakMb, tell } from '../probe';

const main = async (): Promise<void> => {
  const { seconds } = JSON.parse(process.argv[2] ?? '') as { seconds: number };
  for (let nth = 1; nth <= 12; nth++) await crashRun(nth, nth);
  const [began, before] = [performance.now(), cpuMs()];
  let [runs, writes] = [0, 0];
  while (performance.now() - began < seconds * 1000) {
    runs += 1;
    writes += (await crashRun(runs, 1 + (runs % 12))).log.writes.length;
  }
  const took = (performance.now() - began) / 1000;
  tell({ rate: runs / took, cpu: (cpuMs() - before) / runs, writes: writes / runs, peak: peakMb() });
};

void main();
