/** What was run, in numbers. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of jest's `--json` report that is read here. */
export interface JestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly ancestorTitles: readonly string[];
      readonly title: string;
    }[];
  }[];
}

/**
 * The numbers of a report. A file that did not get as far as having tests counts as one failure, and so does jest
 * itself when it ends badly though no test of the report failed (a broken set-up, a crash).
 */
export const tallyOf = (report: JestReport, exitStatus: number): Tally => {
  const tally = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults) {
    if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed')) tally.failed++;
    for (const { status } of file.assertionResults) tally[outcomeOf(status)]++;
  }
  if (exitStatus !== 0 && tally.failed === 0) tally.failed++;
  return tally;
};

const outcomeOf = (status: string): keyof Tally => {
  if (status === 'passed') return 'passed';
  return status === 'failed' ? 'failed' : 'skipped';
};

/** The suites of which nothing was run, by name and file, in the order of the report. */
export const skippedSuites = (report: JestReport): string[] => {
  const ran = new Map<string, boolean>();
  for (const file of report.testResults) {
    for (const test of file.assertionResults) {
      const name = `${test.ancestorTitles[0] ?? test.title} (${file.name.replace(/^.*\/(?=test\/)/, '')})`;
      ran.set(name, (ran.get(name) ?? false) || outcomeOf(test.status) !== 'skipped');
    }
  }
  return [...ran].filter(([, any]) => !any).map(([name]) => name);
};

/** The sum of all. */
export const addUp = (tallies: readonly Tally[]): Tally =>
  tallies.reduce(
    (sum, { passed, failed, skipped }) => ({
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      skipped: sum.skipped + skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );

/** The last line of a run. */
export const summaryLine = ({ passed, failed, skipped }: Tally): string =>
  `tests: ${passed} passed, ${failed} failed, ${skipped} skipped`;
