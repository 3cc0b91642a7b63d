import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import { OperatorError } from '../../lib/base/errors';
import type { Log } from '../shared/log';
import { downloadRoutes } from './download-routes';
import { problemOf } from './http-problem';
import type { DistMetrics } from './metrics';
import type { PackageStore } from './package-store';
import { statusRoutes } from './status-routes';
import type { Uploads } from './upload-routes';
import { uploadRoutes } from './upload-routes';

/** A key and the certificate that was made for it, PEM. */
export interface ServingCertificate {
  readonly key: string;
  readonly cert: string;
}

/** What is served. */
export interface Served {
  readonly store: PackageStore;
  readonly uploads: Uploads;
  readonly metrics: DistMetrics;
  readonly log: Log;
  /** What the service still waits for; `undefined`: it is ready. */
  readonly notReady: () => string | undefined;
}

/** A connection on which nothing moves is closed, milliseconds: whoever is stuck holds a chunk in memory. */
const IDLE_MS = 60_000;
/** Counted from the connection: a thousand handshakes at once take their time. */
const HEADERS_MS = 60_000;
/** Connections that wait to be accepted; the kernel's own limit may be lower. */
const BACKLOG = 4096;
/** An upload of the largest package over a slow link. */
const REQUEST_MS = 1_800_000;

const serverOf = (handler: RequestListener, certificate: ServingCertificate | undefined): Server => {
  const times = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS };
  const server =
    certificate === undefined
      ? createServer(times, handler)
      : (createTlsServer({ ...certificate, ...times, minVersion: 'TLSv1.2' }, handler) as Server);
  server.setTimeout(IDLE_MS);
  // Node would say "go on" by itself; an upload that is refused is told so before it sends its body.
  server.on('checkContinue', handler);
  return server;
};

/** The HTTP side of the service: who asks is answered from the store. */
export class HttpServer {
  private readonly app: FastifyInstance;

  /** Without a certificate it speaks clear HTTP: for measurements only. */
  constructor(
    served: Served,
    private readonly certificate?: ServingCertificate,
  ) {
    this.app = fastify({
      logger: false,
      serverFactory: (handler) => serverOf(handler, certificate),
      routerOptions: { maxParamLength: 512 },
      exposeHeadRoutes: false,
      // What the router refuses by itself: URLs that can't be decoded, names of endless length.
      frameworkErrors: (error, request, reply) => void answerError(served.log, error, request, reply),
    });
    // Bodies are streams; the upload route reads its own.
    this.app.removeAllContentTypeParsers();
    this.app.addContentTypeParser('*', (_request, _body, done) => done(null));
    this.app.setErrorHandler((error, request, reply) => answerError(served.log, error, request, reply));
    this.app.setNotFoundHandler((request, reply) =>
      answerError(
        served.log,
        new OperatorError('PathUnknown', { path: request.url.split('?')[0] ?? '' }),
        request,
        reply,
      ),
    );
    downloadRoutes(this.app, served, certificate !== undefined);
    uploadRoutes(this.app, served);
    statusRoutes(this.app, served);
  }

  /** Listens; resolves with the port. Rejects when the address can't be bound. */
  async listen(port: number, host = '::'): Promise<number> {
    await this.app.listen({ port, host, backlog: BACKLOG });
    return (this.app.server.address() as AddressInfo).port;
  }

  /** For connections from now on; those that are there keep what they have. */
  renew(certificate: ServingCertificate): void {
    if (this.certificate !== undefined) (this.app.server as TlsServer).setSecureContext(certificate);
  }

  /** Takes no more connections; what is under way has `graceMs` to end. */
  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.app.server.closeAllConnections(), graceMs);
    await this.app.close();
    clearTimeout(timer);
  }
}

const answerError = async (
  log: Log,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const { statusCode } = error as { statusCode?: number };
  const path = request.url.split('?')[0] ?? '';
  const byRouter = !(error instanceof OperatorError) && statusCode !== undefined && statusCode < 500;
  const problem = problemOf(byRouter ? new OperatorError('PathUnknown', { path: path.slice(0, 300) }) : error);
  if (problem.status === 500) log.error('A request failed', { path, error });
  return reply.code(problem.status).headers(problem.headers).send(problem.body);
};
