/** Taints a cordoned node, and takes the taint off when it takes Pods again. Works a moment later, as the real one. */
import type { LiveObject } from '../../lib/base/kube-object';
import type { ApiServer } from '../api/server';
import { Agenda } from './agenda';
import { listOf } from './placement';

const USER = 'system:serviceaccount:kube-system:node-controller';
const NODE = { apiVersion: 'v1', kind: 'Node' };
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

export class NodeTaints {
  private readonly agenda: Agenda;

  constructor(private readonly server: ApiServer) {
    this.agenda = new Agenda(server.core.clock, (name) => this.look(name));
    server.core.store.subscribe(({ type, object }) => {
      if (type !== 'DELETED' && isTainted(object) !== (object.spec?.unschedulable === true)) {
        this.agenda.add(object.metadata.name);
      }
    }, NODE);
  }

  private look(name: string): void {
    const node = this.server.core.store.get(NODE, { name });
    if (node === undefined) return;
    const cordoned = node.spec?.unschedulable === true;
    if (isTainted(node) === cordoned) return;
    const others = listOf(node.spec?.taints).filter(({ key }) => key !== UNSCHEDULABLE);
    const timeAdded = this.server.core.clock.timestamp();
    const taints = cordoned ? [...others, { key: UNSCHEDULABLE, effect: 'NoSchedule', timeAdded }] : others;
    const { taints: _, ...spec } = node.spec ?? {};
    const next = { ...node, spec: taints.length === 0 ? spec : { ...spec, taints } };
    this.server.replace(next, { user: USER, manager: 'kube-controller-manager', trusted: true });
  }
}

const isTainted = (node: LiveObject): boolean => listOf(node.spec?.taints).some(({ key }) => key === UNSCHEDULABLE);
