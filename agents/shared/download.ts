import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { request } from 'undici';
import type { ErrorCode } from '../../lib/base/errors';
import { OperatorError } from '../../lib/base/errors';
import type { HttpClient } from './http-client';
import { Watchdog } from './watchdog';

/** Bytes that are known before they are fetched. */
export interface Wanted {
  readonly url: string;
  readonly sha256: string;
  /** More bytes are never taken. */
  readonly limitBytes: number;
}

/** Where the bytes go, in order; an AtomicFile is one. A rejection ends the download and passes unchanged. */
export interface Sink {
  write(chunk: Buffer): Promise<void>;
}

export interface DownloadOptions {
  readonly client: HttpClient;
  /** Ends the download; it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How often the rest is asked for after a cut. Default 5. */
  readonly attempts?: number;
  /** Milliseconds that a server may say nothing. Default 30,000. */
  readonly idleMs?: number;
  /** Milliseconds before the attempt after `failures` failures. Default: 0.5 s doubled up to 10 s, a random half taken off. */
  readonly backoffMs?: (failures: number) => number;
}

const MAX_REDIRECTS = 3;
const ATTEMPTS = 5;
const IDLE_MS = 30_000;
const BACKOFF = { baseMs: 500, capMs: 10_000 };

/** A wait that doubles with each failure up to `capMs`, of which a random half is taken off: who failed together does not come back together. */
export const jittered = (failures: number, { baseMs, capMs } = BACKOFF): number =>
  Math.round(Math.min(capMs, baseMs * 2 ** Math.min(failures, 30)) * (0.5 + Math.random() / 2));

/** What has arrived, over all attempts. */
interface Progress {
  received: number;
  /** Of the first answer: the rest is asked for of the same bytes only. */
  etag: string | undefined;
  readonly hash: Hash;
}

/** An answer whose body has not been read. */
interface Answer {
  readonly url: URL;
  readonly response: Dispatcher.ResponseData;
}

/**
 * Fetches `wanted` into `sink`, hashing as it goes; after a cut it goes on where it ended. Follows redirects, never from
 * https to http. Resolves with the size when every byte is there and the digest is right; rejects with an OperatorError:
 * RegistryUnreachable, RegistryUntrusted, RegistryRefused, RegistryFailed, RegistryAnswerInvalid, PackageGone,
 * PackageTruncated, PackageTooLarge or DigestMismatch. What is in the sink then is to be thrown away.
 */
export const download = async (wanted: Wanted, sink: Sink, options: DownloadOptions): Promise<number> => {
  const progress: Progress = { received: 0, etag: undefined, hash: createHash('sha256') };
  const { attempts = ATTEMPTS, backoffMs = jittered, signal } = options;
  for (let failures = 0; ; failures++) {
    try {
      await attempt(wanted, sink, progress, options);
      break;
    } catch (error) {
      signal?.throwIfAborted();
      if (failures + 1 >= attempts || !isPassing(error)) throw error;
      await setTimeout(backoffMs(failures), undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
  const actual = progress.hash.digest('hex');
  if (actual === wanted.sha256) return progress.received;
  throw failure('DigestMismatch', new URL(wanted.url), { expected: wanted.sha256, actual });
};

/** Whether the next attempt may go better by itself, soon. */
const isPassing = (error: unknown): boolean =>
  error instanceof OperatorError && ['RegistryUnreachable', 'RegistryFailed', 'PackageTruncated'].includes(error.code);

const failure = (code: ErrorCode, url: URL, parameters: Record<string, string | number> = {}): OperatorError =>
  // Never the query: it may carry a signature.
  new OperatorError(code, { server: url.host, path: url.pathname, ...parameters });

const attempt = async (wanted: Wanted, sink: Sink, progress: Progress, options: DownloadOptions): Promise<void> => {
  const watchdog = new Watchdog(options.idleMs ?? IDLE_MS, options.signal);
  try {
    const answer = await ask(wanted, progress, options, watchdog);
    try {
      const skip = startOf(answer, progress);
      checkSize(answer, wanted, skip);
      await take(answer, { wanted, sink, progress, skip: progress.received - skip }, watchdog);
    } finally {
      answer.response.body.on('error', () => undefined).destroy();
    }
  } finally {
    watchdog.stop();
  }
};

/** Sends the request, following redirects. */
const ask = async (
  wanted: Wanted,
  progress: Progress,
  { client }: DownloadOptions,
  watchdog: Watchdog,
): Promise<Answer> => {
  const { received, etag } = progress;
  const rest = received > 0 && etag !== undefined ? { range: `bytes=${received}-`, 'if-range': etag } : {};
  let url = new URL(wanted.url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await send(url, client, { 'accept-encoding': 'identity', ...rest }, watchdog);
    if (![301, 302, 303, 307, 308].includes(response.statusCode)) return { url, response };
    response.body.on('error', () => undefined).destroy();
    url = redirected(url, response.headers['location']);
  }
  throw failure('RegistryAnswerInvalid', url, { cause: `it redirects more than ${MAX_REDIRECTS} times` });
};

const redirected = (from: URL, location: string | string[] | undefined): URL => {
  const to = typeof location === 'string' && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined || !['http:', 'https:'].includes(to.protocol))
    throw failure('RegistryAnswerInvalid', from, { cause: 'it redirects to nowhere' });
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw failure('RegistryAnswerInvalid', from, { cause: 'it redirects from https to http' });
  return to;
};

const send = async (
  url: URL,
  client: HttpClient,
  headers: Record<string, string>,
  watchdog: Watchdog,
): Promise<Dispatcher.ResponseData> => {
  const answer = request(url, { dispatcher: client.dispatcherFor(url), headers, signal: watchdog.signal });
  try {
    return await watchdog.race(answer);
  } catch (error) {
    // A connection that is still being made hears no signal: what comes of it later is nobody's.
    answer.then(({ body }) => void body.on('error', () => undefined).destroy()).catch(() => undefined);
    watchdog.throwIfStopped();
    throw connectionFailure(url, watchdog.barked ? new Error(watchdog.complaint) : error);
  }
};

/** Offset of the first byte of the body in the whole; rejects an answer that is no package. */
const startOf = ({ url, response }: Answer, progress: Progress): number => {
  const { statusCode: status, headers } = response;
  const text = (name: string): string => String(headers[name] ?? '');
  if (status === 206 && progress.received > 0) {
    if (text('content-range').startsWith(`bytes ${progress.received}-`)) return progress.received;
    throw failure('RegistryAnswerInvalid', url, { cause: 'it sends another part than was asked for' });
  }
  if (status !== 200) throw refusal(url, status);
  if (/^\s*text\/html/i.test(text('content-type')))
    throw failure('RegistryAnswerInvalid', url, { cause: 'it is a web page' });
  // A weak one promises no equal bytes.
  if (text('etag').startsWith('"')) progress.etag ??= text('etag');
  return 0;
};

const refusal = (url: URL, status: number): OperatorError => {
  if (status === 404 || status === 410) return failure('PackageGone', url, { status });
  if (status === 401 || status === 403) return failure('RegistryRefused', url, { status });
  if (status === 429 || status >= 500) return failure('RegistryFailed', url, { status });
  return failure('RegistryAnswerInvalid', url, { cause: `HTTP ${status}` });
};

/** Refuses what is too large before its body is read. */
const checkSize = ({ url, response }: Answer, { limitBytes }: Wanted, start: number): void => {
  const length = Number(response.headers['content-length'] ?? 0);
  if (start + length > limitBytes) throw failure('PackageTooLarge', url, { limit: limitBytes });
};

/** What the body of one answer is read into. */
interface Taking {
  readonly wanted: Wanted;
  readonly sink: Sink;
  readonly progress: Progress;
  /** Bytes at its start that are there already: the server does not give parts. */
  readonly skip: number;
}

const take = async ({ url, response }: Answer, taking: Taking, watchdog: Watchdog): Promise<void> => {
  const { wanted, sink, progress } = taking;
  const chunks = response.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let { skip } = taking;
  for (;;) {
    // The disk may take its time, too: only what is waited for here is the server's.
    watchdog.reset();
    const next = await nextOf(chunks, url, watchdog);
    if (next === undefined) break;
    const fresh = next.subarray(Math.min(skip, next.length));
    skip -= next.length - fresh.length;
    if (fresh.length === 0) continue;
    if (progress.received + fresh.length > wanted.limitBytes)
      throw failure('PackageTooLarge', url, { limit: wanted.limitBytes });
    await sink.write(fresh);
    progress.hash.update(fresh);
    progress.received += fresh.length;
  }
  if (skip > 0) throw failure('PackageTruncated', url);
};

const nextOf = async (chunks: AsyncIterator<Buffer>, url: URL, watchdog: Watchdog): Promise<Buffer | undefined> => {
  try {
    const next = await chunks.next();
    return next.done === true ? undefined : next.value;
  } catch {
    watchdog.throwIfStopped();
    throw failure('PackageTruncated', url);
  }
};

const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ALTNAME/;
const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  ECONNRESET: 'it ended the connection',
  UND_ERR_SOCKET: 'it ended the connection',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
};

/** Without addresses and times, so that the same failure is the same text. */
const connectionFailure = (url: URL, error: unknown): OperatorError => {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (UNTRUSTED.test(code)) return failure('RegistryUntrusted', url, { cause: code });
  const byProxy = /^Proxy response \((\d+)\)/.exec(message)?.[1];
  const cause = byProxy === undefined ? (CAUSES[code] ?? message) : `the proxy answers ${byProxy}`;
  return failure('RegistryUnreachable', url, { cause });
};
