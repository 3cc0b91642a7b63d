import type { PlanLine } from './plan-lines';
import type { Colour } from './terminal';
import { paint } from './terminal';

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
/** Reasons up to this long stand behind the object; longer ones, and several, below it. */
const SHORT = 60;

/**
 * A plan as trees: each custom resource with its children, and theirs below them. An object in the namespace of its tree is
 * named without it. Stages are named where there are several. Pure.
 */
export const planTree = (lines: readonly PlanLine[], parents: readonly string[], colour: boolean): string => {
  const below = group(lines);
  const nested = new Set(lines.filter(({ parent, object }) => parent !== object).map(({ object }) => object));
  const records = lines.filter(({ parent }) => isNode(parent));
  const roots = parents.filter((parent) => !isNode(parent) && !nested.has(parent));
  const trees = [
    ...(records.length === 0 ? [] : [tree('Nodes', records, { below: new Map(), namespace: '', colour })]),
    ...roots.map((root) => tree(root, below.get(root) ?? [], { below, namespace: namespaceOf(root), colour })),
  ];
  return trees.join('\n');
};

interface Drawing {
  /** Lines by parent. */
  readonly below: ReadonlyMap<string, readonly PlanLine[]>;
  readonly namespace: string;
  readonly colour: boolean;
}

const group = (lines: readonly PlanLine[]): ReadonlyMap<string, readonly PlanLine[]> => {
  const groups = new Map<string, PlanLine[]>();
  for (const line of lines) groups.set(line.parent, [...(groups.get(line.parent) ?? []), line]);
  return groups;
};

const isNode = (parent: string): boolean => parent.startsWith('Node/');

/** Of `Kind/namespace/name`; empty when it has none. */
const namespaceOf = (object: string): string => object.split('/').slice(1, -1).join('/');

const tree = (title: string, lines: readonly PlanLine[], drawing: Drawing): string => {
  const rest = lines.length === 0 ? ['   nothing to do'] : branches(lines, '', drawing);
  return [paint(drawing.colour, 'bold', title), ...rest, ''].join('\n');
};

const branches = (lines: readonly PlanLine[], indent: string, drawing: Drawing): readonly string[] => {
  const staged = new Set(lines.map(({ stage }) => stage)).size > 1;
  return lines.flatMap((line, index) => {
    const last = index === lines.length - 1;
    const inner = `${indent}${last ? '   ' : '│  '}`;
    const children = line.object === line.parent ? [] : (drawing.below.get(line.object) ?? []);
    const [head, ...reasons] = entry(line, staged, drawing);
    return [
      `${indent}${last ? '└─ ' : '├─ '}${head}`,
      ...reasons.map((reason) => `${inner}${children.length > 0 ? '│' : ' '}    ${reason}`),
      ...branches(children, inner, drawing),
    ];
  });
};

/** `+ create Pod/a  it does not exist`; long reasons on lines of their own. */
const entry = (line: PlanLine, staged: boolean, { namespace, colour }: Drawing): readonly [string, ...string[]] => {
  const reasons = line.reasons.map((reason) => paint(colour, 'dim', `(${reason.replaceAll(/\s*\n\s*/g, ' ')})`));
  // A resource that is refused itself is named by the line above.
  const name = line.object === line.parent ? '' : ` ${shortName(line.object, namespace)}`;
  const what = `${SIGN[line.action]} ${line.action}${name}`;
  const head = `${paint(colour, COLOUR[line.action], what)}${staged ? paint(colour, 'dim', `  [${line.stage}]`) : ''}`;
  const [only = ''] = reasons;
  return reasons.length === 1 && (line.reasons[0] ?? '').length <= SHORT ? [`${head}  ${only}`] : [head, ...reasons];
};

const shortName = (object: string, namespace: string): string => {
  const [kind = '', ...rest] = object.split('/');
  return rest.length === 2 && rest[0] === namespace ? `${kind}/${rest[1]}` : object;
};
