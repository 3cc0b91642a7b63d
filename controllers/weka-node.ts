import type { WekaNodeSpec, WekaNodeStatus } from '../lib/api/weka-node';
import type { WekaPolicySpec } from '../lib/api/weka-policy';
import type { LiveObject, Manifest } from '../lib/base/kube-object';
import { refOf } from '../lib/base/kube-object';
import { LABEL } from '../lib/base/names';
import type { NodeObserved } from '../lib/drivers/agent-documents';
import { nodeAgent } from '../lib/drivers/agent-documents';
import type { AgentFailure } from '../lib/drivers/agent-result';
import { explainUnreachable } from '../lib/drivers/explain-unreachable';
import { rowOf } from '../lib/drivers/failure-text';
import { loaderPod } from '../lib/drivers/loader-pod';
import type { NodeDriver } from '../lib/drivers/node-driver';
import { nodeDriver } from '../lib/drivers/node-driver';
import { readNodeObserved } from '../lib/drivers/read-documents';
import type { LabelKeys, NodeFacts } from '../lib/nodes/node-facts';
import { DEFAULT_LABEL_KEYS, factLabels, matchesSelector, nodeFacts } from '../lib/nodes/node-facts';
import { DRIVERS_READY, keepFor, wekaNodeStatus } from '../lib/nodes/weka-node';
import { OUR_PODS, ourConditions, toldBody } from './common';
import { derived } from './derived';
import type { Installation } from './installation';
import { TYPES } from './kinds';
import { projectNode } from './projections';
import type { BaseScope, Decision, EventNote, Reader, Reconciler, SharedWrite } from './runtime/reconciler';

/** What one round of a node record reads. */
export interface WekaNodeScope extends BaseScope {
  /** The Node of that name; `undefined`: it is gone. */
  readonly node: LiveObject | undefined;
  readonly facts: NodeFacts | undefined;
  /** Under which keys policies that select the node want its kernel and architecture published. */
  readonly labelKeys: readonly LabelKeys[];
  /** Whether a container is still placed on it. */
  readonly inUse: boolean;
  /** Pods of loaders on the node. */
  readonly pods: readonly LiveObject[];
  /** What its observer has told since this operator leads. */
  readonly observed: NodeObserved | undefined;
  /** Words for a loader that did not reach its service: which end is wrong. */
  readonly explain: (failure: AgentFailure) => string | undefined;
}

/**
 * WekaNode controller.
 *
 * Reads:   the record; the Node of its name; driver distribution policies; WekaContainers placed on the node; Pods of loaders
 *          on it; what its observer has told.
 * Writes:  WekaNode.status; on the Node only labels: those that a policy asks for (`weka.io/kernel`, `weka.io/architecture` or
 *          the policy's own keys), `weka.io/observed` and `weka.io/drivers-target`, and takes them back when nothing asks for
 *          them. Deletes the Pod of a loader whose next attempt is due.
 * Wakes:   on the record, its Node, policies, containers and Pods, and when its observer tells something.
 * Never:   deletes a record while the Node lives, a container refers to it, or the Node has been gone for less than seven
 *          days; touches a Node otherwise; decides which driver a node shall hold (controllers/drivers.ts does).
 * Crash safety: each write is found done or not done; `goneSince` and the first time of a failure are set once and survive
 *          restarts; a Pod deleted twice is one deletion, by its UID.
 */
export const wekaNodeReconciler = (settings: Installation): Reconciler<WekaNodeScope> => ({
  name: 'weka-node',
  primary: { type: TYPES.wekaNode },
  children: [],
  reads: [
    { type: TYPES.node, project: projectNode, wakes: (node) => [{ name: node.metadata.name }] },
    {
      type: TYPES.policy,
      wakes: (_policy, reader) => reader.list(TYPES.wekaNode).map(({ metadata }) => ({ name: metadata.name })),
    },
    { type: TYPES.container, wakes: (container) => placements(container).map((name) => ({ name })) },
    { type: TYPES.pod, labelSelector: OUR_PODS, wakes: (pod) => loaderPlace(pod).map((name) => ({ name })) },
    { type: TYPES.service },
  ],
  signals: [
    {
      subscribe: (listener) => settings.exchange.onObserved(listener),
      wakes: (agent) => (agent.startsWith(nodeAgent('')) ? [{ name: agent.slice(nodeAgent('').length) }] : []),
    },
  ],
  finalizer: false,
  observe: (object, reader) => observe(object, reader, settings),
  decide: (scope) => decide(scope),
  report: (scope) => {
    const { object, now, facts, observed } = scope;
    const driver = driverOf(scope);
    const status = wekaNodeStatus({
      now,
      generation: object.metadata.generation,
      conditions: ourConditions(object, DRIVERS_READY),
      facts,
      goneSince: goneSince(scope),
      before: statusOf(object),
      driver,
      watched: isWatched(scope),
      observed,
    });
    return { status, events: driverEvents(scope, driver) };
  },
});

const statusOf = (object: LiveObject): WekaNodeStatus => object.status ?? {};
const goneSince = ({ object }: WekaNodeScope): string | undefined => statusOf(object).goneSince;
const wantedOf = (object: LiveObject) => (object.spec as WekaNodeSpec | undefined)?.driver;

const driverOf = ({ object, now, facts, pods, observed, explain }: WekaNodeScope): NodeDriver =>
  facts === undefined
    ? {}
    : nodeDriver({
        now,
        facts,
        wanted: wantedOf(object),
        before: statusOf(object),
        pods: pods.flatMap((pod) => loaderPod(pod) ?? []),
        observed,
        explain,
      });

const decide = (scope: WekaNodeScope): Decision => {
  const keep = keepFor({ now: scope.now, facts: scope.facts, goneSince: goneSince(scope) });
  const { retry, lookAgainMs } = driverOf(scope);
  const lookAgain = keep === undefined || keep === 0 ? lookAgainMs : keep;
  return {
    children: [],
    live: [],
    shared: labelWrites(scope),
    ...(retry === undefined ? {} : { remove: [{ object: retry.pod.object, reason: retry.reason }] }),
    ...(keep === 0 && !scope.inUse ? { retire: 'its Node has been gone for seven days and nothing refers to it' } : {}),
    ...(lookAgain === undefined ? {} : { requeueAfterMs: lookAgain }),
  };
};

const isTrouble = (reason: string): boolean =>
  reason !== 'WaitingForTurn' && rowOf({ code: reason, parameters: {} }) !== undefined;

/** On the record and on the Node: people look at either. Told is the end, and what somebody may have to mend; not each step. */
const driverEvents = ({ node }: WekaNodeScope, { verdict, failure }: NodeDriver): EventNote[] => {
  if (verdict === undefined || !(verdict.ready || failure !== undefined || isTrouble(verdict.reason))) return [];
  const note: EventNote = {
    type: verdict.ready ? 'Normal' : 'Warning',
    reason: verdict.ready ? 'DriverLoaded' : verdict.reason,
    message: verdict.message,
    condition: DRIVERS_READY,
  };
  return node === undefined ? [note] : [note, { ...note, about: refOf(node) }];
};

const observe = (object: LiveObject, reader: Reader, settings: Installation): Omit<WekaNodeScope, 'now'> => {
  const { name } = object.metadata;
  const node = reader.get(TYPES.node, { name });
  const facts = node === undefined ? undefined : nodeFacts(node);
  return {
    object,
    node,
    facts,
    labelKeys:
      facts === undefined
        ? []
        : reader.list(TYPES.policy).flatMap((policy) => keysOf(policy.spec as WekaPolicySpec, facts)),
    inUse: placed(reader.list(TYPES.container)).has(name),
    pods: loaderPods(reader.list(TYPES.pod, { namespace: settings.operatorNamespace })).get(name) ?? [],
    observed: toldBody(settings.exchange.observed(nodeAgent(name)), readNodeObserved),
    explain: (failure) =>
      explainUnreachable(failure, wantedOf(object), {
        services: reader.list(TYPES.service),
        containers: reader.list(TYPES.container),
      }),
  };
};

/** The node that a loader's Pod is on; none for other Pods. */
const loaderPlace = (pod: LiveObject): string[] => {
  const node = pod.spec?.['nodeName'];
  return pod.metadata.labels?.[LABEL.driversTarget] !== undefined && typeof node === 'string' ? [node] : [];
};

const keysOf = ({ type, payload }: WekaPolicySpec, facts: NodeFacts): LabelKeys[] => {
  const dist = payload.driverDistPayload;
  if (type !== 'enable-local-drivers-distribution' || dist === undefined) return [];
  const selectors = dist.nodeSelectors ?? [];
  if (selectors.length > 0 && !selectors.some((selector) => matchesSelector(facts.labels, selector))) return [];
  const { kernel, architecture } = DEFAULT_LABEL_KEYS;
  return [{ kernel: dist.kernelLabelKey ?? kernel, architecture: dist.architectureLabelKey ?? architecture }];
};

/** Nodes that a container is placed on, or asks for by name. */
const placements = (container: LiveObject): string[] =>
  [container.spec?.['nodeAffinity'], container.status?.['nodeAffinity']].filter(
    (name): name is string => typeof name === 'string' && name !== '',
  );

const isWatched = ({ object, labelKeys }: WekaNodeScope): boolean =>
  wantedOf(object) !== undefined || labelKeys.length > 0;

/** Nodes that any container is placed on. */
const placed = derived((containers): ReadonlySet<string> => new Set(containers.flatMap(placements)));

/** Pods of loaders, by node. */
const loaderPods = derived((pods): ReadonlyMap<string, LiveObject[]> => {
  const byNode = new Map<string, LiveObject[]>();
  for (const pod of pods) for (const node of loaderPlace(pod)) byNode.set(node, [...(byNode.get(node) ?? []), pod]);
  return byNode;
});

/** Which loader serves the node, and whether it is looked at. */
const driverLabels = (scope: WekaNodeScope): Record<string, string> => {
  const target = wantedOf(scope.object)?.target;
  return {
    ...(isWatched(scope) ? { [LABEL.observed]: 'true' } : {}),
    ...(target === undefined ? {} : { [LABEL.driversTarget]: target }),
  };
};

const labelWrites = (scope: WekaNodeScope): SharedWrite[] => {
  const { node, facts, labelKeys } = scope;
  if (node === undefined || facts === undefined) return [];
  const manifest: Manifest = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: facts.name, labels: { ...factLabels(facts, labelKeys), ...driverLabels(scope) } },
  };
  return [{ manifest, live: node }];
};
