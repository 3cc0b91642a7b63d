import type { TypeMeta } from '../../lib/base/kube-object';
import { API_VERSION } from '../../lib/api/kind';
import { KINDS } from '../../lib/api/kinds';

/** How the API server calls the objects of a kind in its paths. */
export interface Resource {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** The API's plural of a kind: lower case, English. True of every kind in the table. */
const pluralOf = (kind: string): string => {
  const name = kind.toLowerCase();
  if (name.endsWith('y')) return `${name.slice(0, -1)}ies`;
  return name.endsWith('s') ? `${name}es` : `${name}s`;
};

const table = ({
  namespaced = '',
  cluster = '',
}: {
  readonly namespaced?: string;
  readonly cluster?: string;
}): ReadonlyMap<string, Resource> => new Map([...entries(namespaced, true), ...entries(cluster, false)]);

const entries = (kinds: string, namespaced: boolean): [string, Resource][] =>
  kinds.split(' ').map((kind) => [kind, { plural: pluralOf(kind), namespaced }]);

/** What needs no discovery, by apiVersion. Everything else is looked up once. */
const TABLE: Readonly<Record<string, ReadonlyMap<string, Resource>>> = {
  v1: table({
    namespaced: 'Pod Service ConfigMap Secret ServiceAccount PersistentVolumeClaim Event',
    cluster: 'Node Namespace PersistentVolume',
  }),
  'apps/v1': table({ namespaced: 'DaemonSet Deployment StatefulSet ReplicaSet' }),
  'batch/v1': table({ namespaced: 'Job CronJob' }),
  'events.k8s.io/v1': table({ namespaced: 'Event' }),
  'coordination.k8s.io/v1': table({ namespaced: 'Lease' }),
  'policy/v1': table({ namespaced: 'PodDisruptionBudget' }),
  'networking.k8s.io/v1': table({ namespaced: 'NetworkPolicy Ingress' }),
  'discovery.k8s.io/v1': table({ namespaced: 'EndpointSlice' }),
  'rbac.authorization.k8s.io/v1': table({ namespaced: 'Role RoleBinding', cluster: 'ClusterRole ClusterRoleBinding' }),
  'apiextensions.k8s.io/v1': table({ cluster: 'CustomResourceDefinition' }),
  'admissionregistration.k8s.io/v1': table({ cluster: 'ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding' }),
  'scheduling.k8s.io/v1': table({ cluster: 'PriorityClass' }),
  'storage.k8s.io/v1': table({ cluster: 'StorageClass' }),
  'authentication.k8s.io/v1': table({ cluster: 'TokenReview' }),
  'authorization.k8s.io/v1': table({ cluster: 'SelfSubjectAccessReview' }),
  [API_VERSION]: new Map(
    KINDS.map(({ kind, plural, scope }) => [kind, { plural, namespaced: scope === 'Namespaced' }]),
  ),
};

/** The resource of a kind that needs no discovery. */
export const knownResource = (type: TypeMeta): Resource | undefined => TABLE[type.apiVersion]?.get(type.kind);

/** Whether objects of `type` live in namespaces. Kinds not in the table count as namespaced. */
export const isNamespaced = (type: TypeMeta): boolean => knownResource(type)?.namespaced ?? true;

/**
 * Resources of any kind: from the table, else from the server's discovery, asked once a group version and
 * forgotten when a path turns out to be missing.
 */
export class Resources {
  private readonly discovered = new Map<string, Promise<ReadonlyMap<string, Resource>>>();

  /** `discover` gives the `resources` of a group version; it rejects when the server has no such group version. */
  constructor(
    private readonly discover: (apiVersion: string, type: TypeMeta) => Promise<readonly DiscoveredResource[]>,
  ) {}

  /** The resource of `type`, or `undefined` when the server doesn't know the kind. */
  async of(type: TypeMeta): Promise<Resource | undefined> {
    const known = knownResource(type);
    if (known !== undefined) return known;
    const asked = this.discovered.get(type.apiVersion) ?? this.ask(type);
    return (await asked).get(type.kind);
  }

  /** The server answered that a path of `apiVersion` doesn't exist: ask again next time. */
  forget(apiVersion: string): void {
    this.discovered.delete(apiVersion);
  }

  private ask(type: TypeMeta): Promise<ReadonlyMap<string, Resource>> {
    const answer = this.discover(type.apiVersion, type).then(byKind);
    this.discovered.set(type.apiVersion, answer);
    answer.catch(() => this.forget(type.apiVersion));
    return answer;
  }
}

/** An entry of an APIResourceList. */
export interface DiscoveredResource {
  /** Plural, or `plural/subresource`. */
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const byKind = (resources: readonly DiscoveredResource[]): ReadonlyMap<string, Resource> =>
  new Map(
    resources
      .filter(({ name }) => !name.includes('/'))
      .map(({ kind, name, namespaced }) => [kind, { plural: name, namespaced }]),
  );
