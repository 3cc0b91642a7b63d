/** Lists and keeps all Pods as the manager does: pages, a cache, what reconcilers read of each. */
import { connect } from '../../controllers/kube/connect';
import { systemClock } from '../../controllers/runtime/clock';
import { systemRandom } from '../../controllers/runtime/random';
import { WatchedCaches } from '../../controllers/runtime/watched-caches';
import type { LiveObject } from '../../lib/base/kube-object';
import { heapMb, peakMb, stallWatch, tell } from '../probe';

const POD = { apiVersion: 'v1', kind: 'Pod' };

/** What a controller of other people's Pods needs: identity, owner, where it runs and how it is. */
const projectPod = ({ apiVersion, kind, metadata, spec, status }: LiveObject): LiveObject => {
  const { managedFields: _, annotations: _notes, ...rest } = metadata;
  return {
    apiVersion,
    kind,
    metadata: rest,
    spec: { nodeName: spec?.['nodeName'] },
    status: { phase: status?.['phase'], podIP: status?.['podIP'] },
  };
};

const main = async (): Promise<void> => {
  const { kubeconfig, projected } = JSON.parse(process.argv[2] ?? '') as { kubeconfig: string; projected: boolean };
  const client = await connect({ kubeconfig });
  const caches = new WatchedCaches({ client, clock: systemClock, random: systemRandom, isNamespaced: () => true });
  caches.add({ type: POD, ...(projected ? { project: projectPod } : {}) });
  const before = heapMb();
  const stalled = stallWatch();
  const began = performance.now();
  caches.start();
  while (!caches.synced) await new Promise((resolve) => setTimeout(resolve, 1));
  const ms = performance.now() - began;
  const stall = stalled();
  const kept = heapMb() - before;
  tell({ ms, stall, kept, peak: peakMb(), objects: caches.list(POD).length });
};

void main();
