/**
 * `npm test`, `make test`: every check and every suite, and one last line that counts them all. A check (types, lint,
 * format, generated files, build) counts as one test. The exit status is 0 only when nothing failed.
 *
 * Arguments: `--only NAME,…` runs just those steps.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NOTES_VARIABLE } from './cluster/shared-control-plane';
import { readGenerated, staleFiles } from './generated';
import type { JestReport, Tally } from './summary';
import { addUp, skippedSuites, summaryLine, tallyOf } from './summary';

const ROOT = join(__dirname, '..');

const run = (
  command: string,
  args: readonly string[],
  how: { readonly quiet?: boolean; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<number> =>
  new Promise((resolve) => {
    const env = { ...process.env, ...how.env };
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ['ignore', how.quiet ? 'ignore' : 'inherit', 'inherit'],
      env,
    });
    child.once('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      resolve(127);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });

const npm = (script: string) => async (): Promise<boolean> => (await run('npm', ['run', '--silent', script])) === 0;

/** Generated files are committed: making them again must change none. */
const generated = async (): Promise<boolean> => {
  const before = await readGenerated(ROOT);
  for (const script of ['import', 'docs']) if (!(await npm(script)())) return false;
  const stale = staleFiles(before, await readGenerated(ROOT));
  for (const file of stale) process.stderr.write(`stale: ${file} is not what npm run import and npm run docs make\n`);
  return stale.length === 0;
};

const CHECKS: Readonly<Record<string, () => Promise<boolean>>> = {
  generated,
  typecheck: npm('typecheck'),
  lint: npm('lint'),
  format: npm('format:check'),
  build: npm('build'),
};

const check = async (name: string, holds: () => Promise<boolean>): Promise<Tally> => {
  const start = Date.now();
  process.stdout.write(`check ${name} …\n`);
  const ok = await holds();
  process.stdout.write(`check ${name}: ${ok ? 'passed' : 'FAILED'} (${((Date.now() - start) / 1000).toFixed(1)} s)\n`);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
};

/**
 * Which suites jest runs at a time. A real node is a whole machine emulated by one core and runs what it compiles on
 * that core, so its suites come last and have the other core to themselves; the rest share both.
 */
const SHIFTS: Readonly<Record<string, readonly string[]>> = {
  suites: ['--ignoreProjects', 'e2e', '--maxWorkers=2'],
  e2e: ['--selectProjects', 'e2e', '--runInBand'],
};

const suites = async (which: readonly string[]): Promise<Tally> => {
  const directory = mkdtempSync(join(tmpdir(), 'weka-operator-tests-'));
  const [report, notes] = [join(directory, 'report.json'), join(directory, 'notes.txt')];
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  try {
    const args = [jest, '--json', `--outputFile=${report}`, ...which];
    // With --json jest prints the report on its standard output too; what people read goes to standard error.
    const status = await run(process.execPath, args, { quiet: true, env: { [NOTES_VARIABLE]: notes } });
    const results = JSON.parse(readOr(report, '{"testResults":[]}')) as JestReport;
    announce(skippedSuites(results), readOr(notes, ''));
    return tallyOf(results, status);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

const readOr = (file: string, otherwise: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
};

const announce = (skipped: readonly string[], notes: string): void => {
  if (skipped.length === 0) return;
  process.stdout.write(
    `\nSKIPPED suites (${skipped.length}):\n${skipped.map((name) => `  ${name}\n`).join('')}${notes}`,
  );
};

const main = async (): Promise<number> => {
  const at = process.argv.indexOf('--only');
  const only = at < 0 ? undefined : (process.argv[at + 1] ?? '').split(',');
  const tallies: Tally[] = [];
  for (const [name, holds] of Object.entries(CHECKS)) {
    if (only === undefined || only.includes(name)) tallies.push(await check(name, holds));
  }
  for (const [name, which] of Object.entries(SHIFTS)) {
    if (only === undefined || only.includes(name)) tallies.push(await suites(which));
  }
  const total = addUp(tallies);
  process.stdout.write(`${summaryLine(total)}\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
};

void main().then((code) => {
  process.exitCode = code;
});
