import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import type { Authority } from '../kube/certificates';

/** How the server treats a request. */
export type Manners = (request: IncomingMessage, response: ServerResponse) => void;

/** A registry on a real port, as well- or ill-mannered as a test wants it. */
export interface RegistryServer {
  readonly url: string;
  readonly port: number;
  /** Paths asked for, in order. */
  readonly paths: string[];
  manners: Manners;
  readonly stop: () => Promise<void>;
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));

const stopper = (server: Server, sockets: ReadonlySet<Socket>) => (): Promise<void> =>
  new Promise((resolve) => {
    for (const socket of sockets) socket.destroy();
    server.close(() => resolve());
  });

const socketsOf = (server: Server): Set<Socket> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  return sockets;
};

/** Serves HTTPS with the certificate of `authority`, or HTTP without one. */
export const startRegistry = async (manners: Manners, authority?: Authority): Promise<RegistryServer> => {
  const paths: string[] = [];
  const listener: RequestListener = (request, response) => {
    paths.push(request.url ?? '');
    registry.manners(request, response);
  };
  const server =
    authority === undefined
      ? http.createServer(listener)
      : https.createServer({ cert: authority.cert, key: authority.key }, listener);
  const sockets = socketsOf(server);
  const port = await listening(server);
  const url = `${authority === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const registry: RegistryServer = { url, port, paths, manners, stop: stopper(server, sockets) };
  return registry;
};

/** A proxy that takes every CONNECT to `port`, whatever was asked for; it tells what was. */
export const startProxy = async (
  port: number,
): Promise<{
  readonly url: string;
  readonly asked: string[];
  readonly credentials: string[];
  readonly stop: () => Promise<void>;
}> => {
  const [asked, credentials]: [string[], string[]] = [[], []];
  const server = http.createServer();
  const sockets = socketsOf(server);
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    asked.push(request.url ?? '');
    credentials.push(request.headers['proxy-authorization'] ?? '');
    if (port === 0) return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream])
      socket.on('error', () => [client, upstream].forEach((end) => end.destroy()));
  });
  const at = await listening(server);
  return { url: `http://user:p%40ss@127.0.0.1:${at}`, asked, credentials, stop: stopper(server, sockets) };
};

/** Waits for real sockets; a condition that never comes true is a failed test, not a slow one. */
export const until = async (condition: () => boolean): Promise<void> => {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 2_000) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
