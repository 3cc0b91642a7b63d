/** What kstatus and GitOps tools rely on in conditions, as rules that name what is wrong. Pure. */
import type { Condition } from '../../lib/base/conditions';
import { CONDITION, conditionsOf, findCondition, isTrue } from '../../lib/base/conditions';
import type { KubeObject } from '../../lib/base/kube-object';

const REASON_SHAPE = /^[A-Z][A-Za-z0-9_,:]*$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
/** What must not be in a text that is compared: times and counters of attempts. */
const VOLATILE = /\d\d:\d\d:\d\d|\battempt \d+/;
const STANDARD: readonly string[] = Object.values(CONDITION);

type Rule = (conditions: readonly Condition[], object: KubeObject) => readonly string[];
const when = (broken: boolean, fault: string): readonly string[] => (broken ? [fault] : []);

const wellFormed: Rule = (conditions, object) => {
  const raw = object.status?.['conditions'];
  return when(
    !Array.isArray(raw) || raw.length !== conditions.length,
    'status.conditions is missing or holds what is no condition',
  );
};
const unique: Rule = (conditions) =>
  when(new Set(conditions.map(({ type }) => type)).size !== conditions.length, 'a type occurs twice');
const readyPresent: Rule = (conditions) =>
  when(findCondition(conditions, CONDITION.ready) === undefined, 'Ready is missing');
const presentOnlyWhileTrue: Rule = (conditions) =>
  conditions
    .filter(({ type, status }) => type !== CONDITION.ready && STANDARD.includes(type) && status !== 'True')
    .map(({ type }) => `${type} is present but not True`);
const exclusive: Rule = (conditions) => [
  ...when(
    isTrue(conditions, CONDITION.reconciling) && isTrue(conditions, CONDITION.stalled),
    'Reconciling and Stalled are both True',
  ),
  ...when(
    isTrue(conditions, CONDITION.stalled) && isTrue(conditions, CONDITION.ready),
    'Stalled and Ready are both True',
  ),
];
const words: Rule = (conditions) =>
  conditions.flatMap(({ type, reason, message, lastTransitionTime }) => [
    ...when(!REASON_SHAPE.test(reason), `${type}: reason "${reason}" is not CamelCase`),
    ...when(!TIME.test(lastTransitionTime), `${type}: lastTransitionTime "${lastTransitionTime}" is no time`),
    ...when(VOLATILE.test(message), `${type}: message "${message}" holds what changes by itself`),
  ]);
const generations: Rule = (conditions, { metadata }) =>
  conditions
    .filter(({ observedGeneration }) => (observedGeneration ?? 0) > (metadata.generation ?? Infinity))
    .map(({ type }) => `${type}: observedGeneration is of the future`);

const RULES = [wellFormed, unique, readyPresent, presentOnlyWhileTrue, exclusive, words, generations];

/** Everything that is wrong with the conditions of `object`; empty when they follow the rules. */
export const conditionFaults = (object: KubeObject): readonly string[] => {
  const conditions = conditionsOf(object);
  return RULES.flatMap((rule) => rule(conditions, object));
};
