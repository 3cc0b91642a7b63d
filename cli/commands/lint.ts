import type { Command } from 'commander';
import type { LintOptions } from '../run/lint';
import type { CommandContext } from './shared';
import { describedCommand, filenameOption, outputOption } from './shared';

/** `weka-operator lint`. */
export const lintCommand = ({ terminal, exit }: CommandContext): Command =>
  describedCommand('lint', {
    summary: 'find mistakes in custom resources, with file, line and remedy',
    description:
      'Finds mistakes in WEKA custom resources before a cluster does: unknown and misplaced fields, placeholders,\n' +
      'wrong versions, names that do not resolve, sizes that cannot be formed. Needs no cluster. Files may mix in other\n' +
      'kinds (Services, Secrets, DaemonSets); the data of Secrets is never printed. Every rule: docs/lint.md.',
    examples: [
      ['one file', 'weka-operator lint -f cluster.yaml'],
      ['a whole repository, for a pipeline', 'weka-operator lint -f deploy/ -o json --strict'],
      ['what a Helm chart renders to', 'helm template my-release ./chart | weka-operator lint -f -'],
    ],
    exits: [
      [0, 'no errors (warnings may have been printed)'],
      [1, 'errors, or files that cannot be read; with --strict also warnings'],
      [2, 'the command line is wrong'],
    ],
  })
    .addOption(filenameOption())
    .addOption(outputOption())
    .option('--strict', 'warnings count as errors', false)
    .action(async (options: LintOptions) => {
      const { runLint } = await import('../run/lint.js');
      exit(await runLint(options, terminal));
    });
