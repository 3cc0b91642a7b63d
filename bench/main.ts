/** Measures the engine beside what a user would pick instead: `npm run bench`. Documented in docs/benchmarks.md. */
import { writeFileSync } from 'node:fs';
import { loads, machine } from './child';
import type { BenchArguments } from './cli-arguments';
import { parseArguments, USAGE } from './cli-arguments';
import { compileChildren } from './compile';
import type { Measure } from './measure';
import { MEASURES } from './measures';
import type { Row } from './row';
import { notMeasured } from './row';
import { markdown, table } from './table';

const main = async (options: BenchArguments): Promise<void> => {
  const chosen = MEASURES.filter(({ id }) => concerns(id, options.only));
  if (chosen.length === 0)
    throw new Error(`no measure begins with ${options.only}: ${MEASURES.map(({ id }) => id).join(', ')}`);
  const before = loads();
  compileChildren();
  const rows: Row[] = [];
  for (const measure of chosen) rows.push(...(await measured(measure)));
  const told = options.only === undefined ? rows : rows.filter(({ id }) => concerns(id, options.only));
  process.stdout.write(`${(options.markdown ? markdown : table)(told)}\n${machine()}; ${before}\n${summary(told)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(told, null, 2)}\n`);
};

/** `synthesis/json` asks for synthesis, and `syn` does. */
const concerns = (id: string, only = ''): boolean => id.startsWith(only) || only.startsWith(`${id}/`);

const measured = async (measure: Measure): Promise<readonly Row[]> => {
  const { id } = measure;
  const begin = Date.now();
  process.stderr.write(`${id} …\n`);
  try {
    return await measure.run();
  } catch (thrown) {
    // One measure that fails must not take the others' figures with it.
    process.stderr.write(`${id} failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
    return [notMeasured(id, thrown)];
  } finally {
    process.stderr.write(`${id}: ${((Date.now() - begin) / 1000).toFixed(1)} s\n`);
  }
};

const summary = (rows: readonly Row[]): string => {
  const judged = rows.filter(({ met }) => met !== null);
  const missed = judged.filter(({ met }) => met === false).map(({ id }) => id);
  const met = `${judged.length - missed.length} of ${judged.length} targets met`;
  return missed.length === 0 ? met : `${met}; missed: ${missed.join(', ')}`;
};

const start = async (): Promise<void> => {
  const options = parseArguments(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else await main(options);
};

start().catch((thrown: unknown) => {
  // Figures are for people to judge: only a bench that could not run at all says so by its exit code.
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n${USAGE}`);
  process.exitCode = 2;
});
