import { OperatorError } from '../../lib/base/errors';
import { gatewayUrl } from '../../lib/drivers/agent-access';
import { InstallationCA } from '../certificates/installation-ca';
import { CertificateIssuer } from '../certificates/issuer';
import type { ClusterClient } from '../kube/cluster-client';
import { AgentExchange } from '../runtime/agent-exchange';
import type { Clock } from '../runtime/clock';
import type { Companion } from '../runtime/companion';
import type { Logger } from '../runtime/log';
import type { Metrics } from '../runtime/metrics';
import type { Random } from '../runtime/random';
import { Gateway } from './gateway';

export interface AgentAccessOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The operator's. */
  readonly namespace: string;
  /** `host:port` where the gateway listens. */
  readonly address: string;
  /** `https://host:port` that agents dial. Default: that of the gateway's Service. */
  readonly url?: string | undefined;
}

/** Everything that agents of this installation need of the operator. */
export interface AgentAccess {
  readonly exchange: AgentExchange;
  readonly ca: InstallationCA;
  readonly issuer: CertificateIssuer;
  /** `https://host:port` that agents dial. */
  readonly url: string;
  /** What must work before the first round, in this order. */
  readonly companions: readonly Companion[];
  /** Listens, and stands by until `signal` aborts or this process leads; resolves with the port. */
  start(signal: AbortSignal): Promise<number>;
  stop(): Promise<void>;
}

/** Sets up CA and gateway; nothing happens before `start`. Throws InvalidUrl for a URL that agents could not dial. */
export const createAgentAccess = (options: AgentAccessOptions): AgentAccess => {
  const { clock, namespace } = options;
  const url = options.url ?? gatewayUrl(namespace);
  const exchange = new AgentExchange();
  const ca = new InstallationCA(options);
  const issuer = new CertificateIssuer(ca, clock);
  const names = [hostOf(url)];
  const gateway = new Gateway({ ...options, exchange, ca, issuer, operatorNamespace: namespace, names });
  return {
    exchange,
    ca,
    issuer,
    url,
    companions: [ca, gateway],
    start: async (signal) => {
      const port = await gateway.start();
      ca.standBy(signal);
      return port;
    },
    stop: () => gateway.stop(),
  };
};

/** The host that the gateway's certificate must name. */
const hostOf = (url: string): string => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'https:') throw new OperatorError('GatewayUrlInvalid', { url });
  return parsed.hostname.replace(/^\[|\]$/g, '');
};
