import { connect } from '../../controllers/kube/connect';
import type { RestClient } from '../../controllers/kube/rest-client';
import { TYPES } from '../../controllers/kinds';
import type { WekaPolicySpec, WekaPolicyStatus } from '../../lib/api/weka-policy';
import type { LiveObject, TypeMeta } from '../../lib/base/kube-object';
import { LABEL } from '../../lib/base/names';
import type { DriverRow } from '../../lib/drivers/driver-rows';
import { driverRows } from '../../lib/drivers/driver-rows';
import { checkKernel } from '../../lib/drivers/kernel-check';
import type { KernelCheckInput } from '../../lib/drivers/kernel-check';
import { wekaVersionOf } from '../../lib/drivers/package';
import { readIndex } from '../../lib/drivers/package-index';
import { OperatorError } from '../../lib/base/errors';
import type { ExitCode } from '../exit';
import { EXIT } from '../exit';
import { print } from '../output';
import type { Format } from '../output-formats';
import { renderTable } from '../render-table';
import type { Terminal } from '../terminal';
import { paint } from '../terminal';

/** Which cluster, as kubectl finds it unless named. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** Runs `work` with a client of the cluster, and closes it. */
export const withCluster = async <T>(options: ClusterOptions, work: (client: RestClient) => Promise<T>): Promise<T> => {
  const { kubeconfig, context } = options;
  const client = await connect({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  try {
    return await work(client);
  } finally {
    client.close();
  }
};

/** All objects of a kind. Rejects as the list does. */
export const listAll = async (
  client: RestClient,
  type: TypeMeta,
  where: { readonly namespace?: string; readonly labelSelector?: string } = {},
): Promise<readonly LiveObject[]> => {
  const objects: LiveObject[] = [];
  await client.list(type, {
    ...where,
    onPage: (page) => void objects.push(...page),
    onRestart: () => void objects.splice(0),
  });
  return objects;
};

export interface DriversOptions extends ClusterOptions {
  readonly output: Format;
}

const COLOURS: Readonly<Record<string, 'green' | 'red' | 'yellow'>> = {
  Loaded: 'green',
  Failed: 'red',
  Waiting: 'yellow',
};

const table = (rows: readonly DriverRow[], colour: boolean): string =>
  renderTable<DriverRow>(
    [
      { name: 'NODE', value: ({ node }) => node },
      { name: 'KERNEL', value: ({ kernel }) => kernel },
      { name: 'ARCH', value: ({ architecture }) => architecture },
      { name: 'LOADED', value: ({ loaded }) => loaded },
      { name: 'WANTED', value: ({ wanted }) => wanted },
      {
        name: 'STATE',
        value: ({ state }) => state,
        style: (cell, { state }) => {
          const tone = COLOURS[state];
          return tone === undefined ? cell : paint(colour, tone, cell);
        },
      },
      { name: 'WHY', value: ({ reason, why }) => (why === '' ? '-' : `${reason}: ${why}`) },
    ],
    rows,
  );

/** Shows how the driver of each node stands. Findings when a wanted driver is not loaded somewhere. */
export const runDrivers = async (options: DriversOptions, terminal: Terminal): Promise<ExitCode> => {
  const rows = driverRows(await withCluster(options, (client) => listAll(client, TYPES.wekaNode)));
  if (rows.length === 0 && options.output === 'table') {
    terminal.err('No driver is wanted or loaded on any node.\n');
    return EXIT.fine;
  }
  print(terminal, options.output, rows, () => table(rows, terminal.colour));
  return rows.some(({ state }) => state !== 'Loaded' && state !== '-') ? EXIT.findings : EXIT.fine;
};

export interface DriversCheckOptions extends DriversOptions {
  /** As uname -r prints it. */
  readonly kernel: string;
  /** WEKA image. */
  readonly image: string;
  /** amd64 or arm64. */
  readonly arch: string;
  readonly operatorNamespace: string;
}

const policyView = ({ metadata, spec, status }: LiveObject): KernelCheckInput['policies'] => {
  const { type, payload } = spec as unknown as WekaPolicySpec;
  if (type !== 'enable-local-drivers-distribution') return [];
  const { nodeSelectors = [], source = 'Local' } = payload.driverDistPayload ?? {};
  const { typedStatus } = (status ?? {}) as WekaPolicyStatus;
  const packages = typedStatus?.distService?.packages ?? [];
  return [{ namespace: metadata.namespace ?? '', name: metadata.name, nodeSelectors, source, packages }];
};

const inputOf = async (client: RestClient, options: DriversCheckOptions): Promise<KernelCheckInput> => {
  const wekaVersion = wekaVersionOf(options.image);
  if (wekaVersion === undefined) throw new OperatorError('ImageVersionUnknown', { images: options.image });
  const shards = await listAll(client, TYPES.configMap, {
    namespace: options.operatorNamespace,
    labelSelector: LABEL.driversIndex,
  });
  return {
    key: { wekaVersion, kernel: options.kernel, architecture: options.arch },
    index: readIndex(shards.map((shard) => (shard['data'] as Record<string, string> | undefined) ?? {})),
    policies: (await listAll(client, TYPES.policy)).flatMap(policyView),
    nodes: await listAll(client, TYPES.node),
    records: await listAll(client, TYPES.wekaNode),
  };
};

/** Says whether nodes that boot into a kernel will find a driver. Findings when somebody has to do something. */
export const runDriversCheck = async (options: DriversCheckOptions, terminal: Terminal): Promise<ExitCode> => {
  const input = await withCluster(options, (client) => inputOf(client, options));
  const result = checkKernel(input);
  print(terminal, options.output, { ...input.key, ...result }, () => {
    const { wekaVersion, kernel, architecture } = input.key;
    const tone = { yes: 'green', soon: 'yellow', no: 'red' } as const;
    const answer = paint(terminal.colour, tone[result.answer], result.answer);
    return `WEKA ${wekaVersion} for kernel ${kernel} (${architecture}): ${answer}\n${result.why.map((line) => `  ${line}\n`).join('')}`;
  });
  return result.answer === 'no' ? EXIT.findings : EXIT.fine;
};
