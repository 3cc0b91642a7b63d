import type { Command } from 'commander';
import { Option } from 'commander';
import type { SimulateOptions } from '../run/simulate';
import { VERSION } from '../version';
import type { CommandContext } from './shared';
import { collect, describedCommand, filenameOption, outputOption, wholeNumber } from './shared';

/** `weka-operator simulate`. */
export const simulateCommand = ({ terminal, exit }: CommandContext): Command =>
  describedCommand('simulate', {
    summary: 'play the operator on simulated nodes, to the end',
    description:
      'Runs the whole operator against a cluster in memory: API server, scheduler, nodes and their Pods. Tells what\n' +
      'happens with the time at which it would, and shows the final state. No real time passes while Pods start or\n' +
      'builds run. Equal input and --seed give the same story, to the letter.',
    examples: [
      ['a policy on six nodes', 'weka-operator simulate -f examples/policy.yaml --nodes examples/nodes.yaml'],
      ['with other chances', 'weka-operator simulate -f examples/ --nodes examples/nodes.yaml --seed 7'],
      [
        'with faults',
        'weka-operator simulate -f examples/policy.yaml --nodes examples/nodes.yaml --faults faults.yaml',
      ],
      ['the story for a script', 'weka-operator simulate -f policy.yaml --nodes nodes.yaml -o json'],
    ],
    exits: [
      [0, 'it settled: nothing happens any more'],
      [1, 'errors in the input, it had not settled in time, or an invariant did not hold'],
      [2, 'the command line is wrong'],
    ],
  })
    .addOption(filenameOption())
    .addOption(
      new Option(
        '--nodes <path>',
        'node list: Node objects, or nodes: [{name, labels, kernel, architecture, count}]; repeatable',
      )
        .argParser(collect)
        .makeOptionMandatory(),
    )
    .option('-n, --namespace <name>', 'namespace of objects that name none', 'default')
    .option('--operator-image <image>', 'image of the operator, which carries the agents', `weka-operator:${VERSION}`)
    .addOption(
      new Option('--seed <number>', 'where all chance comes from').argParser(wholeNumber(0, 2 ** 32 - 1)).default(1),
    )
    .addOption(new Option('--hours <number>', 'virtual time at most').argParser(wholeNumber(1, 1000)).default(1))
    .option('--faults <file>', 'what goes wrong: a fault plan, as docs/simulation.md describes it')
    .option('--write <directory>', 'write what the operator made there, a file each')
    .addOption(outputOption())
    .action(async (options: SimulateOptions) => {
      const { runSimulate } = await import('../run/simulate.js');
      exit(await runSimulate(options, terminal));
    });
