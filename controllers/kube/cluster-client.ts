import type { JsonValue } from '../../lib/base/json';
import type { LiveObject, Manifest, ObjectRef, TypeMeta, Uid } from '../../lib/base/kube-object';

/**
 * The cluster, as everything above it sees it. Two adapters: controllers/kube/rest-client.ts (a real API server)
 * and sim/ (in memory). One contract suite runs on both.
 *
 * Every call rejects with an ApiError (api-error.ts) and nothing else, except for an AbortError of the given signal.
 * Objects are raw JSON, nothing dropped, nothing converted; callers never change an object they were given.
 */
export interface ClusterClient {
  /** One object, read from storage; `undefined` when it does not exist (and only then). */
  get(ref: ObjectRef, options?: CallOptions): Promise<LiveObject | undefined>;

  /** All objects of a kind, in pages that are handed to `onPage` as they arrive, so that no list is held twice. */
  list(kind: TypeMeta, options: ListOptions): Promise<ListResult>;

  /**
   * Changes after `resourceVersion`, one by one and in order, until the server ends the stream (resolves) or it fails
   * (rejects; reason `Expired` or `Gone`: list again). `onEvent` is synchronous; what it throws rejects the call.
   */
  watch(kind: TypeMeta, options: WatchOptions): Promise<void>;

  /** Server-side apply. Creates the object when it is missing, unless `uid` is given: then Conflict when it is another. */
  apply(manifest: Manifest, options: ApplyOptions): Promise<LiveObject>;

  /** Creates; AlreadyExists when the name is taken. For Events and Leases; children are created by apply. */
  create(manifest: Manifest, options?: WriteOptions): Promise<LiveObject>;

  /** Replaces the whole object; Conflict unless metadata.resourceVersion is the stored one. For Leases. */
  replace(manifest: Manifest, options?: WriteOptions): Promise<LiveObject>;

  /** JSON merge patch of the object or a subresource. For finalizers and labels of objects we don't own (nodes). */
  patch(ref: ObjectRef, patch: JsonValue, options?: PatchOptions): Promise<LiveObject>;

  /** Deletes under the preconditions given. `gone`: it was not there; Conflict: uid or resourceVersion differ. */
  delete(ref: ObjectRef, options: DeleteOptions): Promise<'deleted' | 'gone'>;
}

export interface CallOptions {
  /** Gives the call up; it rejects with the signal's reason. A write given up may or may not have taken effect. */
  readonly signal?: AbortSignal;
}

export interface Selection {
  /** Only this namespace; absent: all. */
  readonly namespace?: string;
  /** As in the API: `a=b,c in (d,e),!f`. */
  readonly labelSelector?: string;
  /** As in the API: `spec.nodeName=a,metadata.name!=b`. */
  readonly fieldSelector?: string;
}

export interface ListOptions extends CallOptions, Selection {
  /** Objects a page. Default 500. */
  readonly pageSize?: number;
  /** Called once a page, in order, synchronously. */
  readonly onPage: (objects: readonly LiveObject[]) => void;
  /**
   * The server forgot where the list was, and it begins again: forget the pages that came, and expect all of them anew.
   * Without it such a list rejects (reason `Expired`).
   */
  readonly onRestart?: () => void;
}

export interface ListResult {
  /** The version of the whole list: where a watch continues. */
  readonly resourceVersion: string;
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: LiveObject }
  /** Nothing changed up to here: where a watch may continue. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface WatchOptions extends CallOptions, Selection {
  readonly resourceVersion: string;
  /** After this time the server ends the stream. */
  readonly timeoutSeconds: number;
  /** Without a byte for this long the stream counts as dead and the call rejects with ApiTimeout. */
  readonly idleSeconds: number;
  /** The server has accepted the watch; before any event. */
  readonly onOpen?: () => void;
  readonly onEvent: (event: WatchEvent) => void;
}

export interface WriteOptions extends CallOptions {
  /** Says the result, stores nothing. */
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Takes fields over from other managers; without it they are a Conflict. */
  readonly force: boolean;
  readonly subresource?: 'status';
  /** Only this very object: a name that was deleted and made again is a Conflict. */
  readonly uid?: Uid;
  /** Only this version of it. */
  readonly resourceVersion?: string;
}

export interface PatchOptions extends WriteOptions {
  readonly fieldManager?: string;
  readonly subresource?: 'status';
  readonly uid?: Uid;
  readonly resourceVersion?: string;
}

export interface DeleteOptions extends WriteOptions {
  /** The object we looked at. Always given: a name may by now be somebody else's. */
  readonly uid: Uid;
  readonly resourceVersion?: string;
  readonly propagation: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
}
