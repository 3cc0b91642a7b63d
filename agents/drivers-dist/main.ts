import { join } from 'node:path';
import type { DistDesired } from '../../lib/drivers/agent-documents';
import { bodyOf, DOCUMENT_KIND } from '../../lib/drivers/agent-documents';
import { readDistDesired } from '../../lib/drivers/read-documents';
import { GatewayClient } from '../shared/gateway-client';
import type { Log } from '../shared/log';
import { createLog } from '../shared/log';
import type { OperatorLink } from './service';
import { DistService } from './service';
import { ServingIdentity } from './serving-identity';
import type { DistSettings } from './settings';
import { readSettings } from './settings';

/** Downloads under way have this long to end after SIGTERM, in milliseconds. */
const GRACE_MS = 20_000;
/** Key and certificate, beside the packages: whoever keeps them keeps these. */
const IDENTITY_DIRECTORY = 'identity';

/** The gateway, as the service sees it. */
const connect =
  (gateway: DistSettings['gateway'], log: Log) =>
  (desire: (desired: DistDesired) => void): OperatorLink => {
    const client = new GatewayClient({
      ...gateway,
      desiredKind: DOCUMENT_KIND.distDesired,
      observedKind: DOCUMENT_KIND.distObserved,
      onDesired: (body) => {
        const read = readDistDesired(body);
        if ('refused' in read) throw new Error(read.refused);
        desire(read.body);
      },
      log,
    });
    return { report: (observed) => client.report(bodyOf(observed)), stop: () => client.stop() };
  };

const run = async ({ directory, port, gateway }: DistSettings, log: Log): Promise<void> => {
  const identity = await ServingIdentity.open(join(directory, IDENTITY_DIRECTORY));
  const service = await DistService.start({ directory, identity, port, log, connect: connect(gateway, log) });
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, resolve);
  });
  log.info('Ending; downloads under way may finish', { signal });
  await service.stop(GRACE_MS);
};

const main = async (): Promise<void> => {
  const log = createLog({ agent: 'drivers-dist' });
  const read = readSettings(process.env);
  try {
    if ('problem' in read) throw new Error(read.problem);
    await run(read.settings, log);
  } catch (error) {
    log.error('The distribution service cannot run', { error });
    process.exitCode = 1;
  }
};

void main();
