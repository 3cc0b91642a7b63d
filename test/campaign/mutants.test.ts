import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MUTANTS } from './mutants-table';

const ROOT = join(__dirname, '..', '..');

describe('the table of deliberate bugs', () => {
  it('holds at least twelve, each under a name of its own', () => {
    expect(new Set(MUTANTS.map(({ id }) => id)).size).toBe(MUTANTS.length);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(12);
  });

  test.each(MUTANTS.map((mutant) => [mutant.id, mutant] as const))(
    '%s: it can be put in',
    (_, { file, find, replace }) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      expect(text.split(find)).toHaveLength(2);
      expect(replace).not.toBe(find);
    },
  );

  test.each(MUTANTS.map((mutant) => [mutant.id, mutant] as const))(
    '%s: its test is there',
    (_, { caughtBy: [test, name] }) => {
      expect(existsSync(join(ROOT, test))).toBe(true);
      const words = name.replace(/^.*: /, '').replace(/^as .*/, 'as %s');
      expect(readFileSync(join(ROOT, test), 'utf8')).toContain(words);
    },
  );
});
