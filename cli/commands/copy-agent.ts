import type { Command } from 'commander';
import type { CommandContext } from './shared';
import { describedCommand } from './shared';

/** `weka-operator copy-agent`. */
export const copyAgentCommand = ({ terminal, exit }: CommandContext): Command =>
  describedCommand('copy-agent', {
    summary: 'copy an agent and the Node.js runtime into a directory, for a container of another image',
    description:
      'An init container of the operator image runs this, so that a container of another image can run the agent as\n' +
      'DIRECTORY/node DIRECTORY/NAME.js. That image needs glibc and libstdc++; nothing else. Run again, it replaces both.',
    examples: [['what the init container of a driver builder runs', 'weka-operator copy-agent drivers-builder /agent']],
    exits: [
      [0, 'both files are there, whole'],
      [1, 'there is no such agent, or the directory cannot be written'],
      [2, 'the command line is wrong'],
    ],
  })
    .argument('<name>', 'which agent')
    .argument('<directory>', 'where to; made if it is missing')
    .action(async (name: string, directory: string) => {
      const { runCopyAgent } = await import('../run/copy-agent.js');
      exit(runCopyAgent({ name, directory }, terminal));
    });
