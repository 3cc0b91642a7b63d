import type { RunManagerOptions } from '../../controllers/main';
import { runManager } from '../../controllers/main';
import type { ExitCode } from '../exit';
import { EXIT } from '../exit';
import type { Terminal } from '../terminal';
import { VERSION } from '../version';

/** Options of `weka-operator manager`, as commander gives them. */
export interface ManagerOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: readonly string[];
  readonly operatorNamespace: string;
  readonly operatorImage: string;
  readonly healthAddress: string;
  readonly gatewayAddress: string;
  readonly gatewayUrl?: string;
  readonly driversRegistry: string;
  readonly driversMaxUnavailable: string;
  readonly driversMaxBuilds: number;
  readonly offline: boolean;
  readonly extraCaBundle?: string;
  readonly leaderElection: boolean;
  readonly logLevel: RunManagerOptions['logLevel'];
}

/** Runs the manager until SIGTERM or SIGINT; a second signal ends the process at once. Log lines go to standard output. */
export const runManagerCommand = async (options: ManagerOptions, terminal: Terminal): Promise<ExitCode> => {
  const { namespace, ...rest } = options;
  await runManager({
    ...rest,
    namespaces: namespace ?? [],
    version: VERSION,
    signal: stopSignal(),
    onListening: ({ health, gateway }) =>
      terminal.err(`health and metrics on port ${health}, agents on port ${gateway}\n`),
  });
  return EXIT.fine;
};

const stopSignal = (): AbortSignal => {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  return stop.signal;
};
