import { API_VERSION } from '../../lib/api/kind';
import type { JsonObject } from '../../lib/base/json';
import type { Manifest, ObjectRef } from '../../lib/base/kube-object';
import { wekaVersionOf } from '../../lib/drivers/package';
import type { Scenario } from './run-scenario';

/** A scenario without seed and faults. */
export type CampaignScenario = Omit<Scenario, 'seed' | 'faults'> & { readonly name: string };

const NAMESPACE = 'default';
const IMAGE = 'registry.example/weka:4.4.5';
const NEXT_IMAGE = 'registry.example/weka:4.4.6';
export const OPERATOR_IMAGE = 'registry.example/weka-operator:1';

const weka = (kind: string, name: string, spec: JsonObject): Manifest => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name, namespace: NAMESPACE },
  spec,
});

const policy = (images: readonly string[]): Manifest =>
  weka('WekaPolicy', 'drivers', {
    type: 'enable-local-drivers-distribution',
    image: IMAGE,
    payload: { driverDistPayload: { ensureImages: [...images] } },
  });

const ref = (kind: string, name: string, apiVersion = API_VERSION): ObjectRef => ({
  apiVersion,
  kind,
  namespace: NAMESPACE,
  name,
});

const POLICY = ref('WekaPolicy', 'drivers');
const KERNELS = [{ kernel: '6.1.0-18-amd64' }, { kernel: '5.15.0-91-generic' }] as const;
const NODES = [{ name: 'n1' }, { name: 'n2', kernel: KERNELS[1].kernel }];
const base = { nodes: NODES, operatorImage: OPERATOR_IMAGE, leaderElection: false, afterwardsMs: 1_500_000 } as const;

/** A policy as a GitOps tool applies it, beside objects of others and kinds that are not run. */
const toolsPolicy: Manifest = {
  ...policy([IMAGE]),
  metadata: {
    name: 'drivers',
    namespace: NAMESPACE,
    labels: { team: 'storage', 'argocd.argoproj.io/instance': 'app', 'app.kubernetes.io/instance': 'app' },
    annotations: { 'argocd.argoproj.io/tracking-id': 'app:x', 'meta.helm.sh/release-name': 'r' },
  },
};

const stranger: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'theirs', namespace: NAMESPACE, labels: { 'app.kubernetes.io/created-by': 'weka-operator' } },
  spec: { ports: [{ port: 80 }], selector: { app: 'theirs' } },
};

const cluster = weka('WekaCluster', 'prod', { template: 'dynamic', image: NEXT_IMAGE, dynamicTemplate: {} });

/** Where the policy serves what it has. */
const SERVICE = 'https://drivers-dist.default.svc.cluster.local:60002';
/** A registry whose package names are known. */
const REGISTRY = 'https://drivers.example';

/** Clients on all nodes. Drivers come from the policy's service, or from the registry where none is named. */
const client = (image: string, driversDistService?: string): Manifest =>
  weka('WekaClient', 'clients', {
    image,
    targetCluster: { name: 'prod', namespace: NAMESPACE },
    ...(driversDistService === undefined ? {} : { driversDistService }),
  });

const publishAll: Scenario['prepare'] = ({ registry }) => {
  for (const { kernel } of KERNELS)
    registry.publish({ wekaVersion: wekaVersionOf(IMAGE) ?? '', kernel, architecture: 'amd64' });
};

/** What is played with faults. Each ends in one state, whatever happens on the way. */
export const CAMPAIGN_SCENARIOS: readonly CampaignScenario[] = [
  { ...base, name: 'make', objects: [policy([IMAGE])] },
  {
    ...base,
    name: 'change',
    objects: [policy([IMAGE])],
    acts: [
      { at: 100_000, apply: policy([IMAGE, NEXT_IMAGE]) },
      { at: 220_000, apply: policy([NEXT_IMAGE]) },
    ],
    // What nobody needs any more is kept for a day: until then it depends on how far it had come.
    quietMs: 25 * 3_600_000,
    limitMs: 80 * 3_600_000,
  },
  { ...base, name: 'delete', objects: [policy([IMAGE])], acts: [{ at: 70_000, delete: POLICY }] },
  {
    ...base,
    name: 'replace',
    objects: [policy([IMAGE])],
    acts: [
      { at: 70_000, delete: POLICY },
      { at: 75_000, apply: policy([IMAGE]) },
    ],
  },
  {
    ...base,
    name: 'meddle',
    objects: [policy([IMAGE])],
    acts: [
      { at: 30_000, delete: ref('Pod', 'drivers-dist', 'v1') },
      { at: 60_000, delete: ref('Service', 'drivers-dist', 'v1') },
      { at: 90_000, delete: ref('WekaContainer', 'drivers-dist') },
    ],
  },
  { ...base, name: 'beside others', objects: [cluster, stranger, toolsPolicy] },
  { ...base, name: 'drivers', objects: [policy([IMAGE]), client(IMAGE, SERVICE)] },
  {
    ...base,
    name: 'drivers replaced',
    objects: [policy([IMAGE, NEXT_IMAGE]), client(IMAGE, SERVICE)],
    acts: [{ at: 200_000, apply: client(NEXT_IMAGE, SERVICE) }],
    settings: { maxUnavailable: 1 },
  },
  {
    ...base,
    name: 'drivers withdrawn',
    objects: [policy([IMAGE]), client(IMAGE, SERVICE)],
    acts: [
      { at: 180_000, delete: ref('WekaClient', 'clients') },
      { at: 220_000, delete: POLICY },
      // A driver stays loaded until the next boot, whenever that is.
      {
        at: 400_000,
        does: ({ cluster: { nodes } }) => NODES.forEach(({ name }) => nodes.reboot(name, { downMs: 20_000 })),
      },
    ],
  },
  {
    ...base,
    name: 'drivers mirrored',
    objects: [client(IMAGE)],
    settings: { registryUrl: REGISTRY },
    prepare: publishAll,
  },
  { ...base, name: 'elected', objects: [policy([IMAGE])], leaderElection: true, afterwardsMs: 300_000 },
];
