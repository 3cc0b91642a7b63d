import { API_VERSION } from '../api/kind';
import type { WekaNodeStatus } from '../api/weka-node';
import type { Condition, Verdict } from '../base/conditions';
import { conclude, rfc3339, setCondition, withoutConditions } from '../base/conditions';
import type { JsonObject } from '../base/json';
import type { Manifest } from '../base/kube-object';
import type { NodeObserved } from '../drivers/agent-documents';
import type { NodeDriver } from '../drivers/node-driver';
import type { NodeFacts } from './node-facts';
import { observationOf } from './observation';

/** How long the record of a node that is gone is kept: what an administrator decided must survive a re-installation. */
export const GONE_KEEP_MS = 7 * 24 * 3_600_000;

/** The record of a node, as it is made. It has no owner reference: it outlives the Node object on purpose. */
export const wekaNodeManifest = (name: string): Manifest => ({
  apiVersion: API_VERSION,
  kind: 'WekaNode',
  metadata: { name },
  spec: {},
});

/** Whether the driver that is wanted of a node is loaded there; absent while none is wanted. */
export const DRIVERS_READY = 'DriversReady';

export interface WekaNodeState {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly generation: number | undefined;
  readonly conditions: readonly Condition[];
  /** `undefined`: the Node is gone. */
  readonly facts: NodeFacts | undefined;
  /** Since when it is gone, as recorded before; RFC 3339. */
  readonly goneSince: string | undefined;
  /** What was reported before. */
  readonly before: WekaNodeStatus;
  /** How its driver stands. */
  readonly driver: NodeDriver;
  /** Whether an observer is wanted there. What one saw before is not kept when nobody looks any more: it goes stale. */
  readonly watched: boolean;
  /** What its observer has told this operator process. */
  readonly observed: NodeObserved | undefined;
}

/** The status of a WekaNode. Facts of a Node that is gone, or that came back as another one, are voided. Pure. */
export const wekaNodeStatus = (state: WekaNodeState): JsonObject => {
  const { facts, generation, conditions } = state;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  return facts === undefined
    ? {
        ...observed,
        conditions: conclude(withoutConditions(conditions, DRIVERS_READY), GONE, state) as unknown as JsonObject[],
        goneSince: state.goneSince ?? rfc3339(state.now),
      }
    : { ...observed, ...living(state, facts) };
};

const GONE: Verdict = {
  state: 'reconciling',
  reason: 'NodeGone',
  message: 'The Node is gone; this record is kept for seven days.',
};

const living = (state: WekaNodeState, facts: NodeFacts): JsonObject => {
  const { loaded, failure, verdict } = state.driver;
  const claims =
    verdict === undefined ? withoutConditions(state.conditions, DRIVERS_READY) : driversReady(state, verdict);
  return {
    conditions: conclude(claims, nodeVerdict(verdict), state) as unknown as JsonObject[],
    nodeUID: facts.uid,
    ...known({ bootID: facts.bootID, kernel: facts.kernel, architecture: facts.architecture, osImage: facts.osImage }),
    ...(state.watched ? observationOf(facts, state.before, state.observed) : {}),
    ...(loaded === undefined ? {} : { driver: { ...loaded } }),
    ...(failure === undefined ? {} : failed(failure)),
  };
};

const failed = ({ reason, message, time, nextRetry }: NonNullable<NodeDriver['failure']>): JsonObject => ({
  lastFailure: { reason, message, time },
  ...(nextRetry === undefined ? {} : { nextRetry }),
});

const driversReady = (
  { conditions, generation, now }: WekaNodeState,
  { ready, reason, message }: NonNullable<NodeDriver['verdict']>,
): readonly Condition[] =>
  setCondition(
    conditions,
    {
      type: DRIVERS_READY,
      status: ready ? 'True' : 'False',
      reason,
      message,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    },
    now,
  );

const nodeVerdict = (verdict: NodeDriver['verdict']): Verdict => {
  if (verdict === undefined) return { state: 'ready', message: 'Nothing is wanted of this node.' };
  const { ready, reason, message } = verdict;
  return ready ? { state: 'ready', message } : { state: 'reconciling', reason, message };
};

const known = (fields: Readonly<Record<string, string>>): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));

/** Milliseconds until the record of a node that is gone may go; 0: now; `undefined`: the node is there. */
export const keepFor = (state: Pick<WekaNodeState, 'now' | 'facts' | 'goneSince'>): number | undefined => {
  if (state.facts !== undefined) return undefined;
  return state.goneSince === undefined
    ? GONE_KEEP_MS
    : Math.max(0, Date.parse(state.goneSince) + GONE_KEEP_MS - state.now);
};
