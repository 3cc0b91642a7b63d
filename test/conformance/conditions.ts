import { CONDITION, conditionsOf, findCondition, isTrue } from '../../lib/base/conditions';
import type { KubeObject } from '../../lib/base/kube-object';

const REASON_SHAPE = /^[A-Z][A-Za-z0-9_,:]*$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
/** What must not be in a text that is compared: times, and the random tails of generated names. */
const VOLATILE = /\d\d:\d\d:\d\d|\battempt \d+|-[bcdfghjklmnpqrstvwxz2456789]{5}\b(?=.*generated)/;

/** Everything that is wrong with the conditions of `object`; empty when they follow the rules. */
export const conditionFaults = (object: KubeObject): readonly string[] => {
  const raw = object.status?.['conditions'];
  if (raw === undefined) return ['status.conditions is missing'];
  const conditions = conditionsOf(object);
  const faults: string[] = [];
  if (!Array.isArray(raw) || raw.length !== conditions.length)
    faults.push('an entry of status.conditions is no condition');
  if (new Set(conditions.map(({ type }) => type)).size !== conditions.length) faults.push('a type occurs twice');
  if (findCondition(conditions, CONDITION.ready) === undefined) faults.push('Ready is missing');
  for (const type of [CONDITION.reconciling, CONDITION.stalled, CONDITION.paused]) {
    const found = findCondition(conditions, type);
    if (found !== undefined && found.status !== 'True') faults.push(`${type} is present but not True`);
  }
  if (isTrue(conditions, CONDITION.reconciling) && isTrue(conditions, CONDITION.stalled))
    faults.push('Reconciling and Stalled are both True');
  if (isTrue(conditions, CONDITION.stalled) && isTrue(conditions, CONDITION.ready))
    faults.push('Stalled and Ready are both True');
  for (const { type, reason, message, lastTransitionTime, observedGeneration } of conditions) {
    if (!REASON_SHAPE.test(reason)) faults.push(`${type}: reason "${reason}" is not CamelCase`);
    if (!TIME.test(lastTransitionTime)) faults.push(`${type}: lastTransitionTime "${lastTransitionTime}" is no time`);
    if (VOLATILE.test(message)) faults.push(`${type}: message "${message}" holds what changes by itself`);
    if ((observedGeneration ?? 0) > (object.metadata.generation ?? Infinity))
      faults.push(`${type}: observedGeneration is of the future`);
  }
  return faults;
};

/** Fails with all faults unless the conditions of `object` follow the rules that kstatus and GitOps tools rely on. */
export const assertConditionsConform = (object: KubeObject): void => {
  const faults = conditionFaults(object);
  if (faults.length > 0) throw new Error(`${object.kind}/${object.metadata.name}: ${faults.join('; ')}`);
};
