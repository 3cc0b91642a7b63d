import type { JsonObject } from '../lib/base/json';
import type { Manifest } from '../lib/base/kube-object';
import { refString } from '../lib/base/kube-object';
import type { ParentPlan } from './offline-plan';
import type { PlanLine } from './plan-lines';
import { planLines } from './plan-lines';
import { planTree } from './plan-tree';

/** The plan for people: a tree for each custom resource, one for the records of nodes, and a last line that counts. */
export const renderPlan = (plans: readonly ParentPlan[], colour: boolean): string => {
  const lines = planLines(plans);
  const parents = plans.map(({ parent }) => refString(parent));
  return `${planTree(lines, parents, colour)}\n${summary(lines)}\n`;
};

const summary = (lines: readonly PlanLine[]): string => {
  const count = (action: PlanLine['action']): number => lines.filter((each) => each.action === action).length;
  const parts = [
    `${count('create')} to create`,
    `${count('change')} to change`,
    `${count('delete')} to delete`,
    `${count('keep')} as they should be`,
  ];
  const refused = count('refuse') > 0 ? [`${count('refuse')} refused`] : [];
  return `Plan: ${[...parts, ...refused].join(', ')}.`;
};

/** Put on every child that is printed, so that nobody applies what belongs to the operator. */
export const DO_NOT_APPLY = 'weka.io/do-not-apply';

/** The children that a plan would apply, as they would be sent, each marked not to be applied. */
export const plannedChildren = (plans: readonly ParentPlan[]): readonly Manifest[] =>
  plans.flatMap(({ parent, plan }) =>
    plan.stages.flatMap((stage) =>
      stage.steps.flatMap((step) => (step.action === 'apply' ? [marked(step.manifest, refString(parent))] : [])),
    ),
  );

const marked = (manifest: Manifest, parent: string): Manifest => ({
  ...manifest,
  metadata: {
    ...manifest.metadata,
    annotations: { ...manifest.metadata.annotations, [DO_NOT_APPLY]: `the operator makes this from ${parent}` },
  },
});

/** The plan as `-o json` gives it. */
export const planDocument = (plans: readonly ParentPlan[]): JsonObject => ({
  steps: planLines(plans).map((each) => ({ ...each, reasons: [...each.reasons] })),
});
