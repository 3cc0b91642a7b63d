/** Server-side apply of a Pod again and again, over TLS, by our client. */
import { connect } from '../../controllers/kube/connect';
import { applyRun } from '../apply-run';
import { podManifest } from '../workload';
import type { Manifest } from '../../lib/base/kube-object';

const main = async (): Promise<void> => {
  const { kubeconfig, ...run } = JSON.parse(process.argv[2] ?? '') as {
    kubeconfig: string;
    calls: number;
    concurrency: number;
  };
  const client = await connect({ kubeconfig });
  const manifest = podManifest(0) as unknown as Manifest;
  await applyRun(run, () => client.apply(manifest, { fieldManager: 'weka-operator', force: true }));
};

void main();
