/** Label and field selectors in the full grammar of the API. Parsed once, matched often. */
import type { KubeObject } from '../../lib/base/kube-object';

export type Matcher = (object: KubeObject) => boolean;
type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

const everything: Matcher = () => true;

/** A selector that can't be parsed. The message is the server's. */
export class SelectorError extends Error {}

const SET = /^([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUALITY = /^([^\s!=,()]+)\s*(==|!=|=)\s*([^\s!=,()]*)$/;
const EXISTS = /^(!?)\s*([^\s!=,()]+)$/;

/** Splits at commas that are not inside parentheses. */
const splitTerms = (text: string): string[] => text.split(/,(?![^(]*\))/).map((term) => term.trim());

const has = (labels: Labels, key: string): boolean => Object.hasOwn(labels, key);

const requirement = (term: string): Requirement => {
  const set = SET.exec(term);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    if (operator === 'in') return (labels) => has(labels, key) && values.has(labels[key] as string);
    return (labels) => !has(labels, key) || !values.has(labels[key] as string);
  }
  const equality = EQUALITY.exec(term);
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality;
    if (operator === '!=') return (labels) => labels[key] !== value;
    return (labels) => labels[key] === value;
  }
  const exists = EXISTS.exec(term);
  if (exists === null) throw new SelectorError(`unable to parse requirement: found '${term}', expected: identifier`);
  const [, not, key = ''] = exists;
  return (labels) => has(labels, key) === (not === '');
};

/** `a=b,c in (d,e),!f` as a predicate. Throws SelectorError. */
export const labelMatcher = (selector: string | undefined): Matcher => {
  if (selector === undefined || selector.trim() === '') return everything;
  const requirements = splitTerms(selector).map(requirement);
  return (object) => {
    const labels = object.metadata.labels ?? {};
    return requirements.every((holds) => holds(labels));
  };
};

/** Fields that the server can select by, for all kinds and for some. */
const COMMON_FIELDS = ['metadata.name', 'metadata.namespace'];
const KIND_FIELDS: Readonly<Record<string, readonly string[]>> = {
  'v1/Pod': [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  'v1/Node': ['spec.unschedulable'],
  'v1/Namespace': ['status.phase'],
  'v1/Secret': ['type'],
  'v1/Event': [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'reason',
    'type',
  ],
};

const fieldText = (object: KubeObject, path: string): string => {
  let value: unknown = object;
  for (const step of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[step];
  if (path === 'spec.unschedulable' || path === 'spec.hostNetwork') return value === true ? 'true' : 'false';
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
};

const fieldRequirement = (term: string, kind: string): Matcher => {
  const parsed = /^([^=!]+?)\s*(==|!=|=)\s*(.*)$/.exec(term);
  if (parsed === null) throw new SelectorError(`invalid selector: '${term}'; can't understand '${term}'`);
  const [, path = '', operator, value = ''] = parsed;
  if (!COMMON_FIELDS.includes(path) && !(KIND_FIELDS[kind] ?? []).includes(path)) {
    throw new SelectorError(`field label not supported: ${path}`);
  }
  if (operator === '!=') return (object) => fieldText(object, path) !== value;
  return (object) => fieldText(object, path) === value;
};

/** `spec.nodeName=a,metadata.name!=b` as a predicate for `kind` (`v1/Pod`). Throws SelectorError. */
export const fieldMatcher = (selector: string | undefined, kind: string): Matcher => {
  if (selector === undefined || selector.trim() === '') return everything;
  const requirements = splitTerms(selector).map((term) => fieldRequirement(term, kind));
  return (object) => requirements.every((holds) => holds(object));
};

/** A LabelSelector object (`matchLabels`, `matchExpressions`) as a predicate over labels. Empty selects everything. */
export const labelSelectorMatches = (selector: LabelSelector | undefined, labels: Labels): boolean => {
  if (selector === undefined) return false;
  const exact = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return exact && (selector.matchExpressions ?? []).every((each) => expressionMatches(each, labels));
};

export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly SelectorExpression[];
}

export interface SelectorExpression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** One expression of a label selector or a node selector term (which also knows Gt and Lt). */
export const expressionMatches = (expression: SelectorExpression, labels: Labels): boolean => {
  const { key, operator, values = [] } = expression;
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
};
