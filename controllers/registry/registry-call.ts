import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import { connect, createSecureContext, rootCertificates } from 'node:tls';
import { bypassesProxy } from '../../lib/base/no-proxy';
import type { ErrorCode, ErrorParameters } from '../../lib/base/errors';
import { OperatorError } from '../../lib/base/errors';
import type { ProxySettings } from '../installation';
import type { Clock } from '../runtime/clock';
import { openTunnel } from './tunnel';

/** How registries are reached. */
export interface RegistryCallOptions {
  readonly clock: Clock;
  readonly proxy?: ProxySettings;
  /** PEM of certificates trusted beside the usual ones. */
  readonly extraCA?: string;
  /** For User-Agent. */
  readonly userAgent?: string;
  /** Milliseconds for the whole of a call, redirects included. @default 20,000 */
  readonly timeoutMs?: number;
}

export interface RegistryReply {
  readonly status: number;
  /** At most MAX_BODY_BYTES; of an answer that is not 200: empty. */
  readonly body: string;
}

/** Reads the small file at `url`. Rejects with an OperatorError, or with the reason of `signal`. */
export type RegistryCall = (url: URL, signal: AbortSignal) => Promise<RegistryReply>;

const TIMEOUT_MS = 20_000;
const MAX_REDIRECTS = 3;
/** A digest and a file name fit in it many times. */
export const MAX_BODY_BYTES = 16_384;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The same code and words as agents that fetch: never the query, it may carry a signature. */
export const callFailure = (code: ErrorCode, url: URL, parameters: ErrorParameters = {}): OperatorError =>
  new OperatorError(code, { server: url.host, path: url.pathname, ...parameters });

/** Options of TLS. */
export interface Trust {
  readonly secureContext?: SecureContext;
}

interface Way extends RegistryCallOptions {
  readonly trust: Trust;
}

/** Calls over HTTPS (or HTTP where the registry is one), with redirects, proxy and limits. TLS is always verified. */
export const registryCall = (options: RegistryCallOptions): RegistryCall => {
  const { clock, timeoutMs = TIMEOUT_MS } = options;
  const way: Way = { ...options, trust: trusted(options) };
  return async (url, signal) => {
    const limit = new AbortController();
    const stop = (): void => limit.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const cancel = clock.after(timeoutMs, () =>
      limit.abort(callFailure('RegistryUnreachable', url, { cause: `no answer within ${timeoutMs / 1000} s` })),
    );
    try {
      signal.throwIfAborted();
      return await followed(url, way, limit.signal);
    } catch (thrown) {
      limit.signal.throwIfAborted();
      throw thrown;
    } finally {
      cancel();
      signal.removeEventListener('abort', stop);
    }
  };
};

const followed = async (first: URL, way: Way, signal: AbortSignal): Promise<RegistryReply> => {
  let url = first;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await send(url, way, signal);
    const status = response.statusCode ?? 0;
    if (!REDIRECTS.has(status)) return { status, body: status === 200 ? await bodyOf(response, url) : drop(response) };
    drop(response);
    url = redirected(url, response.headers.location);
  }
  throw callFailure('RegistryAnswerInvalid', first, { cause: `it redirects more than ${MAX_REDIRECTS} times` });
};

const drop = (response: http.IncomingMessage): '' => {
  response.on('error', () => undefined).destroy();
  return '';
};

const redirected = (from: URL, location: string | undefined): URL => {
  const to = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined || !['http:', 'https:'].includes(to.protocol))
    throw callFailure('RegistryAnswerInvalid', from, { cause: 'it redirects to nowhere' });
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw callFailure('RegistryAnswerInvalid', from, { cause: 'it redirects from https to http' });
  return to;
};

/** Whom TLS trusts. Made once: reading some hundred certificates takes longer than a call. */
const trusted = ({ extraCA }: RegistryCallOptions): Trust =>
  extraCA === undefined ? {} : { secureContext: createSecureContext({ ca: [...rootCertificates, extraCA] }) };

/** A connection of its own each time: calls are rare, and a pool would keep sockets to the outside open. */
const send = async (url: URL, way: Way, signal: AbortSignal): Promise<http.IncomingMessage> => {
  const { proxy, trust } = way;
  const socket =
    proxy === undefined || bypassesProxy(url, proxy.noProxy)
      ? undefined
      : await openTunnel(url, new URL(proxy.url), { trust, signal });
  return new Promise((resolve, reject) => {
    const library = url.protocol === 'https:' ? https : http;
    const headers = { accept: 'text/plain, */*;q=0.1', 'user-agent': way.userAgent ?? 'weka-operator' };
    const request = library.request(url, { headers, signal, ...trust, ...connectionOf(url, socket, trust) });
    request.on('response', resolve);
    request.on('error', (error) => reject(connectionFailure(url, error)));
    request.end();
  });
};

/** A new connection, or `socket` with TLS spoken over it where the registry is reached by TLS. */
const connectionOf = (url: URL, socket: Socket | undefined, trust: Trust): https.RequestOptions => {
  if (socket === undefined) return { agent: false };
  if (url.protocol === 'http:') return { createConnection: () => socket };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    createConnection: () => connect({ socket, host, ...(isIP(host) === 0 ? { servername: host } : {}), ...trust }),
  };
};

const bodyOf = (response: http.IncomingMessage, url: URL): Promise<string> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const invalid = (cause: string): void => {
      response.destroy();
      reject(callFailure('RegistryAnswerInvalid', url, { cause }));
    };
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) return invalid(`it is larger than ${MAX_BODY_BYTES} bytes`);
      chunks.push(chunk);
    });
    response.on('error', () => invalid('it ended before its last byte'));
    response.on('end', () =>
      response.complete ? resolve(Buffer.concat(chunks).toString('utf8')) : invalid('it ended before its last byte'),
    );
  });

const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ALTNAME/;
const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  ECONNRESET: 'it ended the connection',
  ETIMEDOUT: 'no connection in time',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
};

/** Without addresses and times, so that the same failure is the same text. */
const connectionFailure = (url: URL, error: Error & { readonly code?: string }): OperatorError => {
  if (error instanceof OperatorError) return error;
  const { code = '' } = error;
  if (UNTRUSTED.test(code)) return callFailure('RegistryUntrusted', url, { cause: code });
  return callFailure('RegistryUnreachable', url, { cause: CAUSES[code] ?? 'it does not speak HTTP as it should' });
};
