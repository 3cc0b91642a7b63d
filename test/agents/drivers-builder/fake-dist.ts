import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { ERRORS, fillIn } from '../../../lib/base/errors';
import type { ErrorCode } from '../../../lib/base/errors';
import { checkPermit } from '../../../lib/drivers/permit';
import { packagePath } from '../../../lib/drivers/package';
import type { Credential } from '../../cluster/certificates';

/** What a service does with one upload instead of taking it. */
export type Trouble =
  /** Answers so, and keeps nothing. */
  | { readonly status: number; readonly code?: ErrorCode; readonly headers?: Record<string, string> }
  /** Takes half of the body and cuts the connection. */
  | 'cut'
  /** Stores it and cuts the connection before it answers. */
  | 'lost answer';

/**
 * A stand-in for a distribution service that behaves: it takes uploads under a permit, checks the digest before it keeps
 * anything, never changes what it has, and serves it with its digest. Over real TLS. Troubles are met one by one.
 */
export class FakeDist {
  readonly stored = new Map<string, Buffer>();
  readonly uploads: { id: string; podUID: string }[] = [];
  troubles: Trouble[] = [];
  permitKeys: string[] = ['permit key'];
  private readonly server;
  private readonly sockets = new Set<Socket>();

  constructor(credential: Credential, now: () => number = Date.now) {
    this.server = createServer({ cert: credential.certificate, key: credential.key }, (request, response) => {
      void this.answer(request, response, now()).catch(() => response.destroy());
    });
    this.server.on('secureConnection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  async listen(port = 0): Promise<string> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse, now: number): Promise<void> {
    const [id] = /[^/]+(?=\.tar\.gz(\.sha256)?$)/.exec(request.url ?? '') ?? [];
    if (id === undefined) return refuse(response, 404, 'PackageIdInvalid', { id: String(request.url) });
    if (request.method === 'PUT' && request.url === packagePath(id)) return this.take(id, request, { response, now });
    const held = this.stored.get(id);
    if (held === undefined) return refuse(response, 404, 'PackageNotStored', { id });
    response.end(request.url?.endsWith('.sha256') === true ? `${digest(held)}  ${id}.tar.gz\n` : held);
  }

  private async take(
    id: string,
    request: IncomingMessage,
    to: { response: ServerResponse; now: number },
  ): Promise<void> {
    const { response, now } = to;
    const trouble = this.troubles.shift();
    if (trouble === 'cut') {
      await once(request, 'data');
      return void request.socket.destroy();
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (typeof trouble === 'object') {
      if (trouble.code !== undefined) return refuse(response, trouble.status, trouble.code, { id, problem: 'expired' });
      return void response.writeHead(trouble.status, trouble.headers).end();
    }
    const kept = this.keep(id, { request, body: Buffer.concat(chunks), now });
    if (kept !== undefined) return refuse(response, ...kept);
    if (trouble === 'lost answer') return void request.socket.destroy();
    response.writeHead(201).end();
  }

  /** Keeps an upload, or says why not. */
  private keep(
    id: string,
    upload: { request: IncomingMessage; body: Buffer; now: number },
  ): [status: number, code: ErrorCode, parameters: Record<string, string>] | undefined {
    const { request, body, now } = upload;
    const permit = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const checked = checkPermit(permit, this.permitKeys, { packageId: id, now });
    if ('problem' in checked) return [401, 'UploadNotPermitted', { problem: checked.problem }];
    if (digest(body) !== request.headers['x-content-sha256']) return [422, 'UploadDigestMismatch', { id }];
    if (this.stored.has(id)) return [409, 'PackageConflict', { id }];
    this.stored.set(id, body);
    this.uploads.push({ id, podUID: checked.claims.podUID });
    return undefined;
  }
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const refuse = (
  response: ServerResponse,
  status: number,
  code: ErrorCode,
  parameters: Record<string, string>,
): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ code, message: fillIn(ERRORS[code].summary, parameters) }));
};
