import type { Command } from 'commander';
import { Option } from 'commander';
import { DEFAULT_MAX_BUILDS } from '../../lib/container/build-slots';
import { DEFAULT_MAX_UNAVAILABLE } from '../../lib/drivers/rollout';
import { WEKA_REGISTRY } from '../../lib/drivers/registry-answer';
import type { ManagerOptions } from '../run/manager';
import { VERSION } from '../version';
import type { CommandContext } from './shared';
import { collect, countOrShare, describedCommand, wholeNumber } from './shared';

const maxUnavailable = new Option(
  '--drivers-max-unavailable <nodes>',
  'nodes that may be between two drivers at the same time: a count, or a share of all that shall have one',
)
  .argParser(countOrShare)
  .default(DEFAULT_MAX_UNAVAILABLE);

const maxBuilds = new Option(
  '--drivers-max-builds <count>',
  'drivers that are built at the same time, in the whole cluster',
)
  .argParser(wholeNumber(1, 1000))
  .default(DEFAULT_MAX_BUILDS);

/** `weka-operator manager`. */
export const managerCommand = ({ terminal, exit }: CommandContext): Command =>
  describedCommand('manager', {
    summary: 'run the operator',
    description:
      'Watches WEKA custom resources and makes the cluster what they say, until it is told to stop (SIGTERM, SIGINT).\n' +
      'A cluster that does not answer, or lacks the CRDs, is waited for; /readyz says what it waits for.\n' +
      'Of several managers one acts: the holder of the Lease. Logs are JSON, one object a line.',
    examples: [
      ['in a Pod, with the service account', 'weka-operator manager'],
      [
        'on a workstation, for two namespaces',
        'weka-operator manager --kubeconfig ~/.kube/config --namespace storage --namespace clients',
      ],
      ['is it ready, and if not, why?', 'curl http://127.0.0.1:8081/readyz?verbose'],
    ],
    exits: [
      [0, 'stopped as told'],
      [1, 'it lost the Lease, or an address cannot be bound'],
      [2, 'the command line is wrong'],
      [3, 'no usable kubeconfig, or the API server is too old'],
    ],
  })
    .option('--kubeconfig <path>', 'which cluster; default: the service account of the Pod, else as kubectl finds it')
    .option('--context <name>', 'context of the kubeconfig')
    .addOption(
      new Option(
        '--namespace <name>',
        'watch only this namespace, and the operator’s own; repeatable; default: all',
      ).argParser(collect),
    )
    .option('--operator-namespace <name>', 'where the Lease and inventories live', 'weka-operator-system')
    .option('--operator-image <image>', 'image of the operator, which carries the agents', `weka-operator:${VERSION}`)
    .option('--health-address <host:port>', 'where /healthz, /readyz and /metrics are served', '0.0.0.0:8081')
    .option('--gateway-address <host:port>', 'where agents on the nodes are served, over TLS', ':9443')
    .option(
      '--gateway-url <url>',
      'what agents dial; default: https://weka-operator-gateway.OPERATOR-NAMESPACE.svc.cluster.local:9443',
    )
    .option('--drivers-registry <url>', 'registry of built drivers', WEKA_REGISTRY)
    .addOption(maxUnavailable)
    .addOption(maxBuilds)
    .option('--offline', 'connect to nothing outside of the cluster', false)
    .option(
      '--extra-ca-bundle <file>',
      'certificates (PEM) that are trusted beside the usual ones where a registry or proxy is reached',
    )
    .option('--no-leader-election', 'act at once, without a Lease: for a single manager in development')
    .addOption(
      new Option('--log-level <level>', 'least severe level that is logged')
        .choices(['error', 'warn', 'info', 'debug'])
        .default('info'),
    )
    .action(async (options: ManagerOptions) => {
      const { runManagerCommand } = await import('../run/manager.js');
      exit(await runManagerCommand(options, terminal));
    });
