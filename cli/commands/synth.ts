import type { Command } from 'commander';
import type { SynthOptions } from '../run/synth';
import type { CommandContext } from './shared';
import { describedCommand, filenameOption } from './shared';

/** `weka-operator synth`. */
export const synthCommand = ({ terminal, exit }: CommandContext): Command =>
  describedCommand('synth', {
    summary: 'write custom resources as a GitOps repository',
    description:
      'Validates custom resources and writes them as YAML for Argo CD, Flux or kubectl: one file an object, under names\n' +
      'that stay, the same bytes from every machine. What the operator makes of them (Pods, Services, …) is never among\n' +
      'the files: those belong to the operator. Secrets are left out. Nothing is written when lint finds an error.',
    examples: [
      [
        'into a directory; run again, it updates its own files and leaves those of others alone',
        'weka-operator synth -f cluster.yaml -f clients/ -o gitops/',
      ],
      ['with sync waves and safeguards for Argo CD', 'weka-operator synth -f deploy/ -o gitops/ --argo'],
      ['to another tool', 'weka-operator synth -f cluster.yaml -o - | kubectl diff --server-side -f -'],
    ],
    exits: [
      [0, 'written'],
      [1, 'errors in the input, or the directory holds files of others; nothing was written'],
      [2, 'the command line is wrong'],
    ],
  })
    .addOption(filenameOption())
    .requiredOption('-o, --output <directory>', 'where to write: a directory, or - for standard output')
    .option('--argo', 'add sync waves, prune and delete safeguards for Argo CD', false)
    .action(async (options: SynthOptions) => {
      const { runSynth } = await import('../run/synth.js');
      exit(await runSynth(options, terminal));
    });
