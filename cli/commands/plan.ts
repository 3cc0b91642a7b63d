import type { Command } from 'commander';
import { Option } from 'commander';
import type { PlanOptions } from '../run/plan';
import { VERSION } from '../version';
import type { CommandContext } from './shared';
import { collect, describedCommand, filenameOption, outputOption } from './shared';

/** `weka-operator plan`. */
export const planCommand = ({ terminal, exit }: CommandContext): Command =>
  describedCommand('plan', {
    summary: 'show every object that the operator would create, change or delete',
    description:
      'Shows what the operator would do for custom resources: every child that it would create, change or delete, in\n' +
      'stages, with the reason. With --nodes no cluster is needed; else the cluster of the kubeconfig is read, and only\n' +
      'read. -o yaml prints the children themselves, marked not to be applied: they belong to the operator.',
    examples: [
      ['for a cluster that is still on paper', 'weka-operator plan -f cluster.yaml --nodes nodes.yaml'],
      ['a change, against what runs now', 'weka-operator plan -f policy.yaml --kubeconfig ~/.kube/config'],
      ['the children, to read them', 'weka-operator plan -f policy.yaml --nodes nodes.yaml -o yaml'],
    ],
    exits: [
      [0, 'planned; objects of kinds that this version does not run yet are named'],
      [1, 'errors in the input, or an object that could not be reconciled'],
      [2, 'the command line is wrong'],
      [3, 'the cluster cannot be reached or does not let us in'],
    ],
  })
    .addOption(filenameOption())
    .addOption(
      new Option(
        '--nodes <path>',
        'node list instead of a cluster: Node objects, or nodes: [{name, labels, kernel, architecture, count}]; repeatable',
      )
        .argParser(collect)
        .conflicts(['kubeconfig', 'context']),
    )
    .option('--kubeconfig <path>', 'which cluster; default: as kubectl finds it')
    .option('--context <name>', 'context of the kubeconfig')
    .option('-n, --namespace <name>', 'namespace of objects that name none', 'default')
    .option('--operator-image <image>', 'image of the operator, which carries the agents', `weka-operator:${VERSION}`)
    .addOption(outputOption())
    .action(async (options: PlanOptions) => {
      const { runPlan } = await import('../run/plan.js');
      exit(await runPlan(options, terminal));
    });
