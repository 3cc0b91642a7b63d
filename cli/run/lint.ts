import type { ExitCode } from '../exit';
import { EXIT } from '../exit';
import { lintFiles } from '../lint-files';
import { print } from '../output';
import type { Format } from '../output-formats';
import { withProgress } from '../progress';
import { readFiles } from '../read-files';
import { renderFindings, renderSummary } from '../render-findings';
import type { Terminal } from '../terminal';
import { validateObject } from '../validate-object';

/** Options of `weka-operator lint`. */
export interface LintOptions {
  readonly filename: readonly string[];
  readonly output: Format;
  /** Warnings count as findings too. */
  readonly strict: boolean;
}

/** Lints files and prints what it finds. Warnings alone exit 0, unless `strict`. */
export const runLint = async (options: LintOptions, terminal: Terminal): Promise<ExitCode> => {
  const { read, findings } = await withProgress(terminal, 'Linting', () => {
    const result = readFiles(options.filename);
    return { read: result, findings: lintFiles(result, validateObject) };
  });
  print(terminal, options.output, findings, () => renderFindings(findings, terminal));
  if (options.output === 'table')
    terminal.err(
      `${findings.length > 0 ? '\n' : ''}${renderSummary(findings, { files: read.files, documents: read.documents.length }, terminal.errIsTerminal)}`,
    );
  const counted = options.strict ? findings : findings.filter((finding) => finding.severity === 'error');
  return counted.length > 0 ? EXIT.findings : EXIT.fine;
};
