/**
 * Binds Pods to nodes: nodeSelector, required node affinity, taints, resources (extended ones and hugepages too), host
 * ports, required Pod affinity and anti-affinity. Prefers the node with the fewest Pods, then the first by name.
 */
import type { LiveObject } from '../../lib/base/kube-object';
import { keyOf, keyString, parseKey, refOf } from '../../lib/base/kube-object';
import type { Indexes } from '../api/indexes';
import type { ApiServer } from '../api/server';
import { Agenda } from './agenda';
import { setCondition } from './conditions';
import type { PlacedPod } from './placement';
import { hostPortTaken, lacking, nodeMatches, podAffinityObstacle, untolerated } from './placement';
import { textOf } from '../text';

const USER = 'system:kube-scheduler';
const POD = { apiVersion: 'v1', kind: 'Pod' };
const NODE = { apiVersion: 'v1', kind: 'Node' };

export class Scheduler {
  private readonly agenda: Agenda;
  /** Pods that fit nowhere: looked at again when nodes or Pods change. */
  private readonly waiting = new Set<string>();

  constructor(
    private readonly server: ApiServer,
    private readonly indexes: Indexes,
  ) {
    const { store, clock } = server.core;
    this.agenda = new Agenda(clock, (key) => this.schedule(key));
    store.subscribe(() => this.retryWaiting(), NODE);
    store.subscribe(({ type, object, previous }) => {
      if (type === 'DELETED' || (previous !== undefined && finished(object) && !finished(previous)))
        this.retryWaiting();
      if (wanting(object) && type !== 'DELETED') this.agenda.add(keyString(keyOf(object)));
    }, POD);
  }

  private retryWaiting(): void {
    for (const key of this.waiting) this.agenda.add(key);
    this.waiting.clear();
  }

  private schedule(key: string): void {
    const { store } = this.server.core;
    const pod = store.get(POD, parseKey(key));
    if (pod === undefined || !wanting(pod)) return;
    const nodes = store.list(NODE);
    const placed = placedPods(nodes, this.indexes);
    const obstacles = nodes.map((node) => this.obstacle(pod, node, placed));
    const fitting = nodes.filter((_, index) => obstacles[index] === undefined);
    if (fitting.length === 0) return this.report(pod, nodes.length, obstacles as string[]);
    const load = (node: LiveObject): number => this.indexes.podsOnNode(node.metadata.name).length;
    const best = fitting.reduce((a, b) => (load(b) < load(a) ? b : a));
    this.server.bind(refOf(pod), best.metadata.name, USER);
  }

  /** Why the Pod can't run on the node, in the scheduler's words. */
  private obstacle(pod: LiveObject, node: LiveObject, placed: readonly PlacedPod[]): string | undefined {
    const spec = pod.spec ?? {};
    const here = this.indexes.podsOnNode(node.metadata.name);
    const [taint] = untolerated(spec, node, ['NoSchedule', 'NoExecute']);
    if (taint?.key === 'node.kubernetes.io/unschedulable') return 'node(s) were unschedulable';
    if (taint !== undefined) return `node(s) had untolerated taint {${textOf(taint.key)}: ${textOf(taint.value)}}`;
    if (!nodeMatches(spec, node)) return "node(s) didn't match Pod's node affinity/selector";
    const [short] = lacking(spec, node, here);
    if (short !== undefined) return short === 'pods' ? 'Too many pods' : `Insufficient ${short}`;
    if (hostPortTaken(spec, here)) return "node(s) didn't have free ports for the requested pod ports";
    return podAffinityObstacle(pod, node, placed);
  }

  private report(pod: LiveObject, nodes: number, obstacles: readonly string[]): void {
    this.waiting.add(keyString(keyOf(pod)));
    const counts = new Map<string, number>();
    for (const obstacle of obstacles) counts.set(obstacle, (counts.get(obstacle) ?? 0) + 1);
    const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
    const message = `0/${nodes} nodes are available: ${reasons.join(', ') || 'no nodes available to schedule pods'}.`;
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
    const status = {
      ...pod.status,
      conditions: setCondition(pod.status?.conditions, condition, this.server.core.clock.timestamp()),
    };
    this.server.replace(
      { ...pod, status },
      { user: USER, manager: 'kube-scheduler', subresource: 'status', trusted: true },
    );
  }
}

const finished = (pod: LiveObject): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

const wanting = (pod: LiveObject): boolean =>
  pod.spec?.nodeName === undefined &&
  pod.metadata.deletionTimestamp === undefined &&
  pod.spec?.schedulerName === 'default-scheduler';

/** Bound Pods with their nodes: asked for by affinity rules, also by those of the Pods already there. */
const placedPods = (nodes: readonly LiveObject[], indexes: Indexes): PlacedPod[] =>
  nodes.flatMap((node) => indexes.podsOnNode(node.metadata.name).map((pod) => ({ pod, node })));
