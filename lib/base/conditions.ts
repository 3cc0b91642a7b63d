import { isJsonObject } from './json';
import type { KubeObject } from './kube-object';

/** One aspect of the state of an object, as Kubernetes writes it. */
export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  /** CamelCase, part of the API. */
  readonly reason: string;
  /** A sentence; deterministic: no generated names, no times, no counters of attempts. */
  readonly message: string;
  /** When `status` last changed; RFC 3339. */
  readonly lastTransitionTime: string;
  /** The generation that this verdict is about. */
  readonly observedGeneration?: number;
}

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** The condition types that every kind has. */
export const CONDITION = {
  /** Always present. True: the object is as its spec wants it. */
  ready: 'Ready',
  /** Present only while True: something is being done or waited for, and it will go on by itself. */
  reconciling: 'Reconciling',
  /** Present only while True: it will not go on until somebody changes something. Never together with Reconciling. */
  stalled: 'Stalled',
  /** Present only while True: the annotation weka.io/paused stops all effects. */
  paused: 'Paused',
} as const;

/** Present only while False: the spec is taken, but hardly works as meant; the message says which field and what to do. */
export const SPEC_SOUND = 'SpecSound';

/** Reasons of the standard conditions that are no error codes. */
export const REASON = {
  /** Ready: everything is as wanted. */
  succeeded: 'Succeeded',
  /** Reconciling: children are being made or changed. */
  progressing: 'Progressing',
  /** Reconciling: the object is being deleted. */
  deleting: 'Deleting',
  /** Paused. */
  paused: 'Paused',
} as const;

/** A condition as a reconciler states it; the time is added by setCondition. */
export type ConditionClaim = Omit<Condition, 'lastTransitionTime'>;

/** `ms` since the epoch as Kubernetes writes times: RFC 3339, whole seconds, UTC. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

const isStatus = (value: unknown): value is ConditionStatus =>
  value === 'True' || value === 'False' || value === 'Unknown';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const asCondition = (value: unknown): Condition | undefined => {
  if (!isJsonObject(value) || typeof value['type'] !== 'string' || !isStatus(value['status'])) return undefined;
  const generation = value['observedGeneration'];
  return {
    type: value['type'],
    status: value['status'],
    reason: text(value['reason']),
    message: text(value['message']),
    lastTransitionTime: text(value['lastTransitionTime']),
    ...(typeof generation === 'number' ? { observedGeneration: generation } : {}),
  };
};

/** The conditions of a live object; entries that are none are left out. */
export const conditionsOf = (object: Pick<KubeObject, 'status'>): readonly Condition[] => {
  const list = object.status?.['conditions'];
  return Array.isArray(list) ? list.map(asCondition).filter((condition) => condition !== undefined) : [];
};

/** The condition of that type. */
export const findCondition = (conditions: readonly Condition[], type: string): Condition | undefined =>
  conditions.find((condition) => condition.type === type);

/** Whether the condition of that type is True. */
export const isTrue = (conditions: readonly Condition[], type: string): boolean =>
  findCondition(conditions, type)?.status === 'True';

const FIRST: readonly string[] = [CONDITION.ready, CONDITION.reconciling, CONDITION.stalled, CONDITION.paused];
const rank = (type: string): number => (FIRST.includes(type) ? FIRST.indexOf(type) : FIRST.length);
const byType = (a: Condition, b: Condition): number =>
  rank(a.type) - rank(b.type) || (a.type < b.type ? -1 : Number(a.type > b.type));

/** Without the conditions of these types. */
export const withoutConditions = (conditions: readonly Condition[], ...types: string[]): readonly Condition[] =>
  conditions.filter((condition) => !types.includes(condition.type));

/**
 * `conditions` with `claim` in it. The transition time moves only when the status changes. Standard conditions stand first,
 * the others by name, so that equal states are equal lists.
 */
export const setCondition = (
  conditions: readonly Condition[],
  claim: ConditionClaim,
  now: number,
): readonly Condition[] => {
  const old = findCondition(conditions, claim.type);
  const kept = old !== undefined && old.status === claim.status && old.lastTransitionTime !== '';
  const next = { ...claim, lastTransitionTime: kept ? old.lastTransitionTime : rfc3339(now) };
  return [...withoutConditions(conditions, claim.type), next].sort(byType);
};

/** How a round ended, for the three standard conditions. */
export type Verdict =
  | { readonly state: 'ready'; readonly message?: string }
  /** Going on by itself. `available`: it serves all the same, so Ready stays True. */
  | { readonly state: 'reconciling'; readonly reason: string; readonly message: string; readonly available?: boolean }
  | { readonly state: 'stalled'; readonly reason: string; readonly message: string };

interface Round {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** metadata.generation that the verdict is about. */
  readonly generation?: number | undefined;
}

/**
 * `conditions` with the standard conditions set by the rules of kstatus: Ready always there; Reconciling and Stalled only
 * while True and never both; a stalled object is not Ready.
 */
export const conclude = (conditions: readonly Condition[], verdict: Verdict, round: Round): readonly Condition[] => {
  const generation = round.generation === undefined ? {} : { observedGeneration: round.generation };
  const set = (list: readonly Condition[], type: string, status: ConditionStatus): readonly Condition[] =>
    setCondition(list, { type, status, ...words(verdict), ...generation }, round.now);
  switch (verdict.state) {
    case 'ready':
      return set(withoutConditions(conditions, CONDITION.reconciling, CONDITION.stalled), CONDITION.ready, 'True');
    case 'reconciling': {
      const going = set(withoutConditions(conditions, CONDITION.stalled), CONDITION.reconciling, 'True');
      return set(going, CONDITION.ready, verdict.available ? 'True' : 'False');
    }
    case 'stalled': {
      const stuck = set(withoutConditions(conditions, CONDITION.reconciling), CONDITION.stalled, 'True');
      return set(stuck, CONDITION.ready, 'False');
    }
  }
};

const words = (verdict: Verdict): { readonly reason: string; readonly message: string } =>
  verdict.state === 'ready'
    ? { reason: REASON.succeeded, message: verdict.message ?? 'Everything is as wanted.' }
    : { reason: verdict.reason, message: verdict.message };

/** What an error of the table means for the object: going on by itself, or stuck until somebody changes something. */
export const verdictOf = (error: {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly retry: boolean;
}): Verdict => ({
  state: error.retry ? 'reconciling' : 'stalled',
  reason: error.code,
  message: `${error.message} ${error.remedy}`,
});
