import { randomBytes } from 'node:crypto';
import type { OperatorError } from '../../lib/base/errors';
import { GATEWAY_SERVICE } from '../../lib/drivers/agent-access';
import type { CertificateIssuer } from '../certificates/issuer';
import type { InstallationCA } from '../certificates/installation-ca';
import type { KeyedCertificate } from '../certificates/x509';
import type { ClusterClient } from '../kube/cluster-client';
import type { AgentExchange } from '../runtime/agent-exchange';
import type { Clock } from '../runtime/clock';
import type { Companion } from '../runtime/companion';
import type { Logger } from '../runtime/log';
import type { Metrics } from '../runtime/metrics';
import type { Random } from '../runtime/random';
import type { Reader } from '../runtime/reconciler';
import type { Answer } from './answers';
import { Authenticator } from './authenticator';
import type { HttpsLimits } from './https-server';
import { HttpsServer } from './https-server';
import { LongPolls } from './long-polls';
import { RateLimiter } from './rate-limit';
import type { Lead } from './request-handler';
import { RequestHandler } from './request-handler';
import { TokenReviewer } from './token-reviewer';

export interface GatewayOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly exchange: AgentExchange;
  readonly ca: Pick<InstallationCA, 'onChange'>;
  readonly issuer: CertificateIssuer;
  /** The operator's. */
  readonly operatorNamespace: string;
  /** `host:port` or `:port` (all addresses); port 0: any free one. */
  readonly address: string;
  /** Names and addresses under which agents dial it beside those of its Service. */
  readonly names: readonly string[];
  /** Times after which slow callers are cut off. */
  readonly limits?: Partial<HttpsLimits>;
}

/** How often it is looked whether its certificate is due. */
const RENEW_MS = 3600_000;
/** Refusals that are logged; the rest is only counted. */
const REFUSALS_LOGGED = { burst: 10, perSecond: 0.1 };

/** The names that a gateway in `namespace` answers under. Pure. */
export const gatewayNames = (namespace: string, more: readonly string[] = []): readonly string[] => {
  const service = `${GATEWAY_SERVICE}.${namespace}`;
  const own = [GATEWAY_SERVICE, service, `${service}.svc`, `${service}.svc.cluster.local`, 'localhost', '127.0.0.1'];
  return [...new Set([...own, ...more])];
};

/**
 * The HTTPS service that agents dial: desired documents out, observed ones in. Every replica listens; only the one that
 * leads answers, the others send agents away to try again. It keeps nothing: a crash costs agents one more question.
 */
export class Gateway implements Companion {
  readonly name = 'gateway';
  readonly waitingFor: OperatorError | undefined = undefined;
  private readonly server: HttpsServer;
  private readonly serving: () => KeyedCertificate | undefined;
  private readonly refusals: RateLimiter;
  /** Tells agents that they speak to another leader than before: it has heard nothing of them yet. */
  private readonly id = randomBytes(8).toString('hex');
  private leading: Lead | undefined;
  private readonly ends: (() => void)[] = [];

  constructor(private readonly options: GatewayOptions) {
    const { exchange, clock, random, address, issuer, operatorNamespace, metrics } = options;
    const reviewer = new TokenReviewer(options);
    const authenticator = new Authenticator({ reviewer, clock, operatorNamespace });
    const handler = new RequestHandler({ exchange, authenticator, clock, random, lead: () => this.leading });
    this.refusals = new RateLimiter(REFUSALS_LOGGED, clock);
    this.serving = issuer.serving(gatewayNames(operatorNamespace, options.names));
    this.server = new HttpsServer({
      address,
      limits: options.limits,
      answer: async (request) => this.signed(await handler.answer(request)),
      onAnswer: (answer) => this.note(answer),
      onFailure: (error) => options.logger.error('A request of an agent failed', { error }),
    });
    metrics.beforeRead(() => metrics.set('weka_operator_gateway_agents', {}, this.leading?.polls.size ?? 0));
  }

  /** Listens, and sends agents away until it leads; resolves with the port. Rejects when the address can't be bound. */
  async start(): Promise<number> {
    const port = await this.server.start();
    this.ends.push(this.options.ca.onChange(() => this.renew()));
    this.renewLater();
    this.renew();
    return port;
  }

  /** Answers agents from now on, until `signal` aborts. */
  async lead(reader: Reader, signal: AbortSignal): Promise<void> {
    this.renew();
    const polls = new LongPolls(this.options.clock);
    const end = this.options.exchange.onDesired((agent) => polls.tell(agent));
    this.leading = { reader, polls };
    const stop = (): void => {
      this.leading = undefined;
      end();
      polls.close();
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    return Promise.resolve();
  }

  /** Stops listening and closes every connection. */
  async stop(): Promise<void> {
    for (const end of this.ends) end();
    this.leading?.polls.close();
    this.leading = undefined;
    await this.server.stop();
  }

  private signed(answer: Answer): Answer {
    if (this.leading === undefined) return answer;
    return { ...answer, headers: { ...answer.headers, 'weka-leader': this.id } };
  }

  private renew(): void {
    const certificate = this.serving();
    if (certificate !== undefined) this.server.serve(certificate);
  }

  private renewLater(): void {
    const cancel = this.options.clock.after(RENEW_MS, () => {
      this.ends.splice(this.ends.indexOf(cancel), 1);
      this.renewLater();
      this.renew();
    });
    this.ends.push(cancel);
  }

  private note({ status, body }: Answer): void {
    const { metrics, logger } = this.options;
    metrics.count('weka_operator_gateway_requests_total', { code: String(status) });
    const refused = status === 401 || status === 403 || status === 400 || status === 413;
    if (refused && this.refusals.take('')) logger.warn('An agent was refused', { status, reason: body.trim() });
  }
}
