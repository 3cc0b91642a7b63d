import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lintFiles } from '../../cli/lint-files';
import { readFiles } from '../../cli/read-files';
import { validateObject } from '../../cli/validate-object';

/** Documents that others published. They are no part of the project: where they are missing, the suite says so. */
const CORPUS = process.env['WEKA_CORPUS'] ?? join(__dirname, '../../../shared/corpus');
const present = existsSync(join(CORPUS, 'INDEX.tsv'));

interface Entry {
  readonly file: string;
  readonly expect: string;
  /** Fields that the index says are wrong. */
  readonly fields: readonly string[];
}

const fieldsOf = (findings: string): readonly string[] =>
  findings
    .split(';')
    .map((part) => /(?:^|\s)((?:spec|metadata)[\w.]*)/.exec(part)?.[1])
    .filter((path): path is string => path !== undefined);

const entries: readonly Entry[] = present
  ? readFileSync(join(CORPUS, 'INDEX.tsv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'))
      .map(([file = '', , expected = '', findings = '']) => ({ file, expect: expected, fields: fieldsOf(findings) }))
  : [];

const lint = (entry: Entry) => {
  const read = readFiles([join(CORPUS, entry.file)]);
  return { read, findings: lintFiles(read, validateObject) };
};

const suite = present ? describe : describe.skip;
suite('the corpus of published documents', () => {
  const ok = entries.filter((entry) => entry.expect === 'ok');
  const wrong = entries.filter((entry) => entry.expect !== 'ok');

  test('has both kinds, in numbers', () => {
    expect(ok.length).toBeGreaterThan(50);
    expect(wrong.length).toBeGreaterThan(40);
  });

  test.each(ok)('$file has no errors', (entry) => {
    expect(lint(entry).findings.filter((finding) => finding.severity === 'error')).toEqual([]);
  });

  test.each(wrong)('$file ($expect) gets a finding that names the field, the line and a remedy', (entry) => {
    const { findings } = lint(entry);
    const errors = findings.filter((finding) => finding.severity === 'error');
    expect(errors).not.toEqual([]);
    const text = readFileSync(join(CORPUS, entry.file), 'utf8').split('\n');
    for (const finding of findings) {
      expect(finding.remedy).toMatch(/\.$|\?/);
      expect(finding.line).toBeLessThanOrEqual(text.length);
    }
    expect(errors.map((finding) => finding.field)).toEqual(expect.arrayContaining([...entry.fields]));
  });

  test.each(wrong)('$file: the line is the line of the field', (entry) => {
    const text = readFileSync(join(CORPUS, entry.file), 'utf8').split('\n');
    for (const field of entry.fields) {
      const key = field.split('.').at(-1) ?? '';
      const finding = lint(entry).findings.find((each) => each.field === field);
      expect(text[(finding?.line ?? 0) - 1]).toContain(`${key}:`);
    }
  });
});
