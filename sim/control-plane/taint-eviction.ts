/** Evicts Pods from nodes whose NoExecute taints they don't tolerate, or no longer. */
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import type { Indexes } from '../api/indexes';
import type { ApiServer } from '../api/server';
import { listOf, untolerated } from './placement';

const USER = 'system:serviceaccount:kube-system:taint-eviction-controller';
const NODE = { apiVersion: 'v1', kind: 'Node' };

export class TaintEviction {
  constructor(
    private readonly server: ApiServer,
    private readonly indexes: Indexes,
  ) {
    server.core.store.subscribe(({ type, object, previous }) => {
      if (type !== 'DELETED' && object.spec?.taints !== previous?.spec?.taints) this.review(object);
    }, NODE);
  }

  private review(node: LiveObject): void {
    if (!listOf(node.spec?.taints).some((taint) => taint.effect === 'NoExecute')) return;
    for (const pod of this.indexes.podsOnNode(node.metadata.name)) {
      const seconds = toleratedSeconds(pod, node);
      if (seconds !== undefined) this.server.core.clock.after(seconds * 1000, () => this.evict(pod.metadata.uid));
    }
  }

  /** Only when the reason still stands. */
  private evict(uid: string): void {
    const { store } = this.server.core;
    const pod = store.getByUid(uid);
    const name = pod?.spec?.nodeName;
    const node = typeof name === 'string' ? store.get(NODE, { name }) : undefined;
    if (pod === undefined || node === undefined || pod.metadata.deletionTimestamp !== undefined) return;
    if (toleratedSeconds(pod, node) === undefined) return;
    this.server.delete(refOf(pod), { user: USER, uid, propagation: 'Background' });
  }
}

/** How long the Pod may stay; `undefined`: for ever. */
const toleratedSeconds = (pod: LiveObject, node: LiveObject): number | undefined => {
  const spec = pod.spec ?? {};
  if (untolerated(spec, node, ['NoExecute']).length > 0) return 0;
  const taints = listOf(node.spec?.taints).filter((taint) => taint.effect === 'NoExecute');
  const limits = taints.map((taint) => limitOf(listOf(spec.tolerations), taint)).filter((limit) => limit !== undefined);
  return limits.length === 0 ? undefined : Math.min(...limits);
};

const limitOf = (tolerations: readonly JsonObject[], taint: JsonObject): number | undefined => {
  const matching = tolerations.filter((each) => (each.key ?? '') === '' || each.key === taint.key);
  const seconds = matching.map((each) => each.tolerationSeconds);
  return seconds.some((each) => each === undefined) ? undefined : Math.min(...seconds.map(Number));
};
