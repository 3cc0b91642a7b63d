import { join } from 'node:path';
import type { Command } from 'commander';
import { VERSION } from '../version';
import type { CommandContext } from './shared';
import { describedCommand } from './shared';

/** `weka-operator demo`: `simulate` on the examples. */
export const demoCommand = ({ terminal, exit }: CommandContext): Command =>
  describedCommand('demo', {
    summary: 'a first run: the examples on six simulated nodes',
    description:
      'Runs the manager against a cluster in memory with six nodes, applies the example policy, cluster and client, tells\n' +
      'what happens, shows the final state, and writes what the operator made. To be run in a checkout.',
    examples: [['the whole of it', 'weka-operator demo']],
    exits: [
      [0, 'it settled'],
      [1, 'the examples could not be read, or it had not settled in time'],
    ],
  })
    .option('--examples <directory>', 'where the examples are', 'examples')
    .option('--write <directory>', 'where what the operator made is written', join('dist', 'demo'))
    .action(async ({ examples, write }: { readonly examples: string; readonly write: string }) => {
      const { runSimulate } = await import('../run/simulate.js');
      const file = (name: string): string => join(examples, name);
      exit(
        await runSimulate(
          {
            filename: ['policy.yaml', 'cluster.yaml', 'client.yaml'].map(file),
            nodes: [file('nodes.yaml')],
            namespace: 'default',
            operatorImage: `weka-operator:${VERSION}`,
            seed: 1,
            hours: 1,
            write,
            output: 'table',
          },
          terminal,
        ),
      );
    });
