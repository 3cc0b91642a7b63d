import type { OperatorError } from '../../lib/base/errors';
import { asOperatorError } from '../../lib/base/errors';
import type { LiveObject, ObjectKey, TypeMeta, Uid } from '../../lib/base/kube-object';
import { keyString } from '../../lib/base/kube-object';
import { isOlder } from './resource-version';

/** A change of the cache. Told after the cache holds it. */
export interface CacheEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** As the cache keeps it (projected); for DELETED its last state. */
  readonly object: LiveObject;
  /** What the cache held before; only for MODIFIED. */
  readonly old?: LiveObject;
}

export type CacheListener = (event: CacheEvent) => void;

/** Where a watcher puts what it learns of one scope: all namespaces, or one. Nothing here throws. */
export interface WatchSink {
  /** A list begins: what is not seen until `listed` is gone. Called again when the list starts over. */
  listing(): void;
  /** An object of the list. Always taken over: a list is the truth, even when versions went backwards. */
  seen(object: LiveObject): void;
  /** The list is complete at `resourceVersion`; from now on the scope is synced. */
  listed(resourceVersion: string): void;
  /** A watched change. States older than the one held are ignored. */
  changed(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: LiveObject): void;
  /** Nothing else happened up to `resourceVersion`. */
  progressed(resourceVersion: string): void;
}

export interface KindCacheOptions {
  /** What is kept of an object. Default: everything. */
  readonly project?: (object: LiveObject) => LiveObject;
  /** Told what listeners and `project` throw, as `Internal` errors; the cache goes on. */
  readonly onError?: (error: OperatorError) => void;
}

/** The objects of one kind, as far as they are watched, by key and by owner. */
export class KindCache {
  private readonly objects = new Map<string, LiveObject>();
  private readonly owned = new Map<Uid, Set<string>>();
  private readonly listeners = new Set<CacheListener>();
  private readonly scopes = new Map<string, Scope>();
  private sorted: readonly string[] | undefined;
  /** Lists by namespace ('': all), as long as nothing changes: whoever works something out of one may keep it by the list. */
  private readonly lists = new Map<string, readonly LiveObject[]>();

  constructor(
    readonly type: TypeMeta,
    private readonly options: KindCacheOptions = {},
  ) {}

  /** Whether every scope was listed once. A cache without a scope is not synced. */
  get synced(): boolean {
    return this.scopes.size > 0 && [...this.scopes.values()].every((scope) => scope.version !== undefined);
  }

  /** Objects held. */
  get size(): number {
    return this.objects.size;
  }

  /** The object, or `undefined` when the cache doesn't have it. */
  get(key: ObjectKey): LiveObject | undefined {
    return this.objects.get(keyString(key));
  }

  /** All objects, or those of one namespace, sorted by namespace and name; the same list until something changes. */
  list(namespace?: string): readonly LiveObject[] {
    const known = this.lists.get(namespace ?? '') ?? this.listed(namespace);
    this.lists.set(namespace ?? '', known);
    return known;
  }

  private listed(namespace: string | undefined): readonly LiveObject[] {
    if (namespace !== undefined) return this.list().filter((object) => object.metadata.namespace === namespace);
    this.sorted ??= [...this.objects.entries()].sort(([, a], [, b]) => byNamespaceAndName(a, b)).map(([key]) => key);
    return this.sorted.map((key) => this.objects.get(key) as LiveObject);
  }

  /** The objects whose controller is `owner`, sorted by namespace and name. */
  ownedBy(owner: Uid): readonly LiveObject[] {
    const keys = [...(this.owned.get(owner) ?? [])];
    return keys.map((key) => this.objects.get(key) as LiveObject).sort(byNamespaceAndName);
  }

  /** Up to which version the cache knows `namespace`; `undefined` when it isn't watched or not yet listed. */
  version(namespace?: string): string | undefined {
    return (this.scopes.get(namespace ?? '') ?? this.scopes.get(''))?.version;
  }

  /** Whether changes in `namespace` (absent: of cluster-scoped objects) reach this cache. */
  covers(namespace?: string): boolean {
    return this.scopes.has('') || this.scopes.has(namespace ?? '');
  }

  /** Tells every later change to `listener`; the result ends that. */
  subscribe(listener: CacheListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The entrance for the watcher of `namespace`, or of all namespaces. From now on `synced` waits for it. */
  scope(namespace?: string): WatchSink {
    const scope: Scope = { version: undefined };
    this.scopes.set(namespace ?? '', scope);
    let unseen = new Set<string>();
    return {
      listing: () => {
        unseen = new Set(this.keysOf(namespace));
      },
      seen: (object) => {
        unseen.delete(keyString(object.metadata));
        this.store(object, 'always');
      },
      listed: (resourceVersion) => {
        for (const key of unseen) this.drop(key);
        unseen = new Set();
        scope.version = resourceVersion;
      },
      changed: (type, object) => {
        if (type === 'DELETED') this.remove(object);
        else this.store(object, 'newer');
        advance(scope, object.metadata.resourceVersion);
      },
      progressed: (resourceVersion) => {
        advance(scope, resourceVersion);
      },
    };
  }

  /** What a read of one object said (`undefined`: it is gone): for when the watch lags behind our own writes. */
  refresh(key: ObjectKey, object: LiveObject | undefined): void {
    if (object === undefined) this.drop(keyString(key));
    else this.store(object, 'newer');
  }

  private keysOf(namespace: string | undefined): string[] {
    if (namespace === undefined) return [...this.objects.keys()];
    return [...this.objects].filter(([, object]) => object.metadata.namespace === namespace).map(([key]) => key);
  }

  private store(object: LiveObject, when: 'always' | 'newer'): void {
    const key = keyString(object.metadata);
    const old = this.objects.get(key);
    const same = old !== undefined && old.metadata.uid === object.metadata.uid;
    if (old !== undefined && when === 'newer' && isOlder(object.metadata.resourceVersion, old.metadata.resourceVersion))
      return;
    if (same && old.metadata.resourceVersion === object.metadata.resourceVersion) return;
    // The name was deleted and made again while nobody looked: both must be told, or what belonged to the first is never cleaned up.
    if (old !== undefined && !same) this.drop(key);
    const kept = this.projected(object);
    if (same) unindex(this.owned, controllerOf(old), key);
    else this.sorted = undefined;
    this.lists.clear();
    this.objects.set(key, kept);
    index(this.owned, controllerOf(kept), key);
    this.tell(same ? { type: 'MODIFIED', object: kept, old } : { type: 'ADDED', object: kept });
  }

  /** A DELETED event. One of an earlier bearer of the name, or older than what is held, says nothing about the present one. */
  private remove(object: LiveObject): void {
    const key = keyString(object.metadata);
    const held = this.objects.get(key);
    if (held !== undefined && held.metadata.uid === object.metadata.uid) this.drop(key, this.projected(object));
  }

  private drop(key: string, last = this.objects.get(key)): void {
    const held = this.objects.get(key);
    if (held === undefined || last === undefined) return;
    unindex(this.owned, controllerOf(held), key);
    this.lists.clear();
    this.objects.delete(key);
    this.sorted = undefined;
    this.tell({ type: 'DELETED', object: last });
  }

  private projected(object: LiveObject): LiveObject {
    try {
      return this.options.project?.(object) ?? object;
    } catch (thrown) {
      this.options.onError?.(asOperatorError(thrown));
      return object;
    }
  }

  private tell(event: CacheEvent): void {
    for (const listener of this.listeners) {
      try {
        listener(event);
      } catch (thrown) {
        this.options.onError?.(asOperatorError(thrown));
      }
    }
  }
}

interface Scope {
  version: string | undefined;
}

const advance = (scope: Scope, to: string): void => {
  if (scope.version === undefined || !isOlder(to, scope.version)) scope.version = to;
};

const controllerOf = (object: LiveObject): Uid | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;

const index = (map: Map<Uid, Set<string>>, owner: Uid | undefined, key: string): void => {
  if (owner === undefined) return;
  const keys = map.get(owner) ?? new Set<string>();
  keys.add(key);
  map.set(owner, keys);
};

const unindex = (map: Map<Uid, Set<string>>, owner: Uid | undefined, key: string): void => {
  const keys = owner === undefined ? undefined : map.get(owner);
  if (owner === undefined || keys === undefined) return;
  keys.delete(key);
  if (keys.size === 0) map.delete(owner);
};

const byNamespaceAndName = (a: LiveObject, b: LiveObject): number =>
  order(a.metadata.namespace ?? '', b.metadata.namespace ?? '') || order(a.metadata.name, b.metadata.name);

const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
