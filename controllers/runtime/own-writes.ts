import type { LiveObject, ObjectRef, Uid } from '../../lib/base/kube-object';
import { refOf, refString } from '../../lib/base/kube-object';
import type { KindCache } from './cache';
import type { Clock } from './clock';
import { compareVersions, isAtLeast } from './resource-version';

/** What own-writes needs of the caches. */
export interface CacheLookup {
  /** The cache of a kind; `undefined` when the kind is not cached: writes to it are not waited for. */
  cacheOf(ref: Pick<ObjectRef, 'apiVersion' | 'kind'>): KindCache | undefined;
  /** From the API server. */
  fetch(ref: ObjectRef): Promise<LiveObject | undefined>;
}

export interface OwnWritesOptions {
  readonly caches: CacheLookup;
  readonly clock: Clock;
  /** After this time without the watch telling it, the object is read and put into the cache. Default 10 s. */
  readonly patienceMs?: number;
}

interface Write {
  readonly ref: ObjectRef;
  readonly uid: Uid;
  /** Absent: a deletion. */
  readonly resourceVersion?: string;
  readonly at: number;
}

/**
 * Remembers what was written on behalf of whom until the cache shows it, so that no round decides on a picture
 * older than its own effects (it would make the same child twice, or undo itself).
 * `writer` is who must wait: `<reconciler>/<namespace>/<name>`, or any other stable text.
 */
export class OwnWrites {
  private readonly writes = new Map<string, Map<string, Write>>();
  private readonly patienceMs: number;

  constructor(private readonly options: OwnWritesOptions) {
    this.patienceMs = options.patienceMs ?? 10_000;
  }

  /** After a write (not a dry run): `result` is what the API server answered. Kinds and namespaces that are not watched are ignored. */
  wrote(writer: string, result: LiveObject): void {
    const { uid, resourceVersion } = result.metadata;
    // A version that is not a number can't be compared: better to act on the cache than never to act.
    if (compareVersions(resourceVersion, resourceVersion) === undefined) return;
    this.remember(writer, { ref: refOf(result), uid, resourceVersion, at: this.options.clock.now() });
  }

  /** After a deletion, also one that found nothing: the cache still shows `object` and must stop doing so. */
  deleted(writer: string, object: LiveObject): void {
    this.remember(writer, { ref: refOf(object), uid: object.metadata.uid, at: this.options.clock.now() });
  }

  /** The writes of `writer` that the cache doesn't show yet, as `Kind/namespace/name`. Forgets the others. */
  pending(writer: string): readonly string[] {
    const writes = this.writes.get(writer);
    if (writes === undefined) return [];
    for (const [key, write] of writes) if (this.shown(write)) writes.delete(key);
    if (writes.size === 0) this.writes.delete(writer);
    return [...writes.keys()];
  }

  /** Whether the cache is older than the writes of `writer`. */
  isStale(writer: string): boolean {
    return this.pending(writer).length > 0;
  }

  /**
   * Whether a round for `writer` may trust the cache. What the watch owed for longer than `patienceMs` is read from
   * the API server and put into the cache. Rejects as `fetch` does.
   */
  async caughtUp(writer: string): Promise<boolean> {
    if (!this.isStale(writer)) return true;
    const due = this.options.clock.now() - this.patienceMs;
    const overdue = [...(this.writes.get(writer)?.values() ?? [])].filter((write) => write.at <= due);
    for (const write of overdue) {
      this.options.caches.cacheOf(write.ref)?.refresh(write.ref, await this.options.caches.fetch(write.ref));
      this.settle(writer, write);
    }
    return !this.isStale(writer);
  }

  /** Forgets all writes of `writer`: it is gone, or another process leads now. */
  forget(writer: string): void {
    this.writes.delete(writer);
  }

  private remember(writer: string, write: Write): void {
    if (this.options.caches.cacheOf(write.ref)?.covers(write.ref.namespace) !== true) return;
    const writes = this.writes.get(writer) ?? new Map<string, Write>();
    writes.set(refString(write.ref), write);
    this.writes.set(writer, writes);
  }

  /** Forgets `write`, unless a newer one to the same object has come meanwhile. */
  private settle(writer: string, write: Write): void {
    const writes = this.writes.get(writer);
    const key = refString(write.ref);
    if (writes?.get(key) === write) writes.delete(key);
  }

  private shown(write: Write): boolean {
    const cache = this.options.caches.cacheOf(write.ref);
    if (cache === undefined) return true;
    const held = cache.get(write.ref);
    if (write.resourceVersion === undefined) return isGone(held, write.uid);
    const known = cache.version(write.ref.namespace);
    // The version of the whole watch counts too: what we wrote may have been deleted before the cache ever showed it.
    return (
      (held !== undefined && isAtLeast(held.metadata.resourceVersion, write.resourceVersion)) ||
      (known !== undefined && isAtLeast(known, write.resourceVersion))
    );
  }
}

const isGone = (held: LiveObject | undefined, uid: Uid): boolean =>
  held === undefined || held.metadata.uid !== uid || held.metadata.deletionTimestamp !== undefined;
