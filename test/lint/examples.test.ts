import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crdApp } from '../../charts/main';
import { lintFiles } from '../../cli/lint-files';
import { readNodes } from '../../cli/node-list';
import { readFiles } from '../../cli/read-files';
import { validateObject } from '../../cli/validate-object';
import { gitopsApp } from '../../examples/gitops-app/main';
import { KINDS } from '../../lib/api/kinds';

const EXAMPLES = join(__dirname, '../../examples');
let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'weka-operator-examples-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const lint = (path: string) => {
  const read = readFiles([path]);
  return { kinds: read.documents.map(({ object }) => object['kind']), findings: lintFiles(read, validateObject) };
};

test('the examples have nothing to find', () => {
  const { kinds, findings } = lint(EXAMPLES);
  expect(kinds).toEqual(expect.arrayContaining(['WekaPolicy', 'WekaCluster', 'WekaClient', 'WekaContainer']));
  expect(findings).toEqual([]);
});

test('the example nodes are six, of three kernels and two architectures', () => {
  const { nodes, findings } = readNodes(readFiles([join(EXAMPLES, 'nodes.yaml')]));
  expect(findings).toEqual([]);
  expect(nodes).toHaveLength(6);
  expect(new Set(nodes.map(({ kernel }) => kernel)).size).toBe(3);
  expect(new Set(nodes.map(({ architecture }) => architecture)).size).toBe(2);
});

test('the cdk8s app writes documents that lint accepts, one file each, under the names it gives', () => {
  gitopsApp(directory).synth();
  const { kinds, findings } = lint(directory);
  expect(kinds.sort()).toEqual(['WekaClient', 'WekaClient', 'WekaClient', 'WekaCluster']);
  expect(findings).toEqual([]);
  expect(readdirSync(directory)).toContain('WekaCluster.shared.k8s.yaml');
});

test('cdk8s synth writes the definition of every kind', () => {
  crdApp(directory).synth();
  const { documents } = readFiles([directory]);
  expect(
    documents.map(({ object }) => (object as { spec: { names: { kind: string } } }).spec.names.kind).sort(),
  ).toEqual(KINDS.map(({ kind }) => kind).sort());
});
