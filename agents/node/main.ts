import { DOCUMENT_KIND } from '../../lib/drivers/agent-documents';
import { ACCESS_PATH } from '../../lib/drivers/agent-access';
import { GatewayClient } from '../shared/gateway-client';
import { createLog } from '../shared/log';
import { linuxHost } from './linux-host';
import { Observer } from './observe';

const log = createLog({ agent: 'node' });

const main = (env: Readonly<Record<string, string | undefined>>): void => {
  const url = env['GATEWAY_URL'] ?? '';
  if (!URL.canParse(url)) {
    log.error('the observer cannot start: GATEWAY_URL is no URL', { url });
    process.exitCode = 2;
    return;
  }
  const client = new GatewayClient({
    url,
    tokenFile: env['GATEWAY_TOKEN_FILE'] ?? ACCESS_PATH.tokenFile,
    caFile: env['CA_FILE'] ?? ACCESS_PATH.caFile,
    desiredKind: DOCUMENT_KIND.nodeDesired,
    observedKind: DOCUMENT_KIND.nodeObserved,
    onDesired: (body) => observer.told(body),
    log,
  });
  const observer = new Observer({ host: linuxHost(env['HOST_ROOT']), log, report: (body) => client.report(body) });
  log.info('observing', { node: env['NODE_NAME'] });
  void observer.start();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      observer.stop();
      void client.stop();
    });
};

main(process.env);
