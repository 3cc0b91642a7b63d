import { adviceOn } from '../../lib/api/lint/advice';
import type { Condition } from '../../lib/base/conditions';
import { findCondition, setCondition, SPEC_SOUND, withoutConditions } from '../../lib/base/conditions';
import type { LiveObject } from '../../lib/base/kube-object';

/**
 * `conditions` with what the linter has to say about the object: SpecSound is there only while False. Nothing is said of
 * what the operator itself wrote: it has an owner.
 */
export const advised = (object: LiveObject, conditions: readonly Condition[], now: number): readonly Condition[] => {
  const rest = withoutConditions(conditions, SPEC_SOUND);
  const advice = object.metadata.ownerReferences === undefined ? adviceOn(object) : undefined;
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
