import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readGenerated, staleFiles } from './generated';
import type { JestReport } from './summary';
import { addUp, skippedSuites, summaryLine, tallyOf } from './summary';

const file = (name: string, suite: string, ...statuses: string[]): JestReport['testResults'][number] => ({
  name: `/somewhere/test/${name}`,
  status: statuses.includes('failed') ? 'failed' : 'passed',
  assertionResults: statuses.map((status) => ({ status, ancestorTitles: [suite], title: 'does it' })),
});

describe('the summary of a run', () => {
  test.each([
    ['everything passed', [file('a.test.ts', 'a', 'passed', 'passed')], 0, 'tests: 2 passed, 0 failed, 0 skipped'],
    ['one failed', [file('a.test.ts', 'a', 'passed', 'failed')], 1, 'tests: 1 passed, 1 failed, 0 skipped'],
    [
      'pending and todo are skipped',
      [file('a.test.ts', 'a', 'pending', 'todo')],
      0,
      'tests: 0 passed, 0 failed, 2 skipped',
    ],
    [
      'a file that does not compile is a failure',
      [{ ...file('a.test.ts', 'a'), status: 'failed', message: 'SyntaxError' }],
      1,
      'tests: 0 passed, 1 failed, 0 skipped',
    ],
    [
      'a jest that fails beside its tests is a failure',
      [file('a.test.ts', 'a', 'passed')],
      1,
      'tests: 1 passed, 1 failed, 0 skipped',
    ],
  ])('%s', (_what, testResults, status, line) => {
    expect(summaryLine(tallyOf({ testResults }, status))).toBe(line);
  });

  test('adds up checks and suites', () => {
    expect(
      addUp([
        { passed: 1, failed: 0, skipped: 0 },
        { passed: 2, failed: 1, skipped: 4 },
      ]),
    ).toEqual({ passed: 3, failed: 1, skipped: 4 });
  });

  test('names the suites of which nothing ran, and only those', () => {
    const report = {
      testResults: [
        file('cluster/a.test.ts', 'on the real server', 'pending', 'pending'),
        file('cluster/a.test.ts', 'half of it', 'pending', 'passed'),
        file('b.test.ts', 'b', 'passed'),
      ],
    };
    expect(skippedSuites(report)).toEqual(['on the real server (test/cluster/a.test.ts)']);
  });
});

describe('generated files that are stale', () => {
  test('are those that making them again changes, adds or removes', async () => {
    const root = await mkdtemp(join(tmpdir(), 'weka-operator-generated-'));
    await mkdir(join(root, 'crds'));
    for (const name of ['same', 'changed', 'removed']) await writeFile(join(root, 'crds', name), 'before');
    const before = await readGenerated(root);
    await writeFile(join(root, 'crds', 'changed'), 'after');
    await writeFile(join(root, 'crds', 'added'), 'after');
    await rm(join(root, 'crds', 'removed'));
    expect(staleFiles(before, await readGenerated(root))).toEqual(['crds/added', 'crds/changed', 'crds/removed']);
    await rm(root, { recursive: true });
  });
});
