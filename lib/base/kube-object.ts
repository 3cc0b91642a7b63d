import type { JsonObject } from './json';

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]?: Name };

/** A UID given by the API server. Branded: a name can't be passed for it by mistake. */
export type Uid = Branded<string, 'Uid'>;
/** The name of a Node object. */
export type NodeName = Branded<string, 'NodeName'>;
/** A kernel release as `uname -r` prints it. */
export type KernelRelease = Branded<string, 'KernelRelease'>;

/** A kind of object as the API server names it. */
export interface TypeMeta {
  /** `group/version`, or `v1` for the core group. */
  readonly apiVersion: string;
  readonly kind: string;
}

/** Which object: enough to address it over the API. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef extends TypeMeta {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** metadata.ownerReferences[]. */
export interface OwnerReference extends TypeMeta {
  readonly name: string;
  readonly uid: Uid;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** metadata.managedFields[]: which manager applied or updated which fields. */
export interface ManagedFieldsEntry {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly fieldsType?: string;
  readonly fieldsV1: JsonObject;
  readonly subresource?: string;
  readonly time?: string;
}

/** Object metadata. In a manifest only what we want is set; in a live object the server's fields are too. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  uid?: Uid;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  managedFields?: ManagedFieldsEntry[];
  generateName?: string;
}

/** Any Kubernetes object: a manifest we want, or a live object we read. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: JsonObject;
  status?: JsonObject;
  [key: string]: unknown;
}

/** An object we want: identity and intent, nothing that the server sets. */
export type Manifest = KubeObject;

/** An object as the API server returned it. */
export interface LiveObject extends KubeObject {
  metadata: ObjectMeta & { uid: Uid; resourceVersion: string };
}

/** A namespaced name, the unit of reconciling. */
export interface ObjectKey {
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** The identity of `object`. */
export const refOf = ({ apiVersion, kind, metadata: { namespace, name } }: KubeObject): ObjectRef =>
  namespace === undefined ? { apiVersion, kind, name } : { apiVersion, kind, namespace, name };

/** The key of `object`. */
export const keyOf = ({ metadata: { namespace, name } }: KubeObject): ObjectKey =>
  namespace === undefined ? { name } : { namespace, name };

/** `namespace/name`, or `name` for cluster-scoped objects: for maps, logs and queues. */
export const keyString = (key: ObjectKey): string =>
  key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;

/** The reverse of keyString. */
export const parseKey = (text: string): ObjectKey => {
  const slash = text.indexOf('/');
  return slash < 0 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
};

/** `Kind/namespace/name`: how an object is called in logs, events, plans and errors. */
export const refString = (ref: ObjectRef): string => `${ref.kind}/${keyString(ref)}`;

/** The API group of `apiVersion`; empty for the core group. */
export const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
