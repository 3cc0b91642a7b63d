/** The same by the informer of client-node. */
import { heapMb, peakMb, stallWatch, tell } from '../probe';

const main = async (): Promise<void> => {
  const { kubeconfig } = JSON.parse(process.argv[2] ?? '') as { kubeconfig: string };
  const { CoreV1Api, KubeConfig, makeInformer } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  const informer = makeInformer(config, '/api/v1/pods', () => api.listPodForAllNamespaces());
  const before = heapMb();
  const stalled = stallWatch();
  const began = performance.now();
  await informer.start();
  const ms = performance.now() - began;
  // The loop is held to the end of start: the timer must have its turn once more.
  await new Promise((resolve) => setTimeout(resolve, 10));
  const stall = stalled();
  const kept = heapMb() - before;
  tell({ ms, stall, kept, peak: peakMb(), objects: informer.list().length });
};

void main();
