/**
 * Storage: objects by kind under one counter of versions, and the recent past of each kind for watches. Knows nothing
 * of validation or deletion. Stored objects are immutable: a change puts a new object.
 */
import type { LiveObject, ObjectKey, TypeMeta } from '../../lib/base/kube-object';
import { keyString } from '../../lib/base/kube-object';
import { kindKey } from './kinds';

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** For DELETED: its last state, with the version of the deletion. */
  readonly object: LiveObject;
  /** What was stored before; absent for ADDED. */
  readonly previous: LiveObject | undefined;
  readonly version: number;
}

interface Shelf {
  readonly objects: Map<string, LiveObject>;
  /** Keys in the order of a list; rebuilt after a key came or went. */
  sorted: readonly string[] | undefined;
  events: StoreEvent[];
  /** Events up to this version are forgotten. */
  oldest: number;
  readonly listeners: Listener[];
}

type Listener = (event: StoreEvent) => void;

export interface StoreOptions {
  /** Events a kind remembers for watches. Default 2000. */
  readonly historyLimit?: number;
  /** Freezes what is stored, deeply: a caller that changes an object it was given fails at once. For tests. */
  readonly freeze?: boolean;
}

export class Store {
  private readonly shelves = new Map<string, Shelf>();
  private readonly listeners: Listener[] = [];
  private readonly byUid = new Map<string, LiveObject>();
  private counter = 1;

  constructor(private readonly options: StoreOptions = {}) {}

  /** The version of the last write. */
  get version(): number {
    return this.counter;
  }

  get(type: TypeMeta, key: ObjectKey): LiveObject | undefined {
    return this.shelves.get(kindKey(type))?.objects.get(keyString(key));
  }

  /** Of any kind. */
  getByUid(uid: string): LiveObject | undefined {
    return this.byUid.get(uid);
  }

  /** Everything there is, of every kind. */
  all(): readonly LiveObject[] {
    return [...this.byUid.values()];
  }

  /** All objects of a kind, by namespace and name. */
  list(type: TypeMeta): readonly LiveObject[] {
    const shelf = this.shelf(type);
    shelf.sorted ??= [...shelf.objects.keys()].sort();
    return shelf.sorted.map((key) => shelf.objects.get(key) as LiveObject);
  }

  /** Stores under the next version, which the result carries. */
  put(object: LiveObject): LiveObject {
    const shelf = this.shelf(object);
    const key = keyString(object.metadata);
    const previous = shelf.objects.get(key);
    const stored = this.stamp(object);
    shelf.objects.set(key, stored);
    this.byUid.set(stored.metadata.uid, stored);
    if (previous === undefined) shelf.sorted = undefined;
    this.record(shelf, {
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      object: stored,
      previous,
      version: this.counter,
    });
    return stored;
  }

  remove(object: LiveObject): LiveObject {
    const shelf = this.shelf(object);
    const key = keyString(object.metadata);
    const previous = shelf.objects.get(key);
    const last = this.stamp(object);
    shelf.objects.delete(key);
    this.byUid.delete(object.metadata.uid);
    shelf.sorted = undefined;
    this.record(shelf, { type: 'DELETED', object: last, previous, version: this.counter });
    return last;
  }

  /** Events of a kind after `version`; `undefined` when they are no longer all remembered. */
  since(type: TypeMeta, version: number): readonly StoreEvent[] | undefined {
    const shelf = this.shelf(type);
    if (version < shelf.oldest) return undefined;
    return shelf.events.filter((event) => event.version > version);
  }

  /** The version before which the past of a kind is forgotten. */
  oldest(type: TypeMeta): number {
    return this.shelf(type).oldest;
  }

  /** Forgets the past up to now: watches that start from an older version get 410. */
  compact(): void {
    for (const shelf of this.shelves.values()) {
      shelf.events = [];
      shelf.oldest = this.counter;
    }
  }

  /** Calls `listener` synchronously after each write, of one kind or of all; the result ends that. */
  subscribe(listener: Listener, type?: TypeMeta): () => void {
    const listeners = type === undefined ? this.listeners : this.shelf(type).listeners;
    listeners.push(listener);
    return () => {
      const at = listeners.indexOf(listener);
      if (at >= 0) listeners.splice(at, 1);
    };
  }

  private shelf(type: TypeMeta): Shelf {
    const key = kindKey(type);
    let shelf = this.shelves.get(key);
    if (shelf === undefined) {
      shelf = { objects: new Map(), sorted: undefined, events: [], oldest: 0, listeners: [] };
      this.shelves.set(key, shelf);
    }
    return shelf;
  }

  private stamp(object: LiveObject): LiveObject {
    this.counter++;
    const stamped = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.counter) } };
    return this.options.freeze === true ? deepFreeze(stamped) : stamped;
  }

  private record(shelf: Shelf, event: StoreEvent): void {
    shelf.events.push(event);
    const limit = this.options.historyLimit ?? 2000;
    if (shelf.events.length > 2 * limit) {
      shelf.events = shelf.events.slice(-limit);
      shelf.oldest = (shelf.events[0] as StoreEvent).version - 1;
    }
    for (const listener of [...this.listeners, ...shelf.listeners]) listener(event);
  }
}

const deepFreeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
};
