import type { JsonObject, JsonValue } from '../lib/base/json';
import { isJsonObject } from '../lib/base/json';
import type { Path } from '../lib/api/lint/path';
import { closest } from '../lib/api/lint/closest';
import { pathText } from '../lib/api/lint/path';
import type { Finding } from './finding';
import { fromFile } from './finding';
import type { SourceDocument } from './parse-yaml';
import type { ReadResult } from './read-files';

/** A node that plan and simulate reckon with. */
export interface PlannedNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As `uname -r` prints it. */
  readonly kernel: string;
  /** As Kubernetes names it: amd64, arm64. */
  readonly architecture: string;
  readonly osImage: string;
  readonly unschedulable: boolean;
  readonly taints: readonly JsonObject[];
  /** status.allocatable; empty: whatever the simulator gives. */
  readonly allocatable: Readonly<Record<string, string>>;
  /** The Node object itself, when one was given. */
  readonly object?: JsonObject;
}

/** The nodes of the files, or what is wrong with them. */
export interface NodeList {
  readonly nodes: readonly PlannedNode[];
  readonly findings: readonly Finding[];
}

/** Of a node in the short form that doesn't say. */
export const DEFAULT_KERNEL = '6.1.0-28-amd64';
const FIELDS = [
  'name',
  'labels',
  'kernel',
  'architecture',
  'osImage',
  'unschedulable',
  'taints',
  'allocatable',
  'count',
];

/**
 * Node lists: Node objects (also as `kind: List`), and documents `nodes: [{name, labels, kernel, architecture, …}]`.
 * `count: 3` beside `name: worker` stands for worker-1 to worker-3. A name that occurs twice is refused.
 */
export const readNodes = (read: ReadResult): NodeList => {
  const entries = read.documents.flatMap(entriesOf);
  const problems = entries.flatMap((entry) => ('finding' in entry ? [entry.finding] : []));
  const nodes = entries.flatMap((entry) => ('node' in entry ? [entry] : []));
  return {
    nodes: nodes.map(({ node }) => node),
    findings: [...read.problems.map(fromFile), ...problems, ...duplicates(nodes)],
  };
};

/** Whether a document is a node list in the short form: nothing for Kubernetes, but found beside what is. */
export const isNodeList = ({ object }: SourceDocument): boolean =>
  object['kind'] === undefined && object['apiVersion'] === undefined && Array.isArray(object['nodes']);

type Entry =
  { readonly node: PlannedNode; readonly source: SourceDocument; readonly path: Path } | { readonly finding: Finding };

const finding = (
  source: SourceDocument,
  path: Path,
  said: Pick<Finding, 'name' | 'rule' | 'message' | 'remedy'>,
): Finding => ({
  file: source.file,
  line: source.lineOf(path),
  document: source.document,
  kind: 'Node',
  field: pathText(path),
  severity: 'error',
  ...said,
});

const entriesOf = (source: SourceDocument): readonly Entry[] => {
  const { object } = source;
  if (object['kind'] === 'Node') return [fromNode(source)];
  const nodes = object['nodes'];
  if (Array.isArray(nodes)) return nodes.flatMap((item, index) => fromShort(source, item, ['nodes', index]));
  const kind = typeof object['kind'] === 'string' ? `a ${object['kind']}` : 'no list of nodes';
  return [
    {
      finding: finding(source, [], {
        name: '',
        rule: 'not-a-node',
        message: `The document is ${kind}.`,
        remedy: 'Give Node objects (kubectl get nodes -o yaml), or nodes: [{name: …, labels: {…}, kernel: …}].',
      }),
    },
  ];
};

const texts = (value: JsonValue | undefined): Readonly<Record<string, string>> =>
  isJsonObject(value)
    ? Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, typeof item === 'string' ? item : JSON.stringify(item)]),
      )
    : {};
const text = (value: JsonValue | undefined, otherwise: string): string =>
  typeof value === 'string' && value !== '' ? value : otherwise;
const objects = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];
const child = (value: JsonValue | undefined, key: string): JsonObject =>
  isJsonObject(value) && isJsonObject(value[key]) ? value[key] : {};

const fromNode = (source: SourceDocument): Entry => {
  const { object } = source;
  const metadata = child(object, 'metadata');
  const status = child(object, 'status');
  const info = child(status, 'nodeInfo');
  const name = text(metadata['name'], '');
  if (name === '') return nameless(source, ['metadata', 'name']);
  const spec = child(object, 'spec');
  const node: PlannedNode = {
    name,
    labels: texts(metadata['labels']),
    kernel: text(info['kernelVersion'], DEFAULT_KERNEL),
    architecture: text(info['architecture'], 'amd64'),
    osImage: text(info['osImage'], ''),
    unschedulable: spec['unschedulable'] === true,
    taints: objects(spec['taints']),
    allocatable: texts(status['allocatable']),
    object,
  };
  return { node, source, path: ['metadata', 'name'] };
};

const nameless = (source: SourceDocument, path: Path): Entry => ({
  finding: finding(source, path, {
    name: '',
    rule: 'missing-name',
    message: 'A node without a name.',
    remedy: 'Write its name.',
  }),
});

const fromShort = (source: SourceDocument, item: JsonValue, path: Path): readonly Entry[] => {
  const entry = typeof item === 'string' ? { name: item } : item;
  if (!isJsonObject(entry) || text(entry['name'], '') === '') return [nameless(source, [...path, 'name'])];
  const name = text(entry['name'], '');
  const unknown = Object.keys(entry).filter((key) => !FIELDS.includes(key));
  if (unknown.length > 0) return unknown.map((key) => ({ finding: unknownKey(source, [...path, key], name) }));
  return names(name, entry['count']).map((each): Entry => ({
    node: shortNode(each, entry),
    source,
    path: [...path, 'name'],
  }));
};

const unknownKey = (source: SourceDocument, path: Path, name: string): Finding => {
  const key = String(path.at(-1));
  const meant = closest(key, FIELDS);
  const remedy = meant === undefined ? `Use ${FIELDS.join(', ')}.` : `Did you mean ${meant}?`;
  return finding(source, path, {
    name,
    rule: 'unknown-field',
    message: `"${key}" is not a field of a node in the short form.`,
    remedy,
  });
};

const names = (name: string, count: JsonValue | undefined): readonly string[] =>
  typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= 10_000
    ? Array.from({ length: count }, (_, index) => `${name}-${index + 1}`)
    : [name];

const shortNode = (name: string, entry: JsonObject): PlannedNode => ({
  name,
  labels: texts(entry['labels']),
  kernel: text(entry['kernel'], DEFAULT_KERNEL),
  architecture: text(entry['architecture'], 'amd64'),
  osImage: text(entry['osImage'], ''),
  unschedulable: entry['unschedulable'] === true,
  taints: objects(entry['taints']),
  allocatable: texts(entry['allocatable']),
});

const duplicates = (
  nodes: readonly { readonly node: PlannedNode; readonly source: SourceDocument; readonly path: Path }[],
): readonly Finding[] => {
  const first = new Map<string, string>();
  return nodes.flatMap(({ node, source, path }) => {
    const here = `${source.file}:${source.lineOf(path)}`;
    const earlier = first.get(node.name);
    if (earlier === undefined) first.set(node.name, here);
    if (earlier === undefined) return [];
    return [
      finding(source, path, {
        name: node.name,
        rule: 'duplicate-node',
        message: `Node "${node.name}" was already given in ${earlier}.`,
        remedy: 'Keep one of them.',
      }),
    ];
  });
};
