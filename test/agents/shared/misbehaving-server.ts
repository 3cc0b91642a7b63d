import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A server on loopback; everything that it was asked is in `requests`. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

/** Starts a server on a free port of loopback; over TLS when it is given a key and a certificate. */
export const serveOn = async (
  handle: RequestListener,
  tls?: { readonly key: string; readonly cert: string },
): Promise<TestServer> => {
  const requests: IncomingMessage[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(request);
    handle(request, response);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

export const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** Serves `content` as a good server does: with an ETag, and in parts when asked for. */
export const goodServer =
  (content: Buffer): RequestListener =>
  (request, response) => {
    const etag = `"${sha256(content)}"`;
    const range = request.headers['if-range'] === etag ? request.headers.range : undefined;
    const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    const part =
      range === undefined ? {} : { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` };
    response.writeHead(range === undefined ? 200 : 206, { etag, 'content-length': content.length - start, ...part });
    response.end(content.subarray(start));
  };

/** Serves `content` but cuts each connection after `bytes` of it. */
export const cuttingServer = (content: Buffer, bytes: number, ranges = true): RequestListener => {
  const good = goodServer(content);
  return (request, response) => {
    if (!ranges) delete request.headers.range;
    const end = response.end.bind(response) as (part: Buffer) => ServerResponse;
    const cut = (part: Buffer): ServerResponse => {
      if (part.length <= bytes) return end(part);
      response.write(part.subarray(0, bytes), () => response.destroy());
      return response;
    };
    response.end = cut as typeof response.end;
    good(request, response);
  };
};
