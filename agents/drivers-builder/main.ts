import { writeFile } from 'node:fs/promises';
import { bodyOf, DOCUMENT_KIND } from '../../lib/drivers/agent-documents';
import type { BuildResult } from '../../lib/drivers/agent-result';
import { resultMessage } from '../../lib/drivers/agent-result';
import { GatewayClient } from '../shared/gateway-client';
import type { Log } from '../shared/log';
import { createLog } from '../shared/log';
import { LinuxHost } from './linux-host';
import { Orders } from './orders';
import { runBuilder } from './run';
import type { BuilderSettings } from './settings';
import { readPaths, readSettings } from './settings';

const seconds = (): number => Math.round(performance.now() / 1000);

/** Why the process ends without a result: its Pod is being deleted. */
class Stopped extends Error {}

const connect = (settings: BuilderSettings, orders: Orders, log: Log): GatewayClient =>
  new GatewayClient({
    ...settings.gateway,
    desiredKind: DOCUMENT_KIND.builderDesired,
    observedKind: DOCUMENT_KIND.builderObserved,
    onDesired: (body) => orders.take(body),
    log,
  });

const work = async (log: Log, stop: AbortSignal): Promise<BuildResult> => {
  const paths = readPaths(process.env);
  const host = new LinuxHost(paths);
  const machine = host.machine();
  const read = readSettings(process.env, machine);
  if ('failure' in read) return { kind: 'DriverBuildFailed', failure: read.failure, seconds: seconds() };
  const { settings } = read;
  const { kernel, architecture, wekaVersion } = settings.target;
  log.info('Starting', { node: settings.node, kernel, architecture, wekaVersion });
  const orders = new Orders();
  const gateway = connect(settings, orders, log);
  const report = (step: 'validating' | 'preparing' | 'building' | 'uploading'): void =>
    gateway.report(bodyOf({ step }));
  try {
    return await runBuilder(settings, { host, machine, paths, orders, log, stop, report, seconds });
  } finally {
    await gateway.stop();
  }
};

/**
 * One build, then the end: exit code 0 with a result in the termination message, whatever the result is. Only the operator
 * tries again; an exit code of failure would make the kubelet do it. Without a result (SIGTERM, or a defect of ours) the
 * code is not 0, and the kubelet starts the container anew.
 */
const main = async (): Promise<void> => {
  const log = createLog({ agent: 'drivers-builder' });
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => stopping.abort(new Stopped(`stopped by ${signal}`)));
  }
  try {
    const result = await work(log, stopping.signal);
    // A crash before this leaves no message: the container is started again and builds the same package again.
    await writeFile(process.env['TERMINATION_LOG'] ?? '/dev/termination-log', resultMessage(result));
  } catch (error) {
    log.error(error instanceof Stopped ? 'Stopped before the end' : 'No result could be told', { error });
    process.exitCode = error instanceof Stopped ? 143 : 1;
  }
};

void main();
