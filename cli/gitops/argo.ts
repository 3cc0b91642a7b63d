import type { KubeObject } from '../../lib/base/kube-object';

const WAVE = 'argocd.argoproj.io/sync-wave';
const OPTIONS = 'argocd.argoproj.io/sync-options';
const IGNORE_HEALTH = 'argocd.argoproj.io/ignore-healthcheck';

/** What Argo CD is told about a kind. Waves: what others need comes first; the operator before what it operates. */
const BY_KIND: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Namespace: { [WAVE]: '-4' },
  ExternalSecret: { [WAVE]: '-4' },
  SealedSecret: { [WAVE]: '-4' },
  // Losing a CRD deletes every cluster: it is never pruned. Server-side: it is too big for the annotation of client-side apply.
  CustomResourceDefinition: { [WAVE]: '-3', [OPTIONS]: 'ServerSideApply=true,Prune=false' },
  ServiceAccount: { [WAVE]: '-2' },
  ClusterRole: { [WAVE]: '-2' },
  ClusterRoleBinding: { [WAVE]: '-2' },
  Role: { [WAVE]: '-2' },
  RoleBinding: { [WAVE]: '-2' },
  Deployment: { [WAVE]: '-1' },
  WekaPolicy: { [WAVE]: '0', [OPTIONS]: 'SkipDryRunOnMissingResource=true' },
  // Data: a person confirms before a cluster goes.
  WekaCluster: { [WAVE]: '1', [OPTIONS]: 'SkipDryRunOnMissingResource=true,Prune=confirm,Delete=confirm' },
  WekaContainer: { [WAVE]: '1', [OPTIONS]: 'SkipDryRunOnMissingResource=true' },
  WekaClient: { [WAVE]: '2', [OPTIONS]: 'SkipDryRunOnMissingResource=true' },
  WekaManualOperation: { [WAVE]: '2', [OPTIONS]: 'SkipDryRunOnMissingResource=true', [IGNORE_HEALTH]: 'true' },
};

/** `object` with the annotations that Argo CD reads; what the user wrote stays. */
export const withArgoAnnotations = (object: KubeObject): KubeObject => {
  const added = BY_KIND[object.kind];
  if (added === undefined) return object;
  return { ...object, metadata: { ...object.metadata, annotations: { ...added, ...object.metadata.annotations } } };
};
