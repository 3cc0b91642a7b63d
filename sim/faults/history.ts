/** The past of a store: what lists showed at an earlier moment. For API servers that lag. */
import type { LiveObject, TypeMeta } from '../../lib/base/kube-object';
import { keyOf, keyString } from '../../lib/base/kube-object';
import { kindKey } from '../api/kinds';
import type { Store } from '../api/store';
import type { Moment } from '../client';
import type { SimClock } from '../clock';

interface Entry {
  readonly at: number;
  readonly version: number;
  readonly key: string;
  /** `undefined`: it was deleted. */
  readonly object: LiveObject | undefined;
}

export class History {
  private readonly entries = new Map<string, Entry[]>();
  /** Versions with the time at which each was written, oldest first. */
  private readonly versions: { readonly at: number; readonly version: number }[] = [];

  /** Remembers what `store` holds, and every change of it from now on. */
  constructor(store: Store, clock: SimClock) {
    for (const object of store.all()) this.note({ at: clock.now(), version: store.version }, object, object);
    store.subscribe(({ type, object, version }) =>
      this.note({ at: clock.now(), version }, object, type === 'DELETED' ? undefined : object),
    );
  }

  private note(when: { readonly at: number; readonly version: number }, about: LiveObject, object?: LiveObject): void {
    this.versions.push(when);
    const list = this.entries.get(kindKey(about)) ?? [];
    list.push({ ...when, key: keyString(keyOf(about)), object });
    this.entries.set(kindKey(about), list);
  }

  /** What there was of a kind at `at`; `undefined` before the first change that it remembers. */
  at(type: TypeMeta, at: number): Moment | undefined {
    const last = this.versions.findLast((each) => each.at <= at);
    if (last === undefined) return undefined;
    const found = new Map<string, LiveObject | undefined>();
    for (const { key, object, at: when } of this.entries.get(kindKey(type)) ?? [])
      if (when <= at) found.set(key, object);
    const keys = [...found.keys()].sort();
    return {
      objects: keys.map((key) => found.get(key)).filter((object) => object !== undefined),
      resourceVersion: String(last.version),
    };
  }
}
