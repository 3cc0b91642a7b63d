import { setMaxListeners } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { Clock } from '../runtime/clock';
import { ApiError, apiError } from './api-error';
import type { CallSubject } from './failure';
import { failureOfAnswer, networkError, timeoutError } from './failure';

/** Where calls go and with what, valid for the next moments. */
export interface Endpoint {
  /** Base URL without a trailing slash. */
  readonly url: string;
  /** `Authorization` and the like. Never logged, never part of an error. */
  readonly headers: Readonly<Record<string, string>>;
  /** The keep-alive pool for ordinary calls, bounded. */
  readonly pool: http.Agent;
  /** For streams: they would fill the pool for good. */
  readonly streams: http.Agent;
}

/** How to reach an API server: its address, credentials and trust, renewed as they change. */
export interface Connection {
  /** For messages: scheme, host and port. */
  readonly server: string;
  /** `renew`: what was used last was refused; read everything again. */
  endpoint(renew?: boolean): Promise<Endpoint>;
  /** Destroys all sockets. */
  close(): void;
}

export interface Call extends CallSubject {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, encoded. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  /** Default 30. */
  readonly timeoutSeconds?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Where a streamed answer goes. */
export interface StreamSink {
  /** Called once, when the server has accepted the call. Must not throw. */
  readonly onOpen?: (() => void) | undefined;
  readonly onChunk: (chunk: Buffer) => void;
}

/** One request that was sent, and how it went. */
export interface SentRequest {
  readonly method: Call['method'];
  /** `host:port` of the server. */
  readonly host: string;
  /** The status code, or `<error>` when no answer came. */
  readonly code: string;
}

export interface TransportOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  /** `User-Agent` of every request. */
  readonly userAgent: string;
  /** Told each request once: when its answer begins, or when it is clear that none comes. What we abort ourselves is left out. */
  readonly onSent?: (request: SentRequest) => void;
}

const DEFAULT_TIMEOUT_SECONDS = 30;

/** One HTTP exchange after another, with raw bodies. Answers of any status come back as they are; no answer is an ApiError. */
export class Transport {
  /** Resets of a connection that had served before: nothing was wrong with the call. */
  private readonly stale = new WeakSet<ApiError>();

  constructor(private readonly options: TransportOptions) {}

  /** For messages. */
  get server(): string {
    return this.options.connection.server;
  }

  /** Sends `call` and reads the whole answer. Rejects with an ApiError, or with the signal's reason. */
  call(call: Call): Promise<Answer> {
    const seconds = call.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
    return this.trusted(call, (endpoint) => this.retried(call, endpoint, seconds));
  }

  /**
   * Sends `call` and hands over a 200 answer in chunks as they arrive; resolves when the server ends it. Without a byte for
   * `idleSeconds` it rejects with ApiTimeout; what `onChunk` throws rejects too. However it ends, the socket is gone.
   * An answer of another status comes back whole.
   */
  stream(call: Call, idleSeconds: number, sink: StreamSink): Promise<Answer> {
    return this.trusted(call, (endpoint) =>
      this.exchange(call, endpoint, { agent: endpoint.streams, seconds: idleSeconds, sink }),
    );
  }

  /** Closes all connections. */
  close(): void {
    this.options.connection.close();
  }

  /** Credentials and certificates change under a running process: what is refused once is tried once more with new ones. */
  private async trusted(call: Call, exchange: (endpoint: Endpoint) => Promise<Answer>): Promise<Answer> {
    const first = await exchange(await this.options.connection.endpoint()).catch((thrown: unknown) => {
      if (isUntrusted(thrown)) return undefined;
      throw thrown;
    });
    const answer =
      first === undefined || first.status === 401
        ? await exchange(await this.options.connection.endpoint(true))
        : first;
    // A stream that was refused has read no event; the caller of an ordinary call judges its status itself.
    if (answer.status === 401)
      throw apiError(failureOfAnswer(401, answer.headers, answer.body), { ...call, server: this.server });
    return answer;
  }

  /** A server may close an idle connection just when we use it again: then a read is sent once more. */
  private async retried(call: Call, endpoint: Endpoint, seconds: number): Promise<Answer> {
    const exchange = { agent: endpoint.pool, seconds };
    return this.exchange(call, endpoint, exchange).catch((thrown: unknown) => {
      if (call.method === 'GET' && thrown instanceof ApiError && this.stale.has(thrown))
        return this.exchange(call, endpoint, exchange);
      throw thrown;
    });
  }

  private exchange(call: Call, endpoint: Endpoint, how: Exchange): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (call.signal?.aborted === true) return reject(call.signal.reason as Error);
      let over = false;
      const request = this.open(call, endpoint, how.agent);
      const sent = this.counted(call, endpoint);
      const timer = new Deadline(this.options.clock, how.seconds * 1000, () => {
        sent('<error>');
        settle(() => reject(timeoutError(call, how.seconds)));
      });
      const abort = (): void => settle(() => reject(call.signal?.reason as Error));
      const settle = (outcome: () => void, destroy = true): void => {
        if (over) return;
        over = true;
        timer.cancel();
        call.signal?.removeEventListener('abort', abort);
        if (destroy) request.destroy();
        outcome();
      };
      const fail = (error: Error): void => {
        if (!over) sent('<error>');
        settle(() => reject(this.failed(error, call, request)));
      };
      // One signal stops a whole process: it may have as many listeners as there are calls.
      if (call.signal !== undefined) setMaxListeners(0, call.signal);
      call.signal?.addEventListener('abort', abort, { once: true });
      request.on('error', fail);
      request.on('response', (response) => {
        sent(String(response.statusCode));
        const chunks: Buffer[] = [];
        const sink = response.statusCode === 200 ? how.sink : undefined;
        sink?.onOpen?.();
        response.on('error', fail);
        response.on('data', (chunk: Buffer) => {
          if (over) return;
          if (sink === undefined) return void chunks.push(chunk);
          timer.restart();
          try {
            sink.onChunk(chunk);
          } catch (thrown) {
            settle(() => reject(thrown instanceof Error ? thrown : new Error(String(thrown))));
          }
        });
        response.on('end', () => settle(() => resolve(answerOf(response, chunks)), how.sink !== undefined));
      });
      request.end(call.body);
    });
  }

  /** Tells the observer the first code it is given. */
  private counted({ method }: Call, { url }: Endpoint): (code: string) => void {
    let told = false;
    return (code) => {
      if (!told) this.options.onSent?.({ method, host: new URL(url).host, code });
      told = true;
    };
  }

  private failed(error: Error, call: Call, request: http.ClientRequest): ApiError {
    const known = networkError(error, call, this.server);
    if (request.reusedSocket && isReset(error)) this.stale.add(known);
    return known;
  }

  private open(call: Call, endpoint: Endpoint, agent: http.Agent): http.ClientRequest {
    const url = new URL(endpoint.url);
    const body =
      call.body === undefined
        ? {}
        : { 'Content-Type': call.contentType ?? 'application/json', 'Content-Length': Buffer.byteLength(call.body) };
    return (url.protocol === 'http:' ? http : https).request({
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? undefined : url.port,
      path: `${url.pathname.replace(/\/$/, '')}${call.path}`,
      method: call.method,
      agent,
      headers: { Accept: 'application/json', 'User-Agent': this.options.userAgent, ...body, ...endpoint.headers },
    });
  }
}

interface Exchange {
  readonly agent: http.Agent;
  /** For the whole answer; with `sink`: between two chunks. */
  readonly seconds: number;
  readonly sink?: StreamSink;
}

/** Rings once, unless restarted or cancelled before. */
class Deadline {
  private stop: () => void;

  constructor(
    private readonly clock: Clock,
    private readonly ms: number,
    private readonly ring: () => void,
  ) {
    this.stop = clock.after(ms, ring);
  }

  restart(): void {
    this.stop();
    this.stop = this.clock.after(this.ms, this.ring);
  }

  cancel(): void {
    this.stop();
  }
}

const answerOf = (response: http.IncomingMessage, chunks: readonly Buffer[]): Answer => ({
  status: response.statusCode ?? 0,
  headers: response.headers,
  body: Buffer.concat(chunks).toString('utf8'),
});

const isReset = (error: Error & { readonly code?: string }): boolean =>
  error.code === 'ECONNRESET' || error.code === 'EPIPE';

const isUntrusted = (thrown: unknown): boolean => thrown instanceof ApiError && thrown.code === 'ApiUntrusted';
