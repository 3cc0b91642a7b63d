import { adviceOn } from '../../lib/api/lint/advice';
import type { Advice } from '../../lib/api/lint/advice';
import type { Condition } from '../../lib/base/conditions';
import { findCondition, setCondition, SPEC_SOUND, withoutConditions } from '../../lib/base/conditions';
import type { LiveObject } from '../../lib/base/kube-object';

interface Remembered {
  readonly labels: unknown;
  readonly annotations: unknown;
  readonly advice: Advice | undefined;
}

/** By spec, as long as it is held: advice is about what a user wrote, and a change of status asks for it again. */
const remembered = new WeakMap<object, Remembered>();

const adviceFor = (object: LiveObject): Advice | undefined => {
  const { labels, annotations } = object.metadata;
  const known = remembered.get(object.spec ?? object);
  if (known !== undefined && known.labels === labels && known.annotations === annotations) return known.advice;
  const advice = adviceOn(object);
  remembered.set(object.spec ?? object, { labels, annotations, advice });
  return advice;
};

/**
 * `conditions` with what the linter has to say about the object: SpecSound is there only while False. Nothing is said of
 * what the operator itself wrote: it has an owner.
 */
export const advised = (object: LiveObject, conditions: readonly Condition[], now: number): readonly Condition[] => {
  const rest = withoutConditions(conditions, SPEC_SOUND);
  const advice = object.metadata.ownerReferences === undefined ? adviceFor(object) : undefined;
  if (advice === undefined) return rest;
  const { generation } = object.metadata;
  const before = findCondition(conditions, SPEC_SOUND);
  const claim = { type: SPEC_SOUND, status: 'False', ...advice } as const;
  return setCondition(
    before === undefined ? rest : [...rest, before],
    { ...claim, ...(generation === undefined ? {} : { observedGeneration: generation }) },
    now,
  );
};
