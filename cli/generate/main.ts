import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { GeneratedFile } from './files';
import { crdFiles, docFiles } from './files';
import { SCHEMAS_FILE, findSchemaSource, schemaFile } from './schemas';

/** The top of the checkout. */
const TOP = join(__dirname, '../..');

const current = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** Writes what differs and says so; a file that is right keeps its time stamp. */
const write = (files: readonly GeneratedFile[]): void => {
  for (const { path, content } of files) {
    const target = join(TOP, path);
    const same = current(target) === content;
    if (!same) {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
    }
    console.log(`${same ? 'unchanged' : 'written  '} ${path}`);
  }
};

/** Removes files of `directory` that are generated no longer: a kind that was renamed must not leave its CRD behind. */
const prune = (directory: string, files: readonly GeneratedFile[]): void => {
  const wanted = new Set(files.map(({ path }) => path));
  for (const name of readdirSync(join(TOP, directory))) {
    if (wanted.has(`${directory}/${name}`)) continue;
    rmSync(join(TOP, directory, name));
    console.log(`removed   ${directory}/${name}`);
  }
};

const crds = (): void => {
  const files = crdFiles();
  write(files);
  prune('crds', files);
};

const docs = (): void => {
  const files = docFiles();
  write(files);
  prune('docs/reference', files);
};

const schemas = (): void => {
  const source = findSchemaSource();
  if ('missing' in source)
    console.log(
      `kept      ${SCHEMAS_FILE}: ${source.missing}; with Go, run: go -C test/cluster/binaries mod download k8s.io/kubernetes`,
    );
  else write([schemaFile(source)]);
};

const COMMANDS: Readonly<Record<string, () => void>> = { crds, docs, schemas };

const main = (names: readonly string[]): number => {
  const unknown = names.filter((name) => COMMANDS[name] === undefined);
  if (unknown.length > 0) {
    console.error(
      `Unknown: ${unknown.join(', ')}. Usage: npm run generate -- [${Object.keys(COMMANDS).join('] [')}]; without a name, everything.`,
    );
    return 2;
  }
  for (const name of names.length === 0 ? Object.keys(COMMANDS) : names) COMMANDS[name]?.();
  return 0;
};

process.exitCode = main(process.argv.slice(2));
