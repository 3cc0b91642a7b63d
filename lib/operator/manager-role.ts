import { GROUP } from '../api/kind';
import type { Manifest } from '../base/kube-object';
import { CA_CONFIG_MAP } from '../drivers/agent-access';

/** One rule of a role. */
interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Only these objects. */
  readonly resourceNames?: readonly string[];
}

const READ = ['get', 'list', 'watch'] as const;
const KINDS = ['wekaclusters', 'wekaclients', 'wekacontainers', 'wekapolicies', 'wekamanualoperations', 'wekanodes'];

/**
 * All that the manager may do in the whole cluster, and does: a test runs it as a user with this role and nothing more.
 * Server-side apply needs `patch`, and `create` where it may make the object. No Secrets, no exec.
 */
const CLUSTER_RULES: readonly PolicyRule[] = [
  { apiGroups: [GROUP], resources: KINDS, verbs: READ },
  // Finalizers of users' objects, and status of all.
  { apiGroups: [GROUP], resources: KINDS, verbs: ['patch'] },
  { apiGroups: [GROUP], resources: KINDS.map((kind) => `${kind}/status`), verbs: ['patch'] },
  { apiGroups: [GROUP], resources: ['wekacontainers', 'wekanodes'], verbs: ['create', 'delete'] },
  { apiGroups: [''], resources: ['pods', 'services'], verbs: [...READ, 'create', 'patch', 'delete'] },
  // Labels that a policy asks for; nothing else of a Node is touched.
  { apiGroups: [''], resources: ['nodes'], verbs: [...READ, 'patch'] },
  // The operator's own namespace stands for all drivers: what is made for them belongs to it.
  { apiGroups: [''], resources: ['namespaces'], verbs: READ },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  // The certificates that agents trust, in each namespace with agents. RBAC can't say which ConfigMap may be made.
  { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'patch'], resourceNames: [CA_CONFIG_MAP.name] },
  // Volume claims that a policy asks for: made once, never changed or deleted.
  { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['get', 'create', 'patch'] },
  { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: ['get'] },
  // Whose token an agent shows.
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
];

/** In the operator's namespace alone: the Lease, inventories and the package index, loaders and observers. */
const NAMESPACE_RULES: readonly PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: [...READ, 'create', 'patch', 'delete'] },
  { apiGroups: ['apps'], resources: ['daemonsets'], verbs: [...READ, 'create', 'patch', 'delete'] },
  // The installation CA. RBAC can't say which Secret may be made; no other can be read or changed.
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'update'], resourceNames: ['weka-operator-ca'] },
];

const RBAC = 'rbac.authorization.k8s.io';

/** The roles of the manager, bound to `subject`, with `namespace` as the operator's own. */
export const managerRoles = (namespace: string, subject: Readonly<Record<string, string>>): Manifest[] => {
  const name = 'weka-operator-manager';
  const bound = (kind: 'ClusterRole' | 'Role'): Record<string, unknown> => ({
    roleRef: { apiGroup: RBAC, kind, name },
    subjects: [subject],
  });
  const apiVersion = `${RBAC}/v1`;
  return [
    { apiVersion, kind: 'ClusterRole', metadata: { name }, rules: CLUSTER_RULES },
    { apiVersion, kind: 'ClusterRoleBinding', metadata: { name }, ...bound('ClusterRole') },
    { apiVersion, kind: 'Role', metadata: { name, namespace }, rules: NAMESPACE_RULES },
    { apiVersion, kind: 'RoleBinding', metadata: { name, namespace }, ...bound('Role') },
  ];
};
