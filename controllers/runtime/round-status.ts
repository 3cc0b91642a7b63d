import type { Condition } from '../../lib/base/conditions';
import {
  conclude,
  CONDITION,
  conditionsOf,
  findCondition,
  REASON,
  setCondition,
  verdictOf,
  withoutConditions,
} from '../../lib/base/conditions';
import type { OperatorError } from '../../lib/base/errors';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import { ANNOTATION, FIELD_MANAGER } from '../../lib/base/names';
import { extractOwnedStatus } from '../../synth/merge';
import { advised } from './advice';

/** Whether somebody stopped all effects on the object: any value but `false`. */
export const isPaused = (object: LiveObject): boolean => {
  const value = object.metadata.annotations?.[ANNOTATION.paused];
  return value !== undefined && value !== 'false';
};

const withConditions = (status: JsonObject | undefined, conditions: readonly Condition[]): JsonObject => ({
  ...status,
  conditions: conditions as unknown as JsonValue[],
});

/**
 * What this operator has said so far. Only that is said again: to repeat what another operator wrote would make it ours,
 * and lost as soon as we stop repeating it.
 */
const saidBefore = (object: LiveObject): JsonObject => extractOwnedStatus(object, FIELD_MANAGER);

/** The status kept as it is, with Paused beside it; Ready stays what it was, or Unknown when nothing was ever said. */
export const pausedStatus = (object: LiveObject, now: number): JsonObject => {
  const status = saidBefore(object);
  const claim = {
    reason: REASON.paused,
    message: `The annotation ${ANNOTATION.paused} stops all effects; remove it to go on.`,
  };
  const before = withoutConditions(conditionsOf({ status }), CONDITION.reconciling);
  const paused = setCondition(before, { type: CONDITION.paused, status: 'True', ...claim }, now);
  const known = findCondition(paused, CONDITION.ready) !== undefined;
  return withConditions(
    status,
    known ? paused : setCondition(paused, { type: CONDITION.ready, status: 'Unknown', ...claim }, now),
  );
};

/** The status kept as it is, with the standard conditions saying why nothing could be planned. */
export const troubledStatus = (object: LiveObject, error: OperatorError, now: number): JsonObject => {
  const { generation } = object.metadata;
  const said = saidBefore(object);
  const conditions = conclude(conditionsOf({ status: said }), verdictOf(error), { now, generation });
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  return answered(object, { ...withConditions(said, conditions), ...observed }, now);
};

/**
 * A reconciler's status as it is written: with the linter's advice as a condition, an answer to the annotation
 * reconcile-requested-at, and without Paused, because this object isn't.
 */
export const answered = (object: LiveObject, status: JsonObject, now: number): JsonObject => {
  const requested = object.metadata.annotations?.[ANNOTATION.reconcileRequestedAt];
  const conditions = withoutConditions(conditionsOf({ status }), CONDITION.paused);
  return {
    ...withConditions(status, advised(object, conditions, now)),
    ...(requested === undefined ? {} : { reconcileRequestedAt: requested }),
  };
};
