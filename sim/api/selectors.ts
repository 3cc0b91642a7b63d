/** Label and field selectors in the full grammar of the API. Parsed once, matched often. */
import type { KubeObject } from '../../lib/base/kube-object';
import { causesOfKey, causesOfLabelValue } from './names';

export type Matcher = (object: KubeObject) => boolean;
type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

const everything: Matcher = () => true;

/** A selector that can't be parsed. The message is the server's. */
export class SelectorError extends Error {}

const has = (labels: Labels, key: string): boolean => Object.hasOwn(labels, key);

// — the grammar of label selectors ——————————————————————————————————————————————————————————————————————————————

/** Words, signs and the end (''), as the server's reader splits them. */
const tokensOf = (text: string): string[] => [...(text.match(/==|!=|[=!<>(),]|[^\s=!<>(),]+/g) ?? []), ''];
const isWord = (token: string): boolean => token !== '' && !/^(==|!=|[=!<>(),])$/.test(token);

class Reader {
  private at = 0;

  constructor(private readonly tokens: readonly string[]) {}

  peek(): string {
    return this.tokens[this.at] ?? '';
  }

  next(): string {
    const token = this.peek();
    this.at++;
    return token;
  }
}

const fail = (why: string): never => {
  throw new SelectorError(why);
};

const readRequirements = (reader: Reader): Requirement[] => {
  const found: Requirement[] = [];
  while (reader.peek() !== '') {
    const token = reader.peek();
    if (token !== '!' && !isWord(token)) fail(`found '${token}', expected: !, identifier, or 'end of string'`);
    found.push(readRequirement(reader));
    const after = reader.next();
    if (after === '') return found;
    if (after !== ',') fail(`found '${after}', expected: ',' or 'end of string'`);
    if (reader.peek() !== '!' && !isWord(reader.peek()))
      fail(`found '${reader.peek()}', expected: identifier after ','`);
  }
  return found;
};

const parseFailure = (why: string): never => fail(`unable to parse requirement: ${why}`);

const readRequirement = (reader: Reader): Requirement => {
  const absent = reader.peek() === '!';
  if (absent) reader.next();
  const key = reader.next();
  if (!isWord(key)) parseFailure(`found '${key}', expected: identifier`);
  const [fault] = causesOfKey(key);
  if (fault !== undefined) parseFailure(`<nil>: Invalid value: ${JSON.stringify(key)}: ${fault}`);
  const operator = reader.peek();
  if (absent) return (labels) => !has(labels, key);
  if (operator === '' || operator === ',') return (labels) => has(labels, key);
  reader.next();
  return comparison(key, operator, reader);
};

const comparison = (key: string, operator: string, reader: Reader): Requirement => {
  if (operator === 'in' || operator === 'notin') {
    const values = readSet(reader);
    values.forEach((value, index) => checkValue(key, value, index));
    return (labels) => (has(labels, key) && values.includes(labels[key] as string)) === (operator === 'in');
  }
  if (!['=', '==', '!=', '>', '<'].includes(operator)) {
    parseFailure(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
  }
  const value = isWord(reader.peek()) ? reader.next() : '';
  checkValue(key, value, 0);
  if (operator === '>' || operator === '<') return order(key, operator, value);
  return (labels) => (labels[key] === value) === (operator !== '!=');
};

const order = (key: string, operator: string, value: string): Requirement => {
  if (!/^-?\d+$/.test(value)) {
    const why = "for 'Gt', 'Lt' operators, the value must be an integer";
    parseFailure(`values[0]: Invalid value: ${JSON.stringify(value)}: ${why}`);
  }
  return (labels) => {
    const found = Number(labels[key] ?? Number.NaN);
    return operator === '>' ? found > Number(value) : found < Number(value);
  };
};

const checkValue = (key: string, value: string, index: number): void => {
  const [fault] = causesOfLabelValue(value);
  if (fault !== undefined) parseFailure(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${fault}`);
};

const readSet = (reader: Reader): string[] => {
  const open = reader.next();
  if (open !== '(') parseFailure(`found '${open}' expected: '('`);
  const values: string[] = [];
  for (let expectsValue = true; ;) {
    const token = reader.next();
    if (token === ')') return expectsValue ? [...values, ''] : values;
    if (token === '') return parseFailure("found '', expected: ',', or identifier");
    if (token === ',') {
      if (expectsValue) values.push('');
      expectsValue = true;
    } else {
      values.push(token);
      expectsValue = false;
    }
  }
};

/** `a=b,c in (d,e),!f` as a predicate. Throws SelectorError. */
export const labelMatcher = (selector: string | undefined): Matcher => {
  if (selector === undefined || selector.trim() === '') return everything;
  const requirements = readRequirements(new Reader(tokensOf(selector)));
  return (object) => {
    const labels = object.metadata.labels ?? {};
    return requirements.every((holds) => holds(labels));
  };
};

const splitTerms = (text: string): string[] => text.split(',').map((term) => term.trim());

/** Fields that the server can select by, for all kinds and for some. */
const COMMON_FIELDS = ['metadata.name', 'metadata.namespace'];
const GENERAL_KINDS = ['v1/ConfigMap', 'v1/ServiceAccount', 'apps/v1/DaemonSet', 'coordination.k8s.io/v1/Lease'];
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

const fieldRequirement = (term: string, kind: string, selector: string): Matcher => {
  const parsed = /^([^=!]+?)\s*(==|!=|=)\s*(.*)$/.exec(term);
  if (parsed === null) throw new SelectorError(`invalid selector: '${selector}'; can't understand '${term}'`);
  const [, path = '', operator, value = ''] = parsed;
  if (!COMMON_FIELDS.includes(path) && !(KIND_FIELDS[kind] ?? []).includes(path)) {
    // Kinds that say nothing of their fields get the general answer.
    const general = GENERAL_KINDS.includes(kind);
    const known = COMMON_FIELDS.map((each) => JSON.stringify(each)).join(', ');
    const why = `${JSON.stringify(path)} is not a known field selector: only ${known}`;
    throw new SelectorError(general ? why : `field label not supported: ${path}`);
  }
  if (operator === '!=') return (object) => fieldText(object, path) !== value;
  return (object) => fieldText(object, path) === value;
};

/** `spec.nodeName=a,metadata.name!=b` as a predicate for `kind` (`v1/Pod`). Throws SelectorError. */
export const fieldMatcher = (selector: string | undefined, kind: string): Matcher => {
  if (selector === undefined || selector.trim() === '') return everything;
  const requirements = splitTerms(selector).map((term) => fieldRequirement(term, kind, selector));
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
