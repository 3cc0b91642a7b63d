/** A watch as the manager reads it: decoded, put into the cache, listeners told. */
import { connect } from '../../controllers/kube/connect';
import { systemClock } from '../../controllers/runtime/clock';
import { systemRandom } from '../../controllers/runtime/random';
import { WatchedCaches } from '../../controllers/runtime/watched-caches';
import { cpuMs, heapMb, peakMb, tell } from '../probe';

const main = async (): Promise<void> => {
  const { kubeconfig, events } = JSON.parse(process.argv[2] ?? '') as { kubeconfig: string; events: number };
  const client = await connect({ kubeconfig });
  const caches = new WatchedCaches({ client, clock: systemClock, random: systemRandom, isNamespaced: () => true });
  const cache = caches.add({ type: { apiVersion: 'v1', kind: 'Pod' } });
  const before = heapMb();
  let [seen, began, cpu] = [0, 0, 0];
  const done = new Promise<void>((resolve) => {
    cache.subscribe(() => {
      if (seen === 0) [began, cpu] = [performance.now(), cpuMs()];
      seen += 1;
      if (seen === events) resolve();
    });
  });
  caches.start();
  await done;
  const seconds = (performance.now() - began) / 1000;
  const spent = cpuMs() - cpu;
  tell({
    rate: events / seconds,
    cpu: (spent * 1000) / events,
    peak: peakMb(),
    kept: heapMb() - before,
    objects: cache.size,
  });
};

void main();
