import type { PlanLine } from '../../cli/plan-lines';
import { planTree } from '../../cli/plan-tree';

const line = (parent: string, action: PlanLine['action'], object: string, more: Partial<PlanLine> = {}): PlanLine => ({
  parent,
  stage: 'apply 0',
  action,
  object,
  reasons: [],
  ...more,
});

const CONTAINER = 'WekaContainer/n/dist';
const POLICY = 'WekaPolicy/n/drivers';

test('children stand below what they belong to, whatever the order of the plans', () => {
  const lines = [
    line(CONTAINER, 'keep', 'Pod/n/dist'),
    line(POLICY, 'change', 'Service/n/a', { reasons: ['spec.ports[0].targetPort', 'metadata.labels'] }),
    line(POLICY, 'change', CONTAINER, { reasons: ['one', 'two'] }),
    line(POLICY, 'create', 'WekaContainer/other/b', { reasons: ['short'] }),
  ];
  expect(planTree(lines, [CONTAINER, POLICY], false)).toBe(`WekaPolicy/n/drivers
├─ ~ change Service/a
│       (spec.ports[0].targetPort)
│       (metadata.labels)
├─ ~ change WekaContainer/dist
│  │    (one)
│  │    (two)
│  └─ = keep Pod/dist
└─ + create WekaContainer/other/b  (short)
`);
});

test('stages are named where there are several', () => {
  const lines = [line(POLICY, 'create', 'Service/n/a'), line(POLICY, 'delete', 'Pod/n/b', { stage: 'prune' })];
  expect(planTree(lines, [POLICY], false)).toContain('├─ + create Service/a  [apply 0]\n└─ - delete Pod/b  [prune]\n');
});

test('what is refused itself is named once; what leads to nothing says so', () => {
  const refused = line('WekaCluster/n/c', 'refuse', 'WekaCluster/n/c', { reasons: ['not run yet'] });
  expect(planTree([refused], ['WekaCluster/n/c', POLICY], false)).toBe(
    'WekaCluster/n/c\n└─ ! refuse  (not run yet)\n\nWekaPolicy/n/drivers\n   nothing to do\n',
  );
});

test('nodes stand together, with what is written for each', () => {
  const lines = ['a', 'b'].map((name) => line(`Node/${name}`, 'create', `WekaNode/${name}`, { stage: 'shared' }));
  expect(planTree(lines, ['Node/a', 'Node/b'], false)).toBe('Nodes\n├─ + create WekaNode/a\n└─ + create WekaNode/b\n');
});

test('a break in a reason does not break the tree', () => {
  const lines = [line(POLICY, 'change', 'Pod/n/a', { reasons: ['a\n  b'] })];
  expect(planTree(lines, [POLICY], false)).toContain('└─ ~ change Pod/a  (a b)\n');
});
