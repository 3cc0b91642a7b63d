import { Command } from 'commander';
import { copyAgentCommand } from './commands/copy-agent';
import { demoCommand } from './commands/demo';
import { driversCommand } from './commands/drivers';
import { lintCommand } from './commands/lint';
import { managerCommand } from './commands/manager';
import { planCommand } from './commands/plan';
import { simulateCommand } from './commands/simulate';
import { synthCommand } from './commands/synth';
import type { CommandContext } from './commands/shared';
import { EXIT } from './exit';
import { VERSION } from './version';

/** The whole command line. Each command loads what it does only when it runs, so that help is quick. */
export const program = (context: CommandContext): Command => {
  const root = new Command('weka-operator')
    .description('Runs WEKA storage clusters and clients on Kubernetes, and shows beforehand what it would do.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError('Run it with --help for options and examples.')
    .addHelpText('after', AFTER)
    // An option counts for the command that it stands behind: drivers and drivers check have some of the same name.
    .enablePositionalOptions();
  for (const make of COMMANDS) root.addCommand(inherit(make(context), context));
  root.exitOverride().configureOutput({ writeOut: context.terminal.out, writeErr: context.terminal.err });
  return root;
};

const COMMANDS = [
  lintCommand,
  planCommand,
  simulateCommand,
  synthCommand,
  managerCommand,
  driversCommand,
  copyAgentCommand,
  demoCommand,
];

const inherit = (command: Command, context: CommandContext): Command => {
  const { terminal } = context;
  for (const below of command.commands) inherit(below, context);
  return command
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError('Run it with --help for options and examples.')
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
};

const AFTER = `
A first tour, without a cluster:
  weka-operator lint -f examples/            # is it right?
  weka-operator plan -f examples/policy.yaml --nodes examples/nodes.yaml   # what would happen?
  weka-operator synth -f examples/ -o out/   # as files for GitOps

Exit codes: ${EXIT.fine} fine, ${EXIT.findings} findings, ${EXIT.usage} wrong usage, ${EXIT.unreachable} cluster unreachable.
Results go to standard output, everything else to standard error. NO_COLOR is honoured.
`;
