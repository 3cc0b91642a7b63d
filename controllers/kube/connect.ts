import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../runtime/clock';
import { systemClock } from '../runtime/clock';
import { ApiError } from './api-error';
import type { ConfigSource } from './kubeconfig';
import { readConfig } from './kubeconfig';
import { RestClient } from './rest-client';
import type { Connection, Endpoint, SentRequest } from './transport';
import { Transport } from './transport';

export interface ConnectOptions extends ConfigSource {
  readonly clock?: Clock;
  /** Goes into `User-Agent` behind the operator's name. Default `dev`. */
  readonly version?: string;
  /** Told each request that was sent, for metrics. */
  readonly onSent?: (request: SentRequest) => void;
}

/**
 * A client for the cluster that the configuration names. Only reads the configuration; the server is first called by
 * the first call. Rejects with ApiError when there is no usable configuration.
 */
export const connect = async (options: ConnectOptions = {}): Promise<RestClient> => {
  const connection = await KubeConnection.open(options);
  const userAgent = `weka-operator/${options.version ?? 'dev'} (${process.platform}/${process.arch})`;
  const { clock = systemClock, onSent } = options;
  return new RestClient(new Transport({ connection, clock, userAgent, ...(onSent === undefined ? {} : { onSent }) }));
};

/** How long credentials and certificates are used before their files are looked at again. */
const FRESH_MS = 10_000;
/** Sockets for ordinary calls. The API server's own fairness queues do the rest. */
const MAX_SOCKETS = 32;
/** Shorter than the 90 s after which the API server closes an idle connection. */
const IDLE_MS = 60_000;

/** A connection as a kubeconfig, or the Pod's service account, describes it. */
export class KubeConnection implements Connection {
  private current: Promise<Endpoint> | undefined;
  private readAt = 0;
  private agents: Agents | undefined;
  private readonly retired = new Set<Agents>();

  private constructor(
    private config: KubeConfig,
    private readonly source: ConfigSource,
    private readonly clock: Clock,
  ) {}

  /** Reads the configuration. */
  static async open(options: ConnectOptions): Promise<KubeConnection> {
    const config = await readConfig(options).catch((thrown: unknown) => {
      throw unusable('the kubeconfig', thrown);
    });
    return new KubeConnection(config, options, options.clock ?? systemClock);
  }

  get server(): string {
    return originOf(this.config);
  }

  endpoint(renew = false): Promise<Endpoint> {
    if (renew || this.current === undefined || this.clock.now() - this.readAt >= FRESH_MS) {
      this.readAt = this.clock.now();
      this.current = this.read(renew);
      this.current.catch(() => {
        this.current = undefined;
      });
    }
    return this.current;
  }

  close(): void {
    for (const agents of [...this.retired, ...(this.agents === undefined ? [] : [this.agents])]) destroy(agents);
    this.retired.clear();
    this.agents = undefined;
    this.current = undefined;
  }

  private async read(renew: boolean): Promise<Endpoint> {
    try {
      // A new configuration forgets the tokens that the old one had read or fetched.
      if (renew) this.config = await readConfig(this.source);
      const url = serverUrl(this.config);
      const options: https.RequestOptions = {};
      await this.config.applyToHTTPSOptions(options);
      return { url, headers: headersOf(options), ...this.agentsFor(url, options) };
    } catch (thrown) {
      throw thrown instanceof ApiError ? thrown : unusable(this.server, thrown);
    }
  }

  /** The same agents as long as nothing they were made of has changed: each new one costs a handshake a socket. */
  private agentsFor(url: string, options: https.RequestOptions): Pick<Endpoint, 'pool' | 'streams'> {
    const proxy = this.config.getCurrentCluster()?.proxyUrl;
    const key = contentKey([
      url,
      proxy,
      options.ca,
      options.cert,
      options.key,
      options.pfx,
      options.passphrase,
      options.servername,
    ]);
    if (this.agents?.key !== key) {
      if (this.agents !== undefined) this.retire(this.agents);
      this.agents = { key, ...newAgents(url, options, proxy !== undefined) };
    }
    return this.agents;
  }

  /** Calls and streams under way end as they would; then their sockets close. */
  private retire(agents: Agents): void {
    for (const old of this.retired) if (isIdle(old)) this.retired.delete(old);
    const { pool } = agents;
    (pool as { keepAlive?: boolean }).keepAlive = false;
    for (const socket of Object.values(pool.freeSockets).flat()) socket?.destroy();
    this.retired.add(agents);
  }
}

interface Agents extends Pick<Endpoint, 'pool' | 'streams'> {
  readonly key: string;
}

const newAgents = (
  url: string,
  options: https.RequestOptions,
  proxied: boolean,
): Pick<Endpoint, 'pool' | 'streams'> => {
  const keepAlive = {
    keepAlive: true,
    keepAliveMsecs: 30_000,
    maxSockets: MAX_SOCKETS,
    maxFreeSockets: MAX_SOCKETS,
    scheduling: 'lifo',
    timeout: IDLE_MS,
  } as const;
  // The agent that tunnels is client-node's: one for both, without a pool.
  if (proxied && options.agent instanceof http.Agent) return { pool: options.agent, streams: options.agent };
  if (url.startsWith('http:')) return { pool: new http.Agent(keepAlive), streams: new http.Agent() };
  const { ca, cert, key, pfx, passphrase, servername } = options;
  const tls = defined({ ca, cert, key, pfx, passphrase, servername });
  return {
    pool: new https.Agent({ ...keepAlive, ...tls }),
    streams: new https.Agent({ keepAliveMsecs: 30_000, ...tls }),
  };
};

const destroy = ({ pool, streams }: Agents): void => {
  pool.destroy();
  streams.destroy();
};

const isIdle = ({ pool, streams }: Agents): boolean =>
  Object.keys(pool.sockets).length + Object.keys(streams.sockets).length === 0;

const headersOf = ({ headers = {}, auth }: https.RequestOptions): Readonly<Record<string, string>> => {
  const basic = typeof auth === 'string' ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  // Token files end with a newline, which no header may hold.
  const texts = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value.trim()] as const] : [],
  );
  return { ...basic, ...Object.fromEntries(texts) };
};

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The address. Clear text is for `kubectl proxy` on this machine only: elsewhere it would show the credential to the network. */
const serverUrl = (config: KubeConfig): string => {
  const cluster = config.getCurrentCluster();
  const url = new URL(cluster?.server ?? '');
  const clear = url.protocol === 'http:';
  if (clear && !LOOPBACK.test(url.hostname)) throw untrusted(url.origin, 'it is addressed by http://, without TLS');
  // client-node refuses http:// unless told so. For https:// no kubeconfig makes us skip TLS.
  config.clusters = config.clusters.map((each) =>
    each.name === cluster?.name ? { ...each, skipTLSVerify: clear } : each,
  );
  return `${url.origin}${url.pathname.replace(/\/$/, '')}`;
};

const originOf = (config: KubeConfig): string => {
  const server = config.getCurrentCluster()?.server ?? '';
  return URL.canParse(server) ? new URL(server).origin : 'the API server';
};

const untrusted = (server: string, cause: string): ApiError =>
  new ApiError('ApiUntrusted', { server, cause }, { status: 0, reason: undefined, message: cause });

/** Reading files, parsing or an exec plugin failed. No cause is kept: texts of parsers and plugins may quote a credential. */
const unusable = (server: string, thrown: unknown): ApiError => {
  const cause = `the credential or configuration cannot be read: ${sayable(thrown)}`;
  return new ApiError('ApiUnauthorized', { server, cause }, { status: 401, reason: 'Unauthorized', message: cause });
};

/** The first line, without anything long enough to be a token. JSON's own messages quote what they read. */
const sayable = (thrown: unknown): string => {
  if (thrown instanceof SyntaxError) return 'it is not JSON';
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  return (said.split('\n')[0] ?? '').replace(/[\w+=-]{24,}/g, '…').slice(0, 200);
};

const contentKey = (parts: readonly unknown[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = Buffer.isBuffer(part)
      ? part
      : Buffer.from(typeof part === 'string' ? part : JSON.stringify(part ?? null));
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest('hex');
};

const defined = <T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
