import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Authority } from './certificates';

/** A request as it came over the wire. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Answers one request; it may do anything to the socket. */
export type Behaviour = (request: Received, response: http.ServerResponse) => void;

/** A server that plays an API server and does what the test says, one behaviour a request; the last one stays. */
export class FakeApiServer {
  readonly received: Received[] = [];
  connections = 0;
  private readonly sockets = new Set<Socket>();
  private readonly directory = mkdtempSync(join(tmpdir(), 'kube-test-'));
  private behaviours: Behaviour[] = [];

  private constructor(
    private readonly server: http.Server,
    private readonly authority: Authority | undefined,
  ) {
    const onSocket = (socket: Socket): void => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => undefined);
    };
    server.on(authority === undefined ? 'connection' : 'secureConnection', onSocket);
    server.on(
      'request',
      (request: http.IncomingMessage, response: http.ServerResponse) => void this.handle(request, response),
    );
  }

  static async start(authority?: Authority): Promise<FakeApiServer> {
    const server =
      authority === undefined ? http.createServer() : https.createServer({ cert: authority.cert, key: authority.key });
    server.keepAliveTimeout = 60_000;
    const fake = new FakeApiServer(server, authority);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `${this.authority === undefined ? 'http' : 'https'}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Connections that are open right now. */
  get open(): number {
    return this.sockets.size;
  }

  /** What the next requests get, in order; the last behaviour serves all later ones. */
  answers(...behaviours: readonly Behaviour[]): this {
    this.behaviours = [...behaviours];
    return this;
  }

  /** Writes a kubeconfig for this server; `user` and `cluster` are merged into its entries. */
  kubeconfig(user: object = {}, cluster: object = this.trust()): string {
    const file = join(this.directory, 'kubeconfig');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'fake', user: 'tester' } }],
      clusters: [{ name: 'fake', cluster: { server: this.url, ...cluster } }],
      users: [{ name: 'tester', user }],
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  /** A file beside the kubeconfig; gives its path. */
  file(name: string, content: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  /** Resets all connections, as a server that dies does. */
  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.directory, { recursive: true, force: true });
  }

  private trust(): object {
    return this.authority === undefined
      ? {}
      : { 'certificate-authority-data': Buffer.from(this.authority.ca).toString('base64') };
  }

  private async handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server');
    const received = {
      method: request.method ?? '',
      path: pathname,
      query: searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    this.received.push(received);
    const behaviour = this.behaviours.length > 1 ? this.behaviours.shift() : this.behaviours[0];
    (behaviour ?? notFound)(received, response);
  }
}

/** Answers with JSON. */
export const json =
  (value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value));
  };

/** Answers with a Status object. */
export const status = (
  code: number,
  reason: string,
  more: object = {},
  headers: Readonly<Record<string, string>> = {},
): Behaviour =>
  json(
    {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code,
      reason,
      message: `the server says ${reason}`,
      ...more,
    },
    code,
    headers,
  );

/** What an API server says for a path it doesn't have. */
export const notFound: Behaviour = (_request, response) => void response.writeHead(404).end('404 page not found\n');

/** Breaks the connection without an answer. */
export const reset: Behaviour = (_request, response) => void response.socket?.resetAndDestroy();

/** Never answers. */
export const silence: Behaviour = () => undefined;

/** Sends the pieces of a stream one after another, each in its own packet; then ends, or stays open. */
export const stream =
  (pieces: readonly (string | Buffer)[], end: 'end' | 'stay' = 'end'): Behaviour =>
  (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    void (async () => {
      for (const piece of pieces) {
        response.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      if (end === 'end') response.end();
    })();
  };

/** A line of a watch. */
export const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
