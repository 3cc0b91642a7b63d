/**
 * The DaemonSet controller: one Pod on each node that matches, replaced when the template changes (RollingUpdate under
 * maxUnavailable, or OnDelete), made again when it failed, and the counts of status.
 */
import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import { keyOf, keyString, parseKey, refOf } from '../../lib/base/kube-object';
import { digestOf } from '../../synth/canonical-json';
import { sameJson } from '../../synth/json-equal';
import type { Indexes } from '../api/indexes';
import type { ApiServer } from '../api/server';
import { Agenda } from './agenda';
import { nodeMatches, untolerated } from './placement';

const USER = 'system:serviceaccount:kube-system:daemon-set-controller';
const MANAGER = 'kube-controller-manager';
const DAEMON_SET = { apiVersion: 'apps/v1', kind: 'DaemonSet' };
const NODE = { apiVersion: 'v1', kind: 'Node' };
const HASH = 'controller-revision-hash';

/** Taints that no daemon minds. */
const TOLERATED = [
  ['node.kubernetes.io/not-ready', 'NoExecute'],
  ['node.kubernetes.io/unreachable', 'NoExecute'],
  ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
  ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
  ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
  ['node.kubernetes.io/unschedulable', 'NoSchedule'],
] as const;

interface NodeShare {
  readonly node: LiveObject;
  readonly runs: boolean;
  readonly stays: boolean;
  /** Its Pods here that are not being deleted, oldest first. */
  readonly pods: readonly LiveObject[];
}

export class DaemonSetController {
  private readonly agenda: Agenda;

  constructor(
    private readonly server: ApiServer,
    private readonly indexes: Indexes,
  ) {
    const { store, clock } = server.core;
    this.agenda = new Agenda(clock, (key) => this.reconcile(key));
    store.subscribe(({ object }) => this.agenda.add(keyString(keyOf(object))), DAEMON_SET);
    store.subscribe(() => this.all(), NODE);
    store.subscribe(({ object }) => this.wakeOwner(object), { apiVersion: 'v1', kind: 'Pod' });
  }

  private all(): void {
    for (const set of this.server.core.store.list(DAEMON_SET)) this.agenda.add(keyString(keyOf(set)));
  }

  private wakeOwner(pod: LiveObject): void {
    const owner = pod.metadata.ownerReferences?.find((each) => each.controller === true && each.kind === 'DaemonSet');
    if (owner !== undefined) this.agenda.add(`${pod.metadata.namespace}/${owner.name}`);
  }

  private reconcile(key: string): void {
    const set = this.server.core.store.get(DAEMON_SET, parseKey(key));
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return;
    const hash = templateHash(set);
    this.manage(set, this.shares(set), hash);
    if (updateType(set) === 'RollingUpdate') this.roll(set, hash);
    this.report(set, hash);
  }

  private shares(set: LiveObject): NodeShare[] {
    const pods = this.podsOf(set);
    const spec = daemonSpec(set, undefined);
    return this.server.core.store.list(NODE).map((node) => {
      const matches = nodeMatches(templateOf(set).spec, node);
      const here = pods.filter((pod) => targetNode(pod) === node.metadata.name);
      const runs = matches && untolerated(spec, node, ['NoSchedule', 'NoExecute']).length === 0;
      const stays = matches && untolerated(spec, node, ['NoExecute']).length === 0;
      return { node, runs, stays, pods: here.filter((pod) => pod.metadata.deletionTimestamp === undefined) };
    });
  }

  private podsOf(set: LiveObject): LiveObject[] {
    return this.indexes
      .dependentsOf(set.metadata.uid)
      .filter(
        (each) =>
          each.kind === 'Pod' &&
          each.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === set.metadata.uid),
      );
  }

  /** Makes what is missing; removes what failed, is one too many, or is where it should not be. */
  private manage(set: LiveObject, shares: readonly NodeShare[], hash: string): void {
    for (const { node, runs, stays, pods } of shares) {
      const failed = pods.filter((pod) => pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded');
      const alive = pods.filter((pod) => !failed.includes(pod));
      for (const pod of [...failed, ...(stays ? alive.slice(1) : alive)]) this.delete(pod);
      const leaving = this.podsOf(set).some((pod) => targetNode(pod) === node.metadata.name);
      if (runs && !leaving) this.create(set, node, hash);
    }
  }

  private roll(set: LiveObject, hash: string): void {
    const shares = this.shares(set).filter((share) => share.runs);
    const ready = (share: NodeShare): boolean => share.pods.some(isReady);
    let budget = maxUnavailable(set, shares.length) - shares.filter((share) => !ready(share)).length;
    for (const share of shares) {
      const old = share.pods.filter((pod) => pod.metadata.labels?.[HASH] !== hash);
      if (old.length === 0) continue;
      // A Pod that isn't ready serves nobody: replacing it costs nothing.
      if (ready(share) && budget-- <= 0) continue;
      for (const pod of old) this.delete(pod);
    }
  }

  private create(set: LiveObject, node: LiveObject, hash: string): void {
    const { labels, annotations } = templateOf(set).metadata as {
      labels?: Record<string, string>;
      annotations?: Record<string, string>;
    };
    const { apiVersion, kind } = set;
    const { name, uid, namespace = '', generation = 1 } = set.metadata;
    const owner = { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
    this.server.create(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: '',
          generateName: `${name}-`,
          namespace,
          labels: { ...labels, [HASH]: hash, 'pod-template-generation': String(generation) },
          ...(annotations === undefined ? {} : { annotations }),
          ownerReferences: [owner],
        },
        spec: daemonSpec(set, node.metadata.name),
      },
      { user: USER, manager: MANAGER },
    );
  }

  private delete(pod: LiveObject): void {
    if (pod.metadata.deletionTimestamp !== undefined) return;
    this.server.delete(refOf(pod), { user: USER, uid: pod.metadata.uid, propagation: 'Background' });
  }

  private report(set: LiveObject, hash: string): void {
    const shares = this.shares(set);
    const wanted = shares.filter((share) => share.runs);
    const count = (holds: (pod: LiveObject) => boolean): number =>
      wanted.filter((share) => share.pods.some(holds)).length;
    const ready = count(isReady);
    const status: JsonObject = {
      ...set.status,
      observedGeneration: set.metadata.generation ?? 1,
      desiredNumberScheduled: wanted.length,
      currentNumberScheduled: count(() => true),
      numberMisscheduled: shares.filter((share) => !share.runs && share.pods.length > 0).length,
      numberReady: ready,
    };
    setOrDrop(
      status,
      'updatedNumberScheduled',
      count((pod) => pod.metadata.labels?.[HASH] === hash),
    );
    setOrDrop(status, 'numberAvailable', ready);
    setOrDrop(status, 'numberUnavailable', wanted.length - ready);
    if (sameJson(status, set.status)) return;
    this.server.replace({ ...set, status }, { user: USER, manager: MANAGER, trusted: true, subresource: 'status' });
  }
}

/** Zero is absent in the wire format of these. */
const setOrDrop = (status: JsonObject, name: string, value: number): void => {
  if (value === 0) delete status[name];
  else status[name] = value;
};

const templateOf = (set: LiveObject): { readonly metadata: JsonObject; readonly spec: JsonObject } => {
  const template = isJsonObject(set.spec?.template) ? set.spec.template : {};
  return {
    metadata: isJsonObject(template.metadata) ? template.metadata : {},
    spec: isJsonObject(template.spec) ? template.spec : {},
  };
};

const templateHash = (set: LiveObject): string => digestOf(set.spec?.template ?? null).slice(0, 10);

/** The spec of a daemon Pod: tied to its node by name, tolerant of the node's troubles. */
const daemonSpec = (set: LiveObject, node: string | undefined): JsonObject => {
  const { spec } = templateOf(set);
  const given = Array.isArray(spec.tolerations) ? spec.tolerations : [];
  const network = spec.hostNetwork === true ? [['node.kubernetes.io/network-unavailable', 'NoSchedule'] as const] : [];
  const added = [...TOLERATED, ...network].map(([key, effect]) => ({ key, operator: 'Exists', effect }));
  const tolerant = { ...spec, tolerations: [...given, ...added] };
  if (node === undefined) return tolerant;
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] };
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } };
  return { ...tolerant, affinity: { ...(isJsonObject(spec.affinity) ? spec.affinity : {}), nodeAffinity } };
};

/** The node that a daemon Pod is for, also before it is bound. */
const targetNode = (pod: LiveObject): string | undefined => {
  if (typeof pod.spec?.nodeName === 'string') return pod.spec.nodeName;
  const affinity = pod.spec?.affinity as
    | {
        nodeAffinity?: {
          requiredDuringSchedulingIgnoredDuringExecution?: {
            nodeSelectorTerms?: { matchFields?: { values?: string[] }[] }[];
          };
        };
      }
    | undefined;
  return affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.[0]
    ?.matchFields?.[0]?.values?.[0];
};

const updateType = (set: LiveObject): JsonValue | undefined =>
  isJsonObject(set.spec?.updateStrategy) ? set.spec.updateStrategy.type : undefined;

const maxUnavailable = (set: LiveObject, nodes: number): number => {
  const strategy = isJsonObject(set.spec?.updateStrategy) ? set.spec.updateStrategy.rollingUpdate : undefined;
  const value = isJsonObject(strategy) ? strategy.maxUnavailable : 1;
  if (typeof value === 'string' && value.endsWith('%')) return Math.ceil((Number(value.slice(0, -1)) * nodes) / 100);
  return Number(value ?? 1);
};

/** Whether the Pod's Ready condition is True. */
export const isReady = (pod: LiveObject): boolean =>
  Array.isArray(pod.status?.conditions) &&
  pod.status.conditions.some((each) => isJsonObject(each) && each.type === 'Ready' && each.status === 'True');
