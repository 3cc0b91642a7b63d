import { API_VERSION } from '../api/kind';
import type { Condition } from '../base/conditions';
import { conclude, rfc3339 } from '../base/conditions';
import type { JsonObject } from '../base/json';
import type { Manifest } from '../base/kube-object';
import type { NodeFacts } from './node-facts';

/** How long the record of a node that is gone is kept: what an administrator decided must survive a re-installation. */
export const GONE_KEEP_MS = 7 * 24 * 3_600_000;

/** The record of a node, as it is made. It has no owner reference: it outlives the Node object on purpose. */
export const wekaNodeManifest = (name: string): Manifest => ({
  apiVersion: API_VERSION,
  kind: 'WekaNode',
  metadata: { name },
  spec: {},
});

export interface WekaNodeState {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly generation: number | undefined;
  readonly conditions: readonly Condition[];
  /** `undefined`: the Node is gone. */
  readonly facts: NodeFacts | undefined;
  /** Since when it is gone, as recorded before; RFC 3339. */
  readonly goneSince: string | undefined;
}

/** The status of a WekaNode. Facts of a Node that is gone, or that came back as another one, are voided. Pure. */
export const wekaNodeStatus = (state: WekaNodeState): JsonObject => {
  const { facts, generation, conditions } = state;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  if (facts === undefined) {
    const verdict = {
      state: 'reconciling',
      reason: 'NodeGone',
      message: 'The Node is gone; this record is kept for seven days.',
    } as const;
    return {
      ...observed,
      conditions: conclude(conditions, verdict, state) as unknown as JsonObject[],
      goneSince: state.goneSince ?? rfc3339(state.now),
    };
  }
  return {
    ...observed,
    conditions: conclude(
      conditions,
      { state: 'ready', message: 'Nothing is wanted of this node.' },
      state,
    ) as unknown as JsonObject[],
    nodeUID: facts.uid,
    ...known({ bootID: facts.bootID, kernel: facts.kernel, architecture: facts.architecture, osImage: facts.osImage }),
  };
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
