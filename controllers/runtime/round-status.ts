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
import { ANNOTATION } from '../../lib/base/names';

/** Whether somebody stopped all effects on the object: any value but `false`. */
export const isPaused = (object: LiveObject): boolean => {
  const value = object.metadata.annotations?.[ANNOTATION.paused];
  return value !== undefined && value !== 'false';
};

const withConditions = (status: JsonObject | undefined, conditions: readonly Condition[]): JsonObject => ({
  ...status,
  conditions: conditions as unknown as JsonValue[],
});

/** The status kept as it is, with Paused beside it; Ready stays what it was, or Unknown when nothing was ever said. */
export const pausedStatus = (object: LiveObject, now: number): JsonObject => {
  const claim = {
    reason: REASON.paused,
    message: `The annotation ${ANNOTATION.paused} stops all effects; remove it to go on.`,
  };
  const before = withoutConditions(conditionsOf(object), CONDITION.reconciling);
  const paused = setCondition(before, { type: CONDITION.paused, status: 'True', ...claim }, now);
  const known = findCondition(paused, CONDITION.ready) !== undefined;
  return withConditions(
    object.status,
    known ? paused : setCondition(paused, { type: CONDITION.ready, status: 'Unknown', ...claim }, now),
  );
};

/** The status kept as it is, with the standard conditions saying why nothing could be planned. */
export const troubledStatus = (object: LiveObject, error: OperatorError, now: number): JsonObject => {
  const generation = object.metadata.generation;
  const before = withoutConditions(conditionsOf(object), CONDITION.paused);
  const status = withConditions(object.status, conclude(before, verdictOf(error), { now, generation }));
  return generation === undefined ? status : { ...status, observedGeneration: generation };
};

/**
 * A reconciler's status as it is written: `reconcileRequestedAt` answers the annotation, and Paused is gone because this
 * object isn't.
 */
export const answered = (object: LiveObject, status: JsonObject): JsonObject => {
  const requested = object.metadata.annotations?.[ANNOTATION.reconcileRequestedAt];
  const conditions = withoutConditions(conditionsOf({ status }), CONDITION.paused);
  return {
    ...status,
    ...(status['conditions'] === undefined ? {} : { conditions: conditions as unknown as JsonValue[] }),
    ...(requested === undefined ? {} : { reconcileRequestedAt: requested }),
  };
};
