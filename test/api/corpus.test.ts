import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Document } from 'yaml';
import { parseAllDocuments, stringify } from 'yaml';
import { lintDocument } from '../../lib/api/lint/lint';
import { parsePath, valueAt } from '../../lib/api/lint/path';
import { placeholderIn } from '../../lib/api/lint/placeholders';
import type { Problem } from '../../lib/api/validate';
import { validate, withDefaults } from '../../lib/api/validate';
import type { JsonObject } from '../../lib/base/json';

/**
 * Real documents, published by others and kept outside the project: ../shared/corpus beside the checkout, or where
 * WEKA_CORPUS says. INDEX.tsv says of each what must come of it.
 */
const named = process.env['WEKA_CORPUS'];
const directory = named ?? join(__dirname, '../../../shared/corpus');
const present = existsSync(join(directory, 'INDEX.tsv'));

interface Row {
  readonly file: string;
  readonly kind: string;
  readonly expected: string;
  readonly findings: string;
}

const rows: readonly Row[] = present
  ? readFileSync(join(directory, 'INDEX.tsv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'))
      .map(([file = '', kind = '', expected = '', findings = '']) => ({ file, kind, expected, findings }))
  : [];

const read = (file: string): string => readFileSync(join(directory, file), 'utf8');
const documentsOf = (file: string): readonly Document.Parsed[] => {
  const documents = parseAllDocuments(read(file));
  return Array.isArray(documents)
    ? documents.filter((document) => document.contents !== null || document.errors.length > 0)
    : [];
};
/** The one custom resource in a file. */
const objectOf = (file: string): JsonObject => {
  const [document, ...others] = documentsOf(file);
  if (document === undefined || others.length > 0 || document.errors.length > 0)
    throw new Error(`${file} is not one document`);
  return document.toJS() as JsonObject;
};
const problemsOf = (file: string): readonly Problem[] => validate(objectOf(file)).problems;
const chosen = (expected: string): [string, Row][] =>
  rows.filter((row) => row.expected === expected).map((row) => [row.file, row]);
const count = (expected: string): string => `${chosen(expected).length} of ${rows.length}`;

if (!present && named !== undefined)
  test('the corpus', () => expect(`WEKA_CORPUS=${named} holds no INDEX.tsv: correct or unset it`).toBe('found'));
else if (!present)
  test.skip('CORPUS SKIPPED: ../shared/corpus is not there; set WEKA_CORPUS to the folder of real documents', () =>
    undefined);
else {
  test(`the index names ${rows.length} documents, each of an outcome that is tested`, () => {
    const outcomes = new Set(['ok', 'ok-after-substitution', 'unknown-field', 'reject', 'parse-error']);
    expect(rows.filter(({ expected }) => !outcomes.has(expected))).toEqual([]);
    expect(chosen('ok').length).toBeGreaterThan(50);
  });

  describe(`documents that are right (${count('ok')})`, () => {
    test.each(chosen('ok'))('%s is accepted unchanged', (file) => {
      const object = objectOf(file);
      const before = structuredClone(object);
      expect(problemsOf(file)).toEqual([]);
      expect(validate(object).valid).toBe(true);
      expect(object).toEqual(before);
    });

    test.each(chosen('ok'))('%s survives being parsed and written again', (file) => {
      const object = objectOf(file);
      const [again] = parseAllDocuments(stringify(object, { lineWidth: 0 })) as Document.Parsed[];
      expect(again?.toJS()).toEqual(object);
    });

    test.each(chosen('ok'))('%s keeps every field that it has when defaults are filled in', (file) => {
      const object = objectOf(file);
      expect(withDefaults(object)).toMatchObject(object);
    });
  });

  describe(`documents with placeholders (${count('ok-after-substitution')})`, () => {
    test.each(chosen('ok-after-substitution'))('%s gets a finding that names a field and a remedy', (file) => {
      const document = { object: objectOf(file), where: file };
      const findings = lintDocument(document, [document], (object) => validate(object).problems);
      expect(
        findings.filter(({ path, message, remedy }) => path.length > 0 && message !== '' && remedy !== '').length,
      ).toBeGreaterThan(0);
    });

    test.each(chosen('ok-after-substitution'))('%s is fine but for its placeholders', (file) => {
      const shape = problemsOf(file).filter(({ rule }) =>
        ['unknown-field', 'wrong-type', 'required', 'api-version', 'kind'].includes(rule),
      );
      const elsewhere = shape.filter(
        ({ path }) => placeholderIn(String(valueAt(objectOf(file), parsePath(path)))) === undefined,
      );
      expect(elsewhere).toEqual([]);
    });
  });

  describe(`documents with fields that nobody knows (${count('unknown-field')})`, () => {
    test.each(chosen('unknown-field'))('%s: exactly these fields are named', (file, { findings }) => {
      const expected = [...findings.matchAll(/unknown ([\w.]+)/g)].map(([, path]) => path);
      const unknown = problemsOf(file).filter(({ rule }) => rule === 'unknown-field');
      expect(unknown.map(({ path }) => path).sort()).toEqual(expected.sort());
      expect(unknown.every(({ message, remedy, path }) => message.includes(path) && remedy.length > 10)).toBe(true);
    });
  });

  describe(`documents that are refused (${count('reject')})`, () => {
    test.each(chosen('reject'))('%s: the type error names its field', (file, { findings }) => {
      const [, path] = /type ([\w.]+)/.exec(findings) ?? [];
      expect(problemsOf(file)).toEqual([
        expect.objectContaining({
          path,
          rule: 'wrong-type',
          message: expect.stringContaining('must be a whole number, not the string'),
        }),
      ]);
    });
  });

  describe(`documents that are not YAML (${count('parse-error')})`, () => {
    test.each(chosen('parse-error'))('%s does not parse', (file) => {
      const errors = documentsOf(file).flatMap((document) => document.errors);
      expect(errors.length).toBeGreaterThan(0);
      expect(errors[0]?.linePos?.[0].line).toBeGreaterThan(1);
    });
  });
}
