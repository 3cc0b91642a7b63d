import type { OperatorError } from '../../lib/base/errors';
import { OperatorError as Failure } from '../../lib/base/errors';
import type { LiveObject, ObjectKey, ObjectRef, TypeMeta } from '../../lib/base/kube-object';
import type { ClusterClient } from '../kube/cluster-client';
import type { KindCacheOptions } from './cache';
import { KindCache } from './cache';
import type { Clock } from './clock';
import type { CacheLookup } from './own-writes';
import type { Random } from './random';
import type { Reader, WatchedKind } from './reconciler';
import type { WatcherState, WatchTimes } from './watcher';
import { Watcher } from './watcher';

export interface WatchedCachesOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Only these namespaces, a watcher each; absent or empty: all, with one. Cluster-scoped kinds are watched whole. */
  readonly namespaces?: readonly string[];
  /** Whether a kind lives in namespaces. */
  readonly isNamespaced: (type: TypeMeta) => boolean;
  /** Told failures of watchers and what listeners and projections throw. */
  readonly onError?: (error: OperatorError, type: TypeMeta) => void;
  readonly times?: Partial<WatchTimes>;
}

/**
 * All caches of a manager with the watchers that feed them: what reconcilers read. Add kinds, subscribe
 * to their caches, start, wait for `synced`.
 */
export class WatchedCaches implements Reader, CacheLookup {
  private readonly caches = new Map<string, KindCache>();
  private readonly projections = new Map<string, WatchedKind['project']>();
  private readonly selectors = new Map<string, string | undefined>();
  private readonly namespaces = new Map<string, string | undefined>();
  private readonly watchers: Watcher[] = [];

  constructor(private readonly options: WatchedCachesOptions) {}

  /**
   * Watches a kind; the same kind again gives the same cache. Two callers with different projections both see the
   * whole object, with different label selectors or namespaces all objects. Only before `start`.
   */
  add(kind: Pick<WatchedKind, 'type' | 'project' | 'labelSelector' | 'namespace'>): KindCache {
    const { type } = kind;
    const name = nameOf(type);
    const held = this.caches.get(name);
    if (held !== undefined) {
      if (this.projections.get(name) !== kind.project) this.projections.set(name, undefined);
      if (this.selectors.get(name) !== kind.labelSelector) this.selectors.set(name, undefined);
      if (this.namespaces.get(name) !== kind.namespace) this.namespaces.set(name, undefined);
      return held;
    }
    this.projections.set(name, kind.project);
    this.selectors.set(name, kind.labelSelector);
    this.namespaces.set(name, kind.namespace);
    const cache = new KindCache(type, this.cacheOptions(type));
    this.caches.set(name, cache);
    return cache;
  }

  /** Starts all watchers. */
  start(): void {
    for (const cache of this.caches.values())
      for (const namespace of this.scopesOf(cache.type)) this.watchers.push(this.watcher(cache, namespace));
    for (const watcher of this.watchers) watcher.start();
  }

  /** Stops all watchers; resolves when no call of theirs is under way. */
  async stop(): Promise<void> {
    await Promise.all(this.watchers.map((watcher) => watcher.stop()));
  }

  /** Whether every kind was listed completely. */
  get synced(): boolean {
    return [...this.caches.values()].every((cache) => cache.synced);
  }

  /** Every watcher's state: `waitingFor` says what readiness must name. */
  states(): readonly WatcherState[] {
    return this.watchers.map((watcher) => watcher.state());
  }

  cacheOf(type: TypeMeta): KindCache | undefined {
    return this.caches.get(nameOf(type));
  }

  get(type: TypeMeta, key: ObjectKey): LiveObject | undefined {
    return this.watched(type).get(key);
  }

  list(type: TypeMeta, filter?: { readonly namespace?: string }): readonly LiveObject[] {
    return this.watched(type).list(filter?.namespace);
  }

  childrenOf(owner: LiveObject, type: TypeMeta): readonly LiveObject[] {
    return this.watched(type).ownedBy(owner.metadata.uid);
  }

  fetch(ref: ObjectRef): Promise<LiveObject | undefined> {
    return this.options.client.get(ref);
  }

  private watched(type: TypeMeta): KindCache {
    const cache = this.cacheOf(type);
    // A reconciler that reads what it never declared would see an empty cluster and delete everything.
    if (cache === undefined)
      throw new Failure('Internal', { cause: `${type.kind} of ${type.apiVersion} is read but not watched` });
    return cache;
  }

  private cacheOptions(type: TypeMeta): KindCacheOptions {
    return {
      project: (object) => this.projections.get(nameOf(type))?.(object) ?? object,
      onError: (error) => this.options.onError?.(error, type),
    };
  }

  private scopesOf(type: TypeMeta): readonly (string | undefined)[] {
    const only = this.namespaces.get(nameOf(type));
    if (only !== undefined) return [only];
    const namespaces = [...new Set(this.options.namespaces ?? [])];
    return namespaces.length === 0 || !this.options.isNamespaced(type) ? [undefined] : namespaces;
  }

  private watcher(cache: KindCache, namespace: string | undefined): Watcher {
    const { client, clock, random, times } = this.options;
    const labelSelector = this.selectors.get(nameOf(cache.type));
    return new Watcher({
      client,
      clock,
      random,
      type: cache.type,
      sink: cache.scope(namespace),
      onError: (error) => this.options.onError?.(error, cache.type),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(times === undefined ? {} : { times }),
    });
  }
}

const nameOf = (type: TypeMeta): string => `${type.apiVersion}/${type.kind}`;
