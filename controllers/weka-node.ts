import type { WekaNodeStatus } from '../lib/api/weka-node';
import type { WekaPolicySpec } from '../lib/api/weka-policy';
import type { LiveObject, Manifest } from '../lib/base/kube-object';
import type { LabelKeys, NodeFacts } from '../lib/nodes/node-facts';
import { DEFAULT_LABEL_KEYS, factLabels, matchesSelector, nodeFacts } from '../lib/nodes/node-facts';
import { keepFor, wekaNodeStatus } from '../lib/nodes/weka-node';
import { ourConditions } from './common';
import { TYPES } from './kinds';
import { projectNode } from './projections';
import type { BaseScope, Reader, Reconciler, SharedWrite } from './runtime/reconciler';

/** What one round of a node record reads. */
export interface WekaNodeScope extends BaseScope {
  /** The Node of that name; `undefined`: it is gone. */
  readonly node: LiveObject | undefined;
  readonly facts: NodeFacts | undefined;
  /** Under which keys policies that select the node want its kernel and architecture published. */
  readonly labelKeys: readonly LabelKeys[];
  /** Whether a container is still placed on it. */
  readonly inUse: boolean;
}

/**
 * WekaNode controller.
 *
 * Reads:   the record; the Node of its name; driver distribution policies; WekaContainers placed on the node.
 * Writes:  WekaNode.status; on the Node only the labels that a policy asks for (`weka.io/kernel`, `weka.io/architecture` or
 *          the policy's own keys), and takes them back when none asks any more.
 * Wakes:   on the record, its Node, policies and containers.
 * Never:   deletes a record while the Node lives, a container refers to it, or the Node has been gone for less than seven
 *          days; touches a Node otherwise.
 * Crash safety: each write is found done or not done; `goneSince` is set once and survives restarts.
 */
export const wekaNodeReconciler: Reconciler<WekaNodeScope> = {
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
  ],
  finalizer: false,
  observe: (object, reader) => observe(object, reader),
  decide: (scope) => {
    const keep = keepFor({ now: scope.now, facts: scope.facts, goneSince: goneSince(scope) });
    return {
      children: [],
      live: [],
      shared: labelWrites(scope),
      ...(keep === 0 && !scope.inUse
        ? { retire: 'its Node has been gone for seven days and nothing refers to it' }
        : {}),
      ...(keep === undefined || keep === 0 ? {} : { requeueAfterMs: keep }),
    };
  },
  report: (scope) => {
    const { object, now, facts } = scope;
    const state = {
      now,
      generation: object.metadata.generation,
      conditions: ourConditions(object),
      facts,
      goneSince: goneSince(scope),
    };
    return { status: wekaNodeStatus(state), events: [] };
  },
};

const goneSince = ({ object }: WekaNodeScope): string | undefined =>
  (object.status as WekaNodeStatus | undefined)?.goneSince;

const observe = (object: LiveObject, reader: Reader): Omit<WekaNodeScope, 'now'> => {
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
    inUse: reader.list(TYPES.container).some((container) => placements(container).includes(name)),
  };
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

const labelWrites = ({ node, facts, labelKeys }: WekaNodeScope): SharedWrite[] => {
  if (node === undefined || facts === undefined) return [];
  const manifest: Manifest = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: facts.name, labels: factLabels(facts, labelKeys) },
  };
  return [{ manifest, live: node }];
};
