/** Removes Pods that are bound to a node that no longer exists, forty seconds after it went. */
import type { LiveObject } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import type { Indexes } from '../api/indexes';
import type { ApiServer } from '../api/server';

const USER = 'system:serviceaccount:kube-system:pod-garbage-collector';
const QUARANTINE_MS = 40_000;
const NODE = { apiVersion: 'v1', kind: 'Node' };

export class PodGarbageCollector {
  constructor(
    private readonly server: ApiServer,
    private readonly indexes: Indexes,
  ) {
    const { store, clock } = server.core;
    const later = (name: string): unknown => clock.after(QUARANTINE_MS, () => this.sweep(name));
    store.subscribe(({ type, object }) => type === 'DELETED' && later(object.metadata.name), NODE);
    store.subscribe(
      ({ type, object }) => {
        const name = object.spec?.nodeName;
        if (type === 'ADDED' && typeof name === 'string' && store.get(NODE, { name }) === undefined) later(name);
      },
      { apiVersion: 'v1', kind: 'Pod' },
    );
  }

  private sweep(name: string): void {
    if (this.server.core.store.get(NODE, { name }) !== undefined) return;
    for (const pod of this.indexes.podsOnNode(name)) this.remove(pod);
  }

  private remove(pod: LiveObject): void {
    const { uid } = pod.metadata;
    this.server.delete(refOf(pod), { user: USER, uid, propagation: 'Background', gracePeriodSeconds: 0 });
  }
}
