import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { OperatorError } from '../../lib/base/errors';
import { DIST_PATH, isPackageId } from '../../lib/drivers/package';
import { answerDownload } from './download-answer';
import type { Served } from './http-server';
import { listingPage } from './listing';
import { packageFile } from './package-record';
import { ConnectionClosed, sendPackage } from './send-package';
import type { StoredPackage } from './stored-package';

/** Over TLS each piece is encrypted into memory of its own before it leaves. */
const TLS_PIECE_BYTES = 256 << 10;

interface FileRequest {
  Params: { file: string };
}

/** The id in `<id>.tar.gz` or `<id>.tar.gz.sha256`. */
const readFileName = (file: string): { readonly id: string; readonly digest: boolean } => {
  const [, id = '', digest] = /^(.*?)\.tar\.gz(\.sha256)?$/s.exec(file) ?? [];
  if (!isPackageId(id)) throw new OperatorError('PackageIdInvalid', { id: file.slice(0, 300) });
  return { id, digest: digest !== undefined };
};

/** GET and HEAD of packages, of their digests, and of the list of them. */
export const downloadRoutes = (app: FastifyInstance, served: Served, encrypted: boolean): void => {
  const sender = new Sender(served, encrypted);
  app.route<FileRequest>({
    method: ['GET', 'HEAD'],
    url: `${DIST_PATH}/:file`,
    handler: async (request, reply) => {
      const { id, digest } = readFileName(request.params.file);
      const found = await served.store.find(id);
      if (found === undefined) throw new OperatorError('PackageNotStored', { id });
      return digest ? sendDigest(reply, found) : sender.send(request, reply, found);
    },
  });
  app.route({
    method: ['GET', 'HEAD'],
    url: `${DIST_PATH}/`,
    handler: (_, reply) => reply.type('text/html; charset=utf-8').send(listingPage(served.store.holdings())),
  });
  // Links of the list are relative to it.
  app.get(DIST_PATH, (_, reply) => reply.redirect(`${DIST_PATH}/`, 308));
};

/** As sha256sum writes it, and reads it with --check. */
const sendDigest = (reply: FastifyReply, { id, sha256 }: StoredPackage): FastifyReply =>
  reply
    .type('text/plain; charset=utf-8')
    .header('etag', `"${sha256}.sha256"`)
    .send(`${sha256}  ${packageFile(id)}\n`);

class Sender {
  constructor(
    private readonly served: Served,
    private readonly encrypted: boolean,
  ) {}

  async send(request: FastifyRequest, reply: FastifyReply, found: StoredPackage): Promise<FastifyReply> {
    const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = request.headers;
    const answer = answerDownload({ range, ifRange: ifRange?.toString(), ifNoneMatch }, found);
    // From here on the answer is ours: a body that fails is cut off, not explained.
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(answer.status, answer.headers);
    if (answer.body === undefined || request.method === 'HEAD') {
      raw.end();
      return reply;
    }
    try {
      await sendPackage(raw, found, answer.body, this.encrypted ? TLS_PIECE_BYTES : undefined);
      this.count(answer.status === 206 ? 'partial' : 'complete');
      this.served.metrics.sentBytes.inc(answer.body.end - answer.body.start + 1);
    } catch (error) {
      raw.destroy();
      await this.explain(found, error);
    }
    return reply;
  }

  private async explain({ id }: StoredPackage, error: unknown): Promise<void> {
    const aborted = error instanceof ConnectionClosed;
    this.count(aborted ? 'aborted' : 'cut');
    const { log, store } = this.served;
    if (aborted) return log.debug('A download was broken off', { package: id });
    log.warn('A download was cut off: the file changed', { package: id, error });
    // Verifies the whole file, and puts it into quarantine if it is so.
    await store.find(id).catch((thrown: unknown) => log.error('A package could not be looked at', { error: thrown }));
  }

  private count(outcome: string): void {
    this.served.metrics.downloads.inc({ outcome });
  }
}
