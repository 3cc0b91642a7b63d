/**
 * Which kinds the server knows, and how each behaves. Custom kinds come and go with their CustomResourceDefinition.
 */
import type { JsonSchema } from '../../lib/api/json-schema';
import type { Rule } from '../../lib/api/kind';
import type { TypeMeta } from '../../lib/base/kube-object';
import { groupOf } from '../../lib/base/kube-object';

export interface ServedKind extends TypeMeta {
  readonly plural: string;
  readonly namespaced: boolean;
  /** The main endpoint ignores status, and `/status` ignores the rest. */
  readonly statusSubresource: boolean;
  /** Whether metadata.generation is kept. */
  readonly generation: boolean;
  /** An update of what isn't there makes it. */
  readonly createsOnUpdate?: boolean;
  /** An update must say which version it changes. Custom kinds: always. */
  readonly versionedUpdates?: boolean;
  /** Defined by a CRD: unknown fields, defaults and rules come from `schema`. */
  readonly custom: boolean;
  /** Schema of the whole object; a built-in kind's comes from the table of all built-in schemas. */
  readonly schema?: JsonSchema;
  /** Twins of the CEL rules in `schema`. */
  readonly rules?: readonly Rule[];
}

/** `plurals.group`, or `plurals` in the core group: how errors name a kind. */
export const resourceName = (kind: ServedKind): string => {
  const group = groupOf(kind.apiVersion);
  return group === '' ? kind.plural : `${kind.plural}.${group}`;
};

/** The key of a kind in maps. */
export const kindKey = (type: TypeMeta): string => `${type.apiVersion}/${type.kind}`;

interface Traits {
  readonly status?: boolean;
  readonly generation?: boolean;
  readonly cluster?: boolean;
  readonly createsOnUpdate?: boolean;
  readonly versionedUpdates?: boolean;
}

const builtIn = (apiVersion: string, kind: string, plural: string, traits: Traits = {}): ServedKind => ({
  apiVersion,
  kind,
  plural,
  namespaced: traits.cluster !== true,
  statusSubresource: traits.status === true,
  generation: traits.generation === true,
  ...(traits.createsOnUpdate === true ? { createsOnUpdate: true } : {}),
  ...(traits.versionedUpdates === true ? { versionedUpdates: true } : {}),
  custom: false,
});

const workload: Traits = { status: true, generation: true };
const RBAC = 'rbac.authorization.k8s.io/v1';
const ADMISSION = 'admissionregistration.k8s.io/v1';

/** The built-in kinds that the operator or its users touch. */
export const BUILT_IN_KINDS: readonly ServedKind[] = [
  builtIn('v1', 'Namespace', 'namespaces', { cluster: true, status: true }),
  builtIn('v1', 'Node', 'nodes', { cluster: true, status: true }),
  builtIn('v1', 'Pod', 'pods', workload),
  builtIn('v1', 'Service', 'services', { status: true, createsOnUpdate: true }),
  builtIn('v1', 'ConfigMap', 'configmaps'),
  builtIn('v1', 'Secret', 'secrets'),
  builtIn('v1', 'ServiceAccount', 'serviceaccounts'),
  builtIn('v1', 'Event', 'events'),
  builtIn('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', { status: true }),
  builtIn('v1', 'PersistentVolume', 'persistentvolumes', { cluster: true, status: true }),
  builtIn('apps/v1', 'DaemonSet', 'daemonsets', workload),
  builtIn('apps/v1', 'Deployment', 'deployments', workload),
  builtIn('apps/v1', 'ControllerRevision', 'controllerrevisions'),
  builtIn('batch/v1', 'Job', 'jobs', workload),
  builtIn('coordination.k8s.io/v1', 'Lease', 'leases', { createsOnUpdate: true, versionedUpdates: true }),
  builtIn('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', { generation: true }),
  builtIn('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', workload),
  builtIn('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', { cluster: true, generation: true }),
  builtIn('storage.k8s.io/v1', 'StorageClass', 'storageclasses', { cluster: true }),
  builtIn(RBAC, 'Role', 'roles'),
  builtIn(RBAC, 'RoleBinding', 'rolebindings'),
  builtIn(RBAC, 'ClusterRole', 'clusterroles', { cluster: true }),
  builtIn(RBAC, 'ClusterRoleBinding', 'clusterrolebindings', { cluster: true }),
  builtIn(ADMISSION, 'ValidatingAdmissionPolicy', 'validatingadmissionpolicies', { ...workload, cluster: true }),
  builtIn(ADMISSION, 'ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings', {
    cluster: true,
    generation: true,
  }),
  builtIn('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', {
    ...workload,
    cluster: true,
  }),
];

/** The kinds served right now. */
export class KindRegistry {
  private readonly byKey = new Map<string, ServedKind>();

  constructor(kinds: readonly ServedKind[] = BUILT_IN_KINDS) {
    for (const kind of kinds) this.add(kind);
  }

  add(kind: ServedKind): void {
    this.byKey.set(kindKey(kind), kind);
  }

  remove(type: TypeMeta): void {
    this.byKey.delete(kindKey(type));
  }

  find(type: TypeMeta): ServedKind | undefined {
    return this.byKey.get(kindKey(type));
  }

  all(): readonly ServedKind[] {
    return [...this.byKey.values()];
  }
}
