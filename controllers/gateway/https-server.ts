import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { splitAddress } from '../runtime/health';
import type { KeyedCertificate } from '../certificates/x509';
import type { Answer } from './answers';
import type { GatewayRequest } from './request-handler';

export interface HttpsServerOptions {
  /** `host:port` or `:port` (all addresses); port 0: any free one. */
  readonly address: string;
  /** Answers a request. When it rejects, the request gets a 500 and the failure goes to `onFailure`. */
  readonly answer: (request: GatewayRequest) => Promise<Answer>;
  readonly onAnswer: (answer: Answer) => void;
  readonly onFailure: (thrown: unknown) => void;
  /** Default: LIMITS. */
  readonly limits?: Partial<HttpsLimits> | undefined;
}

/** Milliseconds until whoever needs longer is cut off: a connection costs memory. */
export interface HttpsLimits {
  readonly handshakeTimeout: number;
  readonly headersTimeout: number;
  /** For a whole request to arrive. */
  readonly requestTimeout: number;
  /** Between two requests. */
  readonly keepAliveTimeout: number;
  /** How often it is looked. */
  readonly connectionsCheckingInterval: number;
}

/** Longer bodies are not read. */
const MAX_BODY = 256 * 1024;
const TLS = { minVersion: 'TLSv1.2' } as const;
const LIMITS: HttpsLimits = {
  handshakeTimeout: 10_000,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 5_000,
};
const MAX_HEADER = 16 * 1024;
const MAX_CONNECTIONS = 10_000;
/** How long answers under way may take when it stops. */
const STOP_MS = 1_000;

/** HTTPS for agents: sockets, limits and certificates; what is answered is somebody else's. */
export class HttpsServer {
  private readonly server: Server;
  private certificate: string | undefined;

  constructor(private readonly options: HttpsServerOptions) {
    const limits = { ...LIMITS, ...options.limits, maxHeaderSize: MAX_HEADER };
    this.server = createServer({ ...TLS, ...limits }, (request, response) => void this.handle(request, response));
    this.server.maxConnections = MAX_CONNECTIONS;
    // One that breaks in the handshake or breaks off concerns nobody else.
    this.server.on('tlsClientError', () => undefined);
  }

  /** Listens; resolves with the port. Before it has a certificate every handshake fails. Rejects when it can't be bound. */
  start(): Promise<number> {
    const { host, port } = splitAddress(this.options.address);
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /** Serves with this certificate from the next connection on; those that are open stay. */
  serve({ certificate, key }: KeyedCertificate): void {
    if (certificate === this.certificate) return;
    this.server.setSecureContext({ ...TLS, cert: certificate, key });
    this.certificate = certificate;
  }

  /** Stops listening, lets what is being answered go out, then closes every connection. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    const timer = setTimeout(() => this.server.closeAllConnections(), STOP_MS);
    await closed;
    clearTimeout(timer);
  }

  private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('the connection is closed')));
    response.on('error', () => undefined);
    const answer = await this.options.answer(toRequest(incoming, gone.signal)).catch((thrown: unknown): Answer => {
      if (!gone.signal.aborted) this.options.onFailure(thrown);
      return { status: 500, headers: {}, body: 'internal error\n', hangUp: true };
    });
    this.options.onAnswer(answer);
    if (gone.signal.aborted) return;
    const { status, headers, body, hangUp } = answer;
    response.writeHead(status, { ...headers, ...(hangUp === undefined ? {} : { connection: 'close' }) });
    response.end(body);
  }
}

const toRequest = (incoming: IncomingMessage, gone: AbortSignal): GatewayRequest => ({
  method: incoming.method ?? '',
  target: incoming.url ?? '',
  headers: { authorization: incoming.headers.authorization, 'if-none-match': incoming.headers['if-none-match'] },
  address: incoming.socket.remoteAddress ?? '',
  body: () => bodyOf(incoming),
  gone,
});

const bodyOf = async (incoming: IncomingMessage): Promise<string | undefined> => {
  if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  // What is not read to its end must still be answered.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
};
