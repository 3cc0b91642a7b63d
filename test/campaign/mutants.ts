/**
 * `npm run mutants`: applies each deliberate bug of the table to a copy of the source and runs the test that must catch
 * it. Exit status: 0 all were caught, 1 one survived.
 *
 *   --only TEXT   only mutants whose id contains it
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Mutant } from './mutants-table';
import { MUTANTS } from './mutants-table';

const ROOT = join(__dirname, '..', '..');
const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', '.git', 'build', 'dist', 'bin', 'coverage', 'imports']);

const copyOfTheSource = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'weka-operator-mutants-'));
  cpSync(ROOT, directory, { recursive: true, filter: (path) => path === ROOT || !LEFT_OUT.has(basename(path)) });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return directory;
};

/** Whether its test passes in the copy as it is. */
const passes = ({ caughtBy: [test, name] }: Mutant, directory: string): boolean => {
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = [jest, '--rootDir', directory, '--runTestsByPath', test, ...(name === '' ? [] : ['-t', name])];
  return spawnSync(process.execPath, args, { cwd: directory, stdio: 'ignore', timeout: 300_000 }).status === 0;
};

/** Whether its test, which passes otherwise, fails with the bug in place. */
const isCaught = (mutant: Mutant, directory: string): boolean => {
  if (!passes(mutant, directory)) throw new Error(`${mutant.caughtBy.join(': ')} fails without any bug put in.`);
  const path = join(directory, mutant.file);
  const text = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    text.replace(mutant.find, () => mutant.replace),
  );
  const caught = !passes(mutant, directory);
  writeFileSync(path, text);
  return caught;
};

const main = (): number => {
  const at = process.argv.indexOf('--only');
  const only = at < 0 ? '' : (process.argv[at + 1] ?? '');
  const directory = copyOfTheSource();
  const survivors: Mutant[] = [];
  try {
    for (const mutant of MUTANTS.filter(({ id }) => id.includes(only))) {
      const caught = isCaught(mutant, directory);
      process.stdout.write(`${caught ? 'caught  ' : 'SURVIVED'}  ${mutant.id}  (${mutant.caughtBy.join(': ')})\n`);
      if (!caught) survivors.push(mutant);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  process.stdout.write(`${survivors.length} of ${MUTANTS.length} survived.\n`);
  return survivors.length === 0 ? 0 : 1;
};

process.exitCode = main();
