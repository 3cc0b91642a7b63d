import type { Command } from 'commander';
import { Option } from 'commander';
import { OPERATOR_NAMESPACE } from '../../lib/base/names';
import type { DriversCheckOptions, DriversOptions } from '../run/drivers';
import { bundleCommand } from './drivers-bundle';
import type { CommandContext } from './shared';
import { describedCommand, outputOption } from './shared';

const EXITS = {
  usage: [2, 'the command line is wrong'],
  away: [3, 'the cluster cannot be reached or does not let us in'],
} as const;

const onCluster = (command: Command): Command =>
  command
    .option('--kubeconfig <path>', 'which cluster; default: as kubectl finds it')
    .option('--context <name>', 'context of the kubeconfig')
    .addOption(outputOption());

const checkCommand = ({ terminal, exit }: CommandContext): Command =>
  onCluster(
    describedCommand('check', {
      summary: 'say whether a kernel will find a driver',
      description:
        'Says whether nodes that boot into a kernel will find the driver of a WEKA image: whether the package is there, on its\n' +
        'way, or what has to be done first. Only reads.',
      examples: [
        [
          'before a kernel upgrade',
          'weka-operator drivers check --kernel 5.15.0-105-generic --image quay.io/weka.io/weka-in-container:4.4.5.118-k8s.4',
        ],
      ],
      exits: [
        [0, 'yes, or soon without anybody doing anything'],
        [1, 'no; the remedy is named'],
        [...EXITS.usage],
        [...EXITS.away],
      ],
    }),
  )
    .requiredOption('--kernel <release>', 'as uname -r prints it')
    .requiredOption('--image <image>', 'WEKA image with a tag or a digest')
    .addOption(new Option('--arch <architecture>', 'of the nodes').choices(['amd64', 'arm64']).default('amd64'))
    .option('--operator-namespace <name>', 'where the package index lies', OPERATOR_NAMESPACE)
    .action(async (options: DriversCheckOptions) => {
      const { runDriversCheck } = await import('../run/drivers.js');
      exit(await runDriversCheck(options, terminal));
    });

/** `weka-operator drivers`. */
export const driversCommand = (context: CommandContext): Command =>
  onCluster(
    describedCommand('drivers', {
      summary: 'show the driver of every node: loaded, wanted, and why not',
      description:
        'Shows for every node on which a driver is wanted or loaded: its kernel, the loaded and the wanted WEKA version, the\n' +
        'state, and where it is not loaded, why and what to do. Only reads.',
      examples: [
        ['all nodes', 'weka-operator drivers'],
        ['for a script', 'weka-operator drivers -o json'],
      ],
      exits: [[0, 'every wanted driver is loaded'], [1, 'some are not'], [...EXITS.usage], [...EXITS.away]],
    }),
  )
    .enablePositionalOptions()
    .action(async (options: DriversOptions) => {
      const { runDrivers } = await import('../run/drivers.js');
      context.exit(await runDrivers(options, context.terminal));
    })
    .addCommand(checkCommand(context))
    .addCommand(bundleCommand(context));
