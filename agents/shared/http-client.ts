import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { Dispatcher } from 'undici';
import { Agent, Pool, ProxyAgent } from 'undici';
import { bypassesProxy } from '../../lib/base/no-proxy';

/** How long a server may be silent, in milliseconds. */
export interface Patience {
  readonly connectMs: number;
  /** Between two pieces of an answer, and before its first. */
  readonly idleMs: number;
}

export const PATIENCE: Patience = { connectMs: 10_000, idleMs: 30_000 };

export interface HttpClientOptions {
  /** PEM of the only authorities that are trusted: servers of the installation. */
  readonly ca?: string;
  /** PEM of authorities that are trusted beside the usual ones. */
  readonly extraCA?: string;
  /** Proxy for hosts that no entry of `noProxy` covers. */
  readonly proxy?: { readonly url: string; readonly noProxy: readonly string[] };
  /** Default PATIENCE. */
  readonly patience?: Patience;
}

/** The ways out: which connections a request takes. TLS is always verified. */
export interface HttpClient {
  dispatcherFor(url: URL): Dispatcher;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Node drops its defaults when it is given a list: they are named again beside what is added. */
const authorities = ({ ca, extraCA }: HttpClientOptions): string[] | undefined => {
  if (ca !== undefined) return [ca];
  if (extraCA === undefined) return undefined;
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  return [...rootCertificates, ...(file === undefined ? [] : [readFileSync(file, 'utf8')]), extraCA];
};

/** Opens no connection before the first request. Throws where the proxy is no URL. */
export const createHttpClient = (options: HttpClientOptions = {}): HttpClient => {
  const { connectMs, idleMs } = options.patience ?? PATIENCE;
  const ca = authorities(options);
  const tls = { timeout: connectMs, ...(ca === undefined ? {} : { ca }) };
  const timeouts = { headersTimeout: idleMs, bodyTimeout: idleMs };
  const direct = new Agent({ connect: tls, ...timeouts });
  const { proxy } = options;
  if (proxy === undefined) return { dispatcherFor: () => direct, close: () => direct.destroy() };
  const proxied = new ProxyAgent({
    uri: proxy.url,
    requestTls: tls,
    proxyTls: tls,
    // Without it a proxy that accepts and says nothing is waited for five minutes.
    clientFactory: (origin, given) => new Pool(origin, { ...given, ...timeouts }),
    ...timeouts,
  });
  return {
    dispatcherFor: (url) => (bypassesProxy(url, proxy.noProxy) ? direct : proxied),
    close: async () => {
      await Promise.all([direct.destroy(), proxied.destroy()]);
    },
  };
};
