import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { OperatorError } from '../../lib/base/errors';
import type { Trust } from './registry-call';

export interface TunnelOptions {
  /** For a proxy that is itself reached by TLS. */
  readonly trust: Trust;
  readonly signal: AbortSignal;
}

/** User and password of a proxy's URL, as the header that carries them; nothing where there are none. */
const credentials = ({ username, password }: URL): Record<string, string> => {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` };
};

const authority = (url: URL): string => {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return `${url.hostname}:${port}`;
};

/** A connection through `proxy` to the host of `target`, by CONNECT. Rejects with RegistryUnreachable. */
export const openTunnel = (target: URL, proxy: URL, { trust, signal }: TunnelOptions): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const refuse = (cause: string): void =>
      reject(new OperatorError('RegistryUnreachable', { server: target.host, path: target.pathname, cause }));
    const library = proxy.protocol === 'https:' ? https : http;
    const request = library.request({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port === '' ? (proxy.protocol === 'https:' ? 443 : 80) : Number(proxy.port),
      method: 'CONNECT',
      path: authority(target),
      headers: { host: authority(target), ...credentials(proxy) },
      agent: false,
      signal,
      ...trust,
    });
    request.on('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      refuse(`the proxy answers ${statusCode}`);
    });
    request.on('response', (response) => {
      response.destroy();
      refuse(`the proxy answers ${response.statusCode}`);
    });
    request.on('error', ({ message, ...error }: NodeJS.ErrnoException) =>
      refuse(`the proxy can not be reached (${error.code ?? message})`),
    );
    request.end();
  });
