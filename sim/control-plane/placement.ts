/** Whether a Pod may run on a node, and what stands in the way. Pure. */
import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import type { LabelSelector, SelectorExpression } from '../api/selectors';
import { expressionMatches, labelSelectorMatches } from '../api/selectors';
import { quantityValue } from '../quantity';
import { textOf } from '../text';

type Node = LiveObject;
type Pod = LiveObject;

export const listOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as JsonObject[]) : [];
const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
const labelsOf = (object: LiveObject): Readonly<Record<string, string>> => object.metadata.labels ?? {};

interface NodeTerm {
  readonly matchExpressions?: readonly SelectorExpression[];
  readonly matchFields?: readonly SelectorExpression[];
}

const termMatches = (term: NodeTerm, node: Node): boolean => {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length + matchFields.length === 0) return false;
  const fields = { 'metadata.name': node.metadata.name };
  return (
    matchExpressions.every((each) => expressionMatches(each, labelsOf(node))) &&
    matchFields.every((each) => expressionMatches(each, fields))
  );
};

/** nodeSelector and required node affinity. */
export const nodeMatches = (spec: JsonObject, node: Node): boolean => {
  const wanted = Object.entries(objectOf(spec.nodeSelector));
  if (!wanted.every(([key, value]) => labelsOf(node)[key] === value)) return false;
  const affinity = objectOf(objectOf(spec.affinity).nodeAffinity).requiredDuringSchedulingIgnoredDuringExecution;
  if (!isJsonObject(affinity)) return true;
  return listOf(affinity.nodeSelectorTerms).some((term) => termMatches(term, node));
};

const tolerates = (toleration: JsonObject, taint: JsonObject): boolean => {
  const { key = '', operator = 'Equal', effect = '', value = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  return operator === 'Exists' || (key !== '' && value === (taint.value ?? ''));
};

/** Taints of the node with one of these effects that the Pod doesn't tolerate. */
export const untolerated = (spec: JsonObject, node: Node, effects: readonly string[]): readonly JsonObject[] =>
  taintsOf(node).filter(
    (taint) =>
      effects.includes(textOf(taint.effect)) && !listOf(spec.tolerations).some((each) => tolerates(each, taint)),
  );

const taintsOf = (node: Node): readonly JsonObject[] => {
  const taints = listOf(node.spec?.taints);
  const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
  const shown = taints.some((taint) => taint.key === cordon.key);
  return node.spec?.unschedulable === true && !shown ? [...taints, cordon] : taints;
};

/** What a Pod reserves, by resource. Specs of stored Pods never change: their sums are kept while they are held. */
export const requestsOf = (spec: JsonObject): ReadonlyMap<string, number> => {
  const known = reserved.get(spec) ?? totalOf(spec);
  reserved.set(spec, known);
  return known;
};
const reserved = new WeakMap<JsonObject, ReadonlyMap<string, number>>();

/** Init containers run one after another, before the others. */
const totalOf = (spec: JsonObject): ReadonlyMap<string, number> => {
  const total = new Map<string, number>();
  const requests = (container: JsonObject): [string, number][] =>
    Object.entries(objectOf(objectOf(container.resources).requests)).map(([name, value]) => [
      name,
      quantityValue(value),
    ]);
  for (const container of listOf(spec.containers)) {
    for (const [name, amount] of requests(container)) total.set(name, (total.get(name) ?? 0) + amount);
  }
  for (const container of listOf(spec.initContainers)) {
    for (const [name, amount] of requests(container)) total.set(name, Math.max(total.get(name) ?? 0, amount));
  }
  return total;
};

const finished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Resources of which the node has not enough left, beside the Pods that run there. */
export const lacking = (spec: JsonObject, node: Node, onNode: readonly Pod[]): string[] => {
  const allocatable = objectOf(node.status?.allocatable);
  const running = onNode.filter((pod) => !finished(pod));
  const short = running.length + 1 > quantityValue(allocatable.pods ?? 110) ? ['pods'] : [];
  const wanted = [...requestsOf(spec)].filter(([, amount]) => amount > 0);
  if (wanted.length === 0) return short;
  const used = new Map<string, number>();
  for (const pod of running) {
    for (const [name, amount] of requestsOf(pod.spec ?? {})) used.set(name, (used.get(name) ?? 0) + amount);
  }
  const over = wanted.filter(
    ([name, amount]) => (used.get(name) ?? 0) + amount > quantityValue(allocatable[name] ?? 0) + 1e-9,
  );
  return [...short, ...over.map(([name]) => name)];
};

interface PodTerm {
  readonly labelSelector?: LabelSelector;
  readonly topologyKey: string;
  readonly namespaces?: readonly string[];
}

const podTerms = (pod: Pod, side: 'podAffinity' | 'podAntiAffinity'): readonly PodTerm[] => {
  const affinity = objectOf(objectOf(pod.spec?.affinity)[side]);
  return listOf(affinity.requiredDuringSchedulingIgnoredDuringExecution) as unknown as readonly PodTerm[];
};

const selects = (term: PodTerm, owner: Pod, other: Pod): boolean =>
  (term.namespaces ?? [owner.metadata.namespace]).includes(other.metadata.namespace ?? '') &&
  labelSelectorMatches(term.labelSelector, labelsOf(other));

/** A Pod in the place where it is bound. */
export interface PlacedPod {
  readonly pod: Pod;
  readonly node: Node;
}

const sameDomain = (term: PodTerm, a: Node, b: Node): boolean => {
  const value = labelsOf(a)[term.topologyKey];
  return value !== undefined && value === labelsOf(b)[term.topologyKey];
};

/** Which required Pod affinity or anti-affinity, also of the Pods already there, forbids the node; `undefined`: none. */
export const podAffinityObstacle = (pod: Pod, node: Node, placed: readonly PlacedPod[]): string | undefined => {
  const others = placed.filter((each) => !finished(each.pod));
  const repelled = podTerms(pod, 'podAntiAffinity').some((term) =>
    others.some((each) => selects(term, pod, each.pod) && sameDomain(term, node, each.node)),
  );
  const repels = others.some((each) =>
    podTerms(each.pod, 'podAntiAffinity').some(
      (term) => selects(term, each.pod, pod) && sameDomain(term, node, each.node),
    ),
  );
  if (repelled) return "node(s) didn't match pod anti-affinity rules";
  if (repels) return "node(s) didn't satisfy existing pods anti-affinity rules";
  const attracts = podTerms(pod, 'podAffinity').every((term) => {
    const attracted = others.filter((each) => selects(term, pod, each.pod));
    // The first Pod of a group that attracts itself may start anywhere.
    if (attracted.length === 0) return selects(term, pod, pod);
    return attracted.some((each) => sameDomain(term, node, each.node));
  });
  return attracts ? undefined : "node(s) didn't match pod affinity rules";
};

/** Whether a host port that the Pod needs is taken on the node. */
export const hostPortTaken = (spec: JsonObject, onNode: readonly Pod[]): boolean => {
  const wanted = new Set(hostPorts(spec));
  return (
    wanted.size > 0 &&
    onNode.some((pod) => !finished(pod) && hostPorts(pod.spec ?? {}).some((port) => wanted.has(port)))
  );
};

const hostPorts = (spec: JsonObject): string[] =>
  listOf(spec.containers).flatMap((container) =>
    listOf(container.ports)
      .filter((port) => typeof port.hostPort === 'number' && port.hostPort > 0)
      .map((port) => `${textOf(port.protocol)}/${textOf(port.hostPort)}`),
  );
