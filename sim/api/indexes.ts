/** What the simulated controllers look up again and again, kept up to date write by write. */
import type { LiveObject } from '../../lib/base/kube-object';
import type { Store, StoreEvent } from './store';

type Bucket = Map<string, LiveObject>;

export class Indexes {
  private readonly dependents = new Map<string, Bucket>();
  private readonly podsOn = new Map<string, Bucket>();

  constructor(store: Store) {
    store.subscribe((event) => this.take(event));
  }

  /** Objects that name this owner, in the order in which they came to. */
  dependentsOf(uid: string): readonly LiveObject[] {
    return [...(this.dependents.get(uid)?.values() ?? [])];
  }

  /** Pods that are bound to a node. */
  podsOnNode(name: string): readonly LiveObject[] {
    return [...(this.podsOn.get(name)?.values() ?? [])];
  }

  private take(event: StoreEvent): void {
    const { object, previous } = event;
    const gone = event.type === 'DELETED';
    move(this.dependents, ownersOf(previous), gone ? [] : ownersOf(object), object);
    if (object.kind === 'Pod') move(this.podsOn, nodeOf(previous), gone ? [] : nodeOf(object), object);
  }
}

const ownersOf = (object: LiveObject | undefined): readonly string[] =>
  object?.metadata.ownerReferences?.map((each) => each.uid) ?? [];

const nodeOf = (pod: LiveObject | undefined): readonly string[] =>
  typeof pod?.spec?.nodeName === 'string' ? [pod.spec.nodeName] : [];

const move = (index: Map<string, Bucket>, from: readonly string[], to: readonly string[], object: LiveObject): void => {
  for (const key of from) if (!to.includes(key)) index.get(key)?.delete(object.metadata.uid);
  for (const key of to) {
    const bucket = index.get(key) ?? new Map<string, LiveObject>();
    bucket.set(object.metadata.uid, object);
    index.set(key, bucket);
  }
};
