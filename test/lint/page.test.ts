import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lintPage } from '../../lib/api/lint/page';
import { LINT_RULES } from '../../lib/api/lint/rules';

test('docs/lint.md is what the tables say (npm run docs writes it)', () => {
  expect(readFileSync(join(__dirname, '../../docs/lint.md'), 'utf8')).toBe(lintPage());
});

test('rule ids are kebab-case and used once', () => {
  const ids = LINT_RULES.map((rule) => rule.id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id))).toEqual([]);
});

test.each(LINT_RULES)('$id says what it finds and why, in sentences', ({ finds, why }) => {
  expect(finds).toMatch(/^[A-Z\d]?.*[.…]$/);
  expect(why).toMatch(/\.$/);
});
