/** The same by client-node's KubernetesObjectApi. */
import { applyRun } from '../apply-run';
import { podManifest } from '../workload';

const main = async (): Promise<void> => {
  const { kubeconfig, ...run } = JSON.parse(process.argv[2] ?? '') as {
    kubeconfig: string;
    calls: number;
    concurrency: number;
  };
  const { KubeConfig, KubernetesObjectApi, PatchStrategy } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = KubernetesObjectApi.makeApiClient(config);
  const manifest = podManifest(0);
  const apply = () => api.patch(manifest, undefined, undefined, 'weka-operator', true, PatchStrategy.ServerSideApply);
  await applyRun(run, apply);
};

void main();
