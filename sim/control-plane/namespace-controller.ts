/** Empties a namespace that is being deleted, then lets it go. */
import type { LiveObject } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import type { ApiServer } from '../api/server';
import { Agenda } from './agenda';

const USER = 'system:serviceaccount:kube-system:namespace-controller';
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' };

export class NamespaceController {
  private readonly agenda: Agenda;
  private readonly terminating = new Set<string>();

  constructor(private readonly server: ApiServer) {
    this.agenda = new Agenda(server.core.clock, (name) => this.look(name));
    server.core.store.subscribe(({ type, object }) => {
      const { name, namespace = '', deletionTimestamp } = object.metadata;
      if (object.kind === 'Namespace' && type === 'DELETED') this.terminating.delete(name);
      else if (object.kind === 'Namespace' && deletionTimestamp !== undefined) {
        this.terminating.add(name);
        this.agenda.add(name);
      } else if (type === 'DELETED' && this.terminating.has(namespace)) this.agenda.add(namespace);
    });
  }

  private look(name: string): void {
    const namespace = this.server.core.store.get(NAMESPACE, { name });
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    const left = this.contentOf(name);
    for (const object of left) {
      if (object.metadata.deletionTimestamp !== undefined) continue;
      this.server.delete(refOf(object), { user: USER, uid: object.metadata.uid, propagation: 'Background' });
    }
    if (this.contentOf(name).length > 0) return;
    this.server.patch(
      { ...NAMESPACE, name },
      { spec: { finalizers: [] } },
      { user: USER, manager: 'kube-controller-manager' },
    );
  }

  private contentOf(name: string): LiveObject[] {
    const { kinds, store } = this.server.core;
    return kinds
      .all()
      .filter((kind) => kind.namespaced)
      .flatMap((kind) => store.list(kind).filter((object) => object.metadata.namespace === name));
  }
}
