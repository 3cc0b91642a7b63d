import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { asOperatorError, OperatorError } from '../../lib/base/errors';
import type { DistDesired } from '../../lib/drivers/agent-documents';
import { DIST_PATH } from '../../lib/drivers/package';
import type { Log } from '../shared/log';
import { judgeUpload, MAX_PACKAGE_BYTES } from './decide';
import type { UploadVerdict } from './decide';
import { Gate } from './gate';
import type { Served } from './http-server';
import type { IncomingPackage } from './incoming-package';
import type { Intake } from './intake';
import type { StoredBytes } from './package-record';

/** What uploads need. */
export interface Uploads {
  readonly intake: Intake;
  /** What the operator said last. */
  readonly desired: () => DistDesired | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Uploads whose bodies are read at once; each has some buffers of its own. The others wait, and their senders with them. */
const RECEIVERS = 16;
/** How long a refused sender is listened to, so that it reads the answer instead of a broken connection. Milliseconds. */
const LINGER_MS = 2_000;

interface FileRequest {
  Params: { file: string };
}

/** PUT of packages, under a permit. */
export const uploadRoutes = (app: FastifyInstance, served: Served): void => {
  const receiver = new Receiver(served);
  app.put<FileRequest>(`${DIST_PATH}/:file`, (request, reply) => receiver.receive(request, reply));
};

class Receiver {
  private readonly gate = new Gate(RECEIVERS);
  private readonly log: Log;

  constructor(private readonly served: Served) {
    this.log = served.log;
  }

  async receive(request: FastifyRequest<FileRequest>, reply: FastifyReply): Promise<FastifyReply> {
    const id = request.params.file.replace(/\.tar\.gz$/, '');
    try {
      const { status, sha256, size } = await this.take(id, request.raw, () => reply.raw.writeContinue());
      reply.code(status).send({ id, sha256, size });
    } catch (error) {
      this.refuse(id, error, request.raw);
      throw error;
    }
    return reply;
  }

  private async take(
    id: string,
    request: IncomingMessage,
    goOn: () => void,
  ): Promise<StoredBytes & { status: number }> {
    const verdict = await this.judge(id, request);
    if ('refuse' in verdict) throw new OperatorError(verdict.refuse, verdict.parameters);
    if (request.headers.expect !== undefined) goOn();
    if (verdict.do === 'nothing') {
      // The sender lost our first answer; it reads this one once it has sent everything.
      for await (const _ of request);
      this.served.metrics.uploads.inc({ outcome: 'unchanged' });
      return { status: 200, ...verdict.stored };
    }
    const stored = await this.gate.run(() => this.store(id, request, verdict));
    this.log.info('A package was uploaded', { package: id, ...stored });
    this.served.metrics.uploads.inc({ outcome: 'stored' });
    return { status: 201, ...stored };
  }

  private async judge(id: string, { headers }: IncomingMessage): Promise<UploadVerdict> {
    const { store, uploads } = this.served;
    const { authorization, 'content-length': contentLength, 'x-content-sha256': sha256 } = headers;
    const upload = { id, authorization, contentLength, sha256: typeof sha256 === 'string' ? sha256 : undefined };
    const facts = { desired: uploads.desired(), now: uploads.now(), maxBytes: MAX_PACKAGE_BYTES };
    const early = judgeUpload(upload, { ...facts, stored: undefined });
    // The disk is looked at only for who may upload.
    return 'refuse' in early ? early : judgeUpload(upload, { ...facts, stored: (await store.find(id))?.bytes });
  }

  private store(
    id: string,
    body: IncomingMessage,
    { size, sha256, podUID }: Extract<UploadVerdict, { do: 'store' }>,
  ): ReturnType<Intake['take']> {
    const fill = (incoming: IncomingPackage): Promise<void> => this.read(id, body, incoming);
    return this.served.uploads.intake.take({ id, size, sha256, podUID }, fill);
  }

  private async read(id: string, body: IncomingMessage, incoming: IncomingPackage): Promise<void> {
    const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const next = (): Promise<IteratorResult<Buffer>> =>
      chunks.next().catch((error: unknown) => {
        throw new OperatorError('UploadIncomplete', { id }, { cause: error });
      });
    for (let piece = await next(); piece.done !== true; piece = await next()) {
      this.served.metrics.receivedBytes.inc(piece.value.length);
      await incoming.write(piece.value);
    }
  }

  private refuse(id: string, error: unknown, body: IncomingMessage): void {
    const { code } = asOperatorError(error);
    this.log.warn('An upload was refused', { package: id.slice(0, 300), error });
    this.served.metrics.refusedUploads.inc({ reason: code });
    if (body.complete) return;
    const cut = (): void => void (body.complete || body.socket.destroy());
    setTimeout(cut, LINGER_MS).unref();
  }
}
