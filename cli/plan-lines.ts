import { refOf, refString } from '../lib/base/kube-object';
import type { Step } from '../synth/plan';
import type { ParentPlan } from './offline-plan';

/** One line of a plan, as `-o json` gives it. */
export interface PlanLine {
  /** `Kind/namespace/name` of the custom resource. */
  readonly parent: string;
  readonly stage: string;
  readonly action: 'create' | 'change' | 'keep' | 'wait' | 'delete' | 'refuse';
  /** `Kind/namespace/name` of the child. */
  readonly object: string;
  readonly reasons: readonly string[];
}

/** Every child with what would become of it, in the order it would happen. The inventory is bookkeeping and left out. */
export const planLines = (plans: readonly ParentPlan[]): readonly PlanLine[] => plans.flatMap(linesOf);

const linesOf = ({ parent, plan, shared, error }: ParentPlan): readonly PlanLine[] => {
  const from = refString(parent);
  const steps = plan.stages.flatMap((stage) => stage.steps.flatMap((step) => line(from, stage.name, step)));
  const writes = shared.map(({ manifest, live }): PlanLine => ({
    parent: from,
    stage: 'shared',
    action: live === undefined ? 'create' : 'change',
    object: refString(refOf(manifest)),
    reasons: [`record of ${from}`],
  }));
  if (error === undefined) return [...writes, ...steps];
  return [{ parent: from, stage: '-', action: 'refuse', object: from, reasons: [`${error.message} ${error.remedy}`] }];
};

const line = (parent: string, stage: string, step: Step): readonly PlanLine[] => {
  switch (step.action) {
    case 'save':
      return [];
    case 'apply':
      return [
        {
          parent,
          stage,
          action: step.change === 'create' ? 'create' : 'change',
          object: refString(refOf(step.manifest)),
          reasons: step.reasons,
        },
      ];
    case 'keep':
      return [{ parent, stage, action: 'keep', object: refString(step.ref), reasons: outdated(step.outdated) }];
    case 'prune':
      return [{ parent, stage, action: 'delete', object: refString(step.ref), reasons: step.reasons }];
    case 'wait':
    case 'refuse':
      return [{ parent, stage, action: step.action, object: refString(step.ref), reasons: step.reasons }];
  }
};

const outdated = (fields: readonly string[] = []): string[] =>
  fields.length === 0 ? [] : [`the next one will differ in ${fields.join(', ')}`];
