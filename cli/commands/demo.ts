import { join } from 'node:path';
import type { Command } from 'commander';
import type { DemoOptions } from '../run/demo';
import type { CommandContext } from './shared';
import { describedCommand } from './shared';

/** `weka-operator demo`: a driver for real, and `simulate` on the examples. */
export const demoCommand = ({ terminal, exit }: CommandContext): Command =>
  describedCommand('demo', {
    summary: 'a first run: the examples on six simulated nodes',
    description:
      'Builds a small kernel driver where this machine has kernel headers (else takes a prebuilt one, and says so), serves\n' +
      'and verifies it as on a real node. Then runs the manager against a cluster in memory with six nodes, applies the\n' +
      'example policy, cluster and client, tells what happens, shows the final state, and writes what the operator made.\n' +
      'Nothing is loaded into the kernel of this machine. To be run in a checkout.',
    examples: [['the whole of it', 'weka-operator demo']],
    exits: [
      [0, 'it settled'],
      [1, 'the examples could not be read, or it had not settled in time'],
    ],
  })
    .option('--examples <directory>', 'where the examples are', 'examples')
    .option('--drivers <directory>', 'where the sample driver and its prebuilt package are', join('test', 'fixtures'))
    .option('--write <directory>', 'where what the operator made is written', join('dist', 'demo'))
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('../run/demo.js');
      exit(await runDemo(options, terminal));
    });
