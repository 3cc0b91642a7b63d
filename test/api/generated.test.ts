import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { EXAMPLES } from '../../cli/generate/examples';
import { crdFiles, docFiles } from '../../cli/generate/files';
import { KINDS } from '../../lib/api/kinds';
import { validate } from '../../lib/api/validate';
import type { JsonObject } from '../../lib/base/json';
import { ERRORS } from '../../lib/base/errors';

const TOP = join(__dirname, '../..');
const rows = [...crdFiles(), ...docFiles()].map(({ path, content }) => [path, content] as const);

test.each(rows)('%s is what the definitions give: run npm run generate', (path, content) => {
  expect(readFileSync(join(TOP, path), 'utf8') === content).toBe(true);
});

test.each(['crds', 'docs/reference'])('%s holds nothing else', (directory) => {
  const known = new Set(rows.map(([path]) => path));
  expect(readdirSync(join(TOP, directory)).filter((name) => !known.has(`${directory}/${name}`))).toEqual([]);
});

test('imports/ has one module a kind, each with the fields of its spec', () => {
  const modules = readdirSync(join(TOP, 'imports')).map((name) => readFileSync(join(TOP, 'imports', name), 'utf8'));
  const missing = KINDS.flatMap(({ kind, spec }) => {
    const module = modules.find((text) => text.includes(`export class ${kind} extends ApiObject`)) ?? '';
    return Object.keys(spec.properties)
      .filter((name) => !module.includes(`'${name}': `))
      .map((name) => `${kind}.spec.${name}`);
  });
  expect(missing).toEqual([]);
  expect(modules).toHaveLength(KINDS.length);
});

test.each(KINDS.map(({ kind }) => [kind]))('the example of %s is valid', (kind) => {
  expect(validate(parse(EXAMPLES[kind] ?? '') as JsonObject).problems).toEqual([]);
});

test('every error has its paragraph with the remedy', () => {
  const page = docFiles().find(({ path }) => path === 'docs/errors.md')?.content ?? '';
  const missing = Object.keys(ERRORS).filter((code) => !page.includes(`\n## ${code}\n`));
  expect(missing).toEqual([]);
  expect(page).toContain('**What to do.**');
});

test('a reference page lists fields, rules and columns', () => {
  const page = docFiles().find(({ path }) => path === 'docs/reference/wekapolicy.md')?.content ?? '';
  const row = page.split('\n').find((line) => line.includes('`spec.payload.driverDistPayload.buildTimeout`'));
  expect(row).toMatch(/\| duration \(30m, 1h\) \| 30m \| How long one build may take/);
  expect(page).toContain('`enable-local-drivers-distribution-needs-driver-dist-payload`');
  expect(page).toContain('| NEXT-RUN | `.status.nextRunTime` | always |');
});
