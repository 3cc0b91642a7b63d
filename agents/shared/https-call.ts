import type { IncomingHttpHeaders } from 'node:http';
import type { Agent } from 'node:https';
import { request } from 'node:https';
import { sendBody } from './send-body';

/** One call over HTTPS; the server's certificate is always verified against `ca`. */
export interface HttpsCall {
  readonly method: 'GET' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** PEM of the certificates trusted, and no others. */
  readonly ca: string;
  /** Keeps connections, apart for each `ca`. */
  readonly agent: Agent;
  /** Without a whole answer for this long the call fails. */
  readonly timeoutMs: number;
  /** A longer answer fails. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * Makes the call. Rejects with what went wrong on the way (network, TLS, time, size) or the reason of the signal. A kept
 * connection that the server closed just then is no failure: the call is made again on a new one.
 */
export const httpsCall = (call: HttpsCall): Promise<HttpsAnswer> =>
  attempt(call).catch((thrown: unknown) =>
    thrown instanceof StaleConnection ? attempt(call) : Promise.reject(thrown as Error),
  );

/** One that breaks later than this was in use: its server is going, and must not be met by all its agents at once. */
const STALE_MS = 1_000;

class StaleConnection extends Error {}

const attempt = (call: HttpsCall): Promise<HttpsAnswer> =>
  new Promise((resolve, reject) => {
    const { method, url, headers, body = '', ca, agent, signal } = call;
    const length: Record<string, number> = method === 'PUT' ? { 'content-length': Buffer.byteLength(body) } : {};
    const outgoing = request(url, {
      method,
      headers: { ...headers, ...length },
      ca,
      agent,
      signal,
      minVersion: 'TLSv1.2',
      // Said again, because an environment variable can switch the default off.
      rejectUnauthorized: true,
    });
    const giveUp = (why: string): void => {
      // First of all: what the broken connection says later is not the reason.
      reject(new Error(why));
      outgoing.destroy();
    };
    const timer = setTimeout(() => giveUp(`no answer within ${call.timeoutMs} ms`), call.timeoutMs);
    outgoing.once('close', () => clearTimeout(timer));
    const began = performance.now();
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      const stale = outgoing.reusedSocket && error.code === 'ECONNRESET' && performance.now() - began < STALE_MS;
      reject(stale ? new StaleConnection(error.message) : error);
    });
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > call.maxBytes) giveUp(`the answer is longer than ${call.maxBytes} bytes`);
        else chunks.push(chunk);
      });
      incoming.once('error', reject);
      incoming.once('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    sendBody(outgoing, typeof body === 'string' ? Buffer.from(body) : body);
  });
