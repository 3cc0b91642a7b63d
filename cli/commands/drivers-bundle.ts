import { Command } from 'commander';
import { OPERATOR_NAMESPACE } from '../../lib/base/names';
import type { BundleExportOptions, BundleImportOptions } from '../run/drivers-bundle';
import type { CommandContext } from './shared';
import { collect, describedCommand } from './shared';

const exportCommand = ({ terminal, exit }: CommandContext): Command =>
  describedCommand('export', {
    summary: 'write driver packages into one file',
    description:
      'Fetches what the package index of a cluster names from one of its distribution services, verifies each package against\n' +
      'the index, and writes one file. Equal packages give equal bytes.',
    examples: [
      [
        'everything',
        'weka-operator drivers bundle export -o drivers.tar --from https://10.0.0.7:60002 --ca-file ca.crt',
      ],
    ],
    exits: [
      [0, 'written'],
      [1, 'nothing to write, or a package could not be fetched or verified; no file was left'],
      [2, 'the command line is wrong'],
      [3, 'the cluster cannot be reached or does not let us in'],
    ],
  })
    .requiredOption('-o, --output <path>', 'the bundle to write')
    .requiredOption('--from <url>', 'distribution service, as it is reached from here (kubectl port-forward serves)')
    .option('--ca-file <path>', 'certificates it is trusted by: key ca.crt of ConfigMap weka-operator-ca')
    .option('--version <version>', 'only this WEKA version; repeatable', collect)
    .option('--kubeconfig <path>', 'which cluster; default: as kubectl finds it')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--operator-namespace <name>', 'where the package index lies', OPERATOR_NAMESPACE)
    .action(async (options: BundleExportOptions) => {
      const { runBundleExport } = await import('../run/drivers-bundle.js');
      exit(await runBundleExport(options, terminal));
    });

const importCommand = ({ terminal, exit }: CommandContext): Command =>
  describedCommand('import', {
    summary: 'put the packages of a bundle where a distribution service keeps its own',
    description:
      'Unpacks a bundle into the storage of a distribution service: the directory on its node, or the volume that its policy\n' +
      'names. The service finds, verifies and serves them; they are indexed where no builder and no registry vouches for others.',
    examples: [
      ['on the node of the service', 'weka-operator drivers bundle import drivers.tar --into /var/lib/weka-drivers'],
    ],
    exits: [
      [0, 'every package is there'],
      [1, 'the bundle is damaged or none; packages before the fault are stored'],
      [2, 'the command line is wrong'],
    ],
  })
    .argument('<bundle>', 'file that export has written')
    .requiredOption('--into <directory>', 'storage of a distribution service')
    .action(async (file: string, options: BundleImportOptions) => {
      const { runBundleImport } = await import('../run/drivers-bundle.js');
      exit(await runBundleImport(file, options, terminal));
    });

/** `weka-operator drivers bundle`. */
export const bundleCommand = (context: CommandContext): Command =>
  new Command('bundle')
    .summary('carry driver packages to a site without a way out')
    .description('Carries driver packages to a site without a way out, in one file.')
    .addCommand(exportCommand(context))
    .addCommand(importCommand(context));
