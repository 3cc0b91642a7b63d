/**
 * Many agents in one process of their own, each with its client, its token file and its TLS connection:
 *   tsx test/gateway/agents-process.ts URL DIRECTORY COUNT
 * DIRECTORY holds ca.crt and token-0, token-1, … Says `told N` for each desired document that any of them hears.
 */
import { join } from 'node:path';
import { GatewayClient } from '../../agents/shared/gateway-client';
import { silentLog } from '../../agents/shared/log';
import { DOCUMENT_KIND } from '../../lib/drivers/agent-documents';
import { nodeObserved } from './node-observed';

const [url = '', directory = '', count = '0'] = process.argv.slice(2);
const start = (n: number): GatewayClient => {
  const client = new GatewayClient({
    url,
    tokenFile: join(directory, `token-${n}`),
    caFile: join(directory, 'ca.crt'),
    desiredKind: DOCUMENT_KIND.nodeDesired,
    observedKind: DOCUMENT_KIND.nodeObserved,
    onDesired: () => process.stdout.write(`told ${n}\n`),
    log: silentLog,
  });
  client.report(nodeObserved({ bootID: `boot-${n}` }));
  return client;
};
/** One process plays as many nodes: starting them in the same moment would measure its own processor, not the gateway. */
const TOGETHER = 25;
const clients: GatewayClient[] = [];
const timer = setInterval(() => {
  for (let n = 0; n < TOGETHER && clients.length < Number(count); n++) clients.push(start(clients.length));
  if (clients.length >= Number(count)) clearInterval(timer);
}, 200);
const stop = (): void => void Promise.all(clients.map((client) => client.stop())).then(() => process.exit(0));
// Whoever started it has ended, in whatever way.
process.stdin.once('end', stop).once('close', stop).resume();
