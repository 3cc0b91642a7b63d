/**
 * Constructs in, manifests out: a fresh App for every call (a tree is never rendered twice: constructs may change while
 * they render), one chart, nothing written anywhere. The order is that of applying, not of construction, and no
 * dependency edges are looked at: cdk8s sorts them in exponential time, and order is the plan's business. Linear in the
 * number of objects. All problems are told at once, each with the path of its construct.
 */
import { ApiObject, App, Chart } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { isRendered, plainJson } from '../lib/base/cdk';
import { OperatorError } from '../lib/base/errors';
import type { Manifest } from '../lib/base/kube-object';
import { groupOf, refOf, refString } from '../lib/base/kube-object';
import { compareRefs } from './kind-order';

/** A chart that knows which objects asked it for a name, because they were given none. */
class NamingChart extends Chart {
  readonly unnamed = new Set<ApiObject>();

  override generateObjectName(object: ApiObject): string {
    this.unnamed.add(object);
    return 'unnamed';
  }
}

interface Found {
  readonly path: string;
  readonly manifest: Manifest;
}

/** The path without the chart's own id, as the author of the construct knows it. */
const pathOf = (construct: IConstruct): string => construct.node.path.replace(/^chart\//, '') || construct.node.id;

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

const manifestOf = (object: ApiObject, problems: string[]): Manifest => {
  if (isRendered(object)) return object.renderInto(problems);
  return plainJson(object.toJson(), problems) as unknown as Manifest;
};

const collect = (object: ApiObject, problems: string[]): Found | undefined => {
  const path = pathOf(object);
  const own: string[] = [];
  try {
    const manifest = manifestOf(object, own);
    problems.push(...own.map((problem) => `${path}: ${problem}`));
    return { path, manifest };
  } catch (thrown) {
    problems.push(`${path}: ${messageOf(thrown)}`);
    return undefined;
  }
};

/** Kind, group, namespace and name: two versions of a kind are one object. */
const identity = ({ apiVersion, kind, metadata }: Manifest): string =>
  [groupOf(apiVersion), kind, metadata.namespace ?? '', metadata.name].join('\n');

const findDuplicates = (found: readonly Found[], problems: string[]): void => {
  const first = new Map<string, string>();
  for (const { path, manifest } of found) {
    const key = identity(manifest);
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, path);
    else problems.push(`${path}: ${refString(refOf(manifest))} is made twice, also by ${earlier}`);
  }
};

const fail = (problems: readonly string[]): never => {
  throw new OperatorError('RenderFailed', { problems: problems.join('; ') });
};

/**
 * The manifests of everything that `build` adds to the chart, in apply order.
 * Throws RenderFailed with all problems: validation messages, missing names, duplicates, values JSON can't carry.
 */
export const render = (build: (chart: Chart) => void): Manifest[] => {
  const chart = new NamingChart(new App(), 'chart');
  build(chart);
  const problems: string[] = [];
  const found: Found[] = [];
  for (const construct of chart.node.findAll()) {
    problems.push(...construct.node.validate().map((message) => `${pathOf(construct)}: ${message}`));
    if (!ApiObject.isApiObject(construct)) continue;
    if (chart.unnamed.has(construct))
      problems.push(`${pathOf(construct)}: metadata.name is missing; names are never made from paths`);
    else {
      const one = collect(construct, problems);
      if (one !== undefined) found.push(one);
    }
  }
  findDuplicates(found, problems);
  if (problems.length > 0) fail(problems);
  return found
    .map(({ manifest }) => ({ manifest, ref: refOf(manifest) }))
    .sort((a, b) => compareRefs(a.ref, b.ref))
    .map(({ manifest }) => manifest);
};
