import type { JsonObject } from '../lib/base/json';
import type { Manifest } from '../lib/base/kube-object';
import { refOf, refString } from '../lib/base/kube-object';
import type { Step } from '../synth/plan';
import type { ParentPlan } from './offline-plan';
import { renderTable } from './render-table';
import type { Colour } from './terminal';
import { paint } from './terminal';

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

const SIGN: Readonly<Record<PlanLine['action'], string>> = {
  create: '+',
  change: '~',
  keep: '=',
  wait: '…',
  delete: '-',
  refuse: '!',
};
const COLOUR: Readonly<Record<PlanLine['action'], Colour>> = {
  create: 'green',
  change: 'yellow',
  keep: 'dim',
  wait: 'blue',
  delete: 'red',
  refuse: 'red',
};

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
      return [{ parent, stage, action: 'keep', object: refString(step.ref), reasons: [] }];
    case 'prune':
      return [{ parent, stage, action: 'delete', object: refString(step.ref), reasons: step.reasons }];
    case 'wait':
    case 'refuse':
      return [{ parent, stage, action: step.action, object: refString(step.ref), reasons: step.reasons }];
  }
};

/** The plan for people: a table for the records of nodes, one for each custom resource, and a last line that counts. */
export const renderPlan = (plans: readonly ParentPlan[], colour: boolean): string => {
  const nodes = plans.filter(({ parent }) => parent.kind === 'Node');
  const others = plans.filter(({ parent }) => parent.kind !== 'Node');
  const parts = [
    ...(nodes.length === 0 ? [] : [part('Nodes', planLines(nodes), colour)]),
    ...others.map((each) => part(refString(each.parent), planLines([each]), colour)),
  ];
  return `${parts.join('\n')}\n${summary(planLines(plans))}\n`;
};

const part = (title: string, lines: readonly PlanLine[], colour: boolean): string =>
  `${paint(colour, 'bold', title)}\n${lines.length === 0 ? '  nothing to do\n' : indent(table(lines, colour))}`;

const table = (lines: readonly PlanLine[], colour: boolean): string =>
  renderTable<PlanLine>(
    [
      {
        name: ' ',
        value: (each) => SIGN[each.action],
        style: (cell, each) => paint(colour, COLOUR[each.action], cell),
      },
      { name: 'STAGE', value: (each) => each.stage },
      { name: 'ACTION', value: (each) => each.action },
      { name: 'OBJECT', value: (each) => each.object },
      { name: 'WHY', value: (each) => each.reasons.join('; ') || '-' },
    ],
    lines,
  );

const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ');

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
