import { API_VERSION } from '../../lib/api/kind';
import type { JsonObject } from '../../lib/base/json';
import type { Manifest, ObjectRef } from '../../lib/base/kube-object';
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
const NODES = [{ name: 'n1' }, { name: 'n2', kernel: '5.15.0-91-generic' }];
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
  { ...base, name: 'elected', objects: [policy([IMAGE])], leaderElection: true, afterwardsMs: 300_000 },
];
