/**
 * A cdk8s app of your own: three tenants, each with a client fleet, from one list. `npx cdk8s synth --app "npx tsx
 * examples/gitops-app/main.ts"` writes one file an object into dist/; commit those, and let Argo CD or Flux apply them.
 *
 * Names are given, never generated: cdk8s would put a hash of the construct's path into them, and moving a line of code
 * would then delete one object and make another. For a storage cluster that is the loss of its data.
 */
import { App, Chart, YamlOutputType } from 'cdk8s';
import type { Construct } from 'constructs';
import { WekaClient } from '../../imports/weka-client-weka.weka.io';
import { WekaCluster } from '../../imports/weka-cluster-weka.weka.io';

const IMAGE = 'registry.example.com/weka-in-container:4.4.5.118-k8s.4';
const NETWORK = { deviceSubnets: ['10.100.0.0/16'] };

/** What differs between tenants. */
interface Tenant {
  readonly name: string;
  /** Value of the node label `example.com/tenant`. */
  readonly nodes: string;
  /** Cores of each node that its client takes. */
  readonly cores: number;
}

const TENANTS: readonly Tenant[] = [
  { name: 'analytics', nodes: 'analytics', cores: 2 },
  { name: 'training', nodes: 'gpu', cores: 4 },
  { name: 'web', nodes: 'web', cores: 1 },
];

/** One storage cluster and a client fleet for every tenant. */
class Storage extends Chart {
  constructor(scope: Construct, namespace: string) {
    super(scope, 'storage', { namespace, disableResourceNameHashes: true });
    new WekaCluster(this, 'cluster', {
      metadata: { name: 'shared' },
      spec: {
        template: 'dynamic',
        image: IMAGE,
        nodeSelector: { 'weka.io/supports-backends': 'true' },
        dynamicTemplate: { computeContainers: 6, driveContainers: 6, numDrives: 2 },
        stripeWidth: 3,
        redundancyLevel: 2,
        hotSpare: 1,
        network: NETWORK,
      },
    });
    for (const tenant of TENANTS) this.addClients(tenant, namespace);
  }

  private addClients({ name, nodes, cores }: Tenant, namespace: string): void {
    new WekaClient(this, `clients-${name}`, {
      metadata: { name: `clients-${name}` },
      spec: {
        image: IMAGE,
        targetCluster: { name: 'shared', namespace },
        nodeSelector: { 'example.com/tenant': nodes },
        coresNum: cores,
        network: NETWORK,
      },
    });
  }
}

/** The app; `outdir` for tests. */
export const gitopsApp = (outdir?: string): App => {
  const app = new App({
    yamlOutputType: YamlOutputType.FILE_PER_RESOURCE,
    ...(outdir === undefined ? {} : { outdir }),
  });
  new Storage(app, 'storage');
  return app;
};

if (require.main === module) gitopsApp().synth();
