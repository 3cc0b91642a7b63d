/** In which order objects are applied, and in reverse deleted: what others need comes first. Ties by namespace, then name. */
import type { ObjectRef } from '../lib/base/kube-object';

/** Apply order. A kind that isn't here comes after all of these. */
export const KIND_ORDER = [
  'Namespace',
  'CustomResourceDefinition',
  'PriorityClass',
  'StorageClass',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'NetworkPolicy',
  'Secret',
  'ConfigMap',
  'PersistentVolumeClaim',
  'Service',
  'PodDisruptionBudget',
  'DaemonSet',
  'StatefulSet',
  'Deployment',
  'Job',
  'Pod',
  'WekaNode',
  'WekaPolicy',
  'WekaCluster',
  'WekaClient',
  'WekaContainer',
  'WekaManualOperation',
] as const;

const RANK: ReadonlyMap<string, number> = new Map(KIND_ORDER.map((kind, rank) => [kind, rank]));

const rankOf = (kind: string): number => RANK.get(kind) ?? KIND_ORDER.length;
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Compares two objects in apply order. Total: 0 only for the same object. */
export const compareRefs = (a: ObjectRef, b: ObjectRef): number =>
  rankOf(a.kind) - rankOf(b.kind) ||
  byText(a.kind, b.kind) ||
  byText(a.apiVersion, b.apiVersion) ||
  byText(a.namespace ?? '', b.namespace ?? '') ||
  byText(a.name, b.name);

/** Compares two objects in the order of deletion: the reverse of applying. */
export const compareForDelete = (a: ObjectRef, b: ObjectRef): number => compareRefs(b, a);
