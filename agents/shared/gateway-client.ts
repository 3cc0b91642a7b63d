import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { DOCUMENT_SCHEMA } from '../../lib/base/document';
import type { JsonObject } from '../../lib/base/json';
import type { GatewayAnswer } from './gateway-answer';
import { readAnswer } from './gateway-answer';
import type { HttpsAnswer } from './https-call';
import { httpsCall } from './https-call';
import type { Log } from './log';

/** Times of a client, in milliseconds. */
export interface GatewayTimes {
  /** How long the gateway may hold a question. Default 50 s, the most that it allows. */
  readonly waitMs: number;
  /** First pause after a failure; doubles up to `capMs`, a random half is taken off. Default 1 s. */
  readonly pauseMs: number;
  /** Default 30 s. */
  readonly capMs: number;
  /** What was seen is told again at least this often. Default 5 min. */
  readonly repeatMs: number;
  /** Without an answer for this long (beyond `waitMs`) a call has failed. Default 15 s. */
  readonly timeoutMs: number;
}

const TIMES: GatewayTimes = { waitMs: 50_000, pauseMs: 1_000, capMs: 30_000, repeatMs: 300_000, timeoutMs: 15_000 };
/** Documents that are longer are not the operator's. */
const MAX_BYTES = 8 * 1024 * 1024;

/** To ask what shall be done, and to tell what was seen. */
type Method = 'GET' | 'PUT';

export interface GatewayClientOptions {
  /** `https://host:port`. */
  readonly url: string;
  /** Path of the token; read for each call, because the kubelet renews it. */
  readonly tokenFile: string;
  /** Path of the certificates trusted (PEM); read for each call, because the operator renews them. */
  readonly caFile: string;
  /** Kinds of the documents, of DOCUMENT_KIND. */
  readonly desiredKind: string;
  readonly observedKind: string;
  /** Told each desired body that differs from the one before. What it throws is logged. */
  readonly onDesired: (body: JsonObject) => void;
  /** Told what is wrong when it begins, and when it is over; never a token. */
  readonly log: Log;
  readonly times?: Partial<GatewayTimes>;
}

/**
 * An agent's side of the gateway: hears what it shall do, tells what it has seen. It only ever asks; nobody can reach it.
 * While the operator is away the agent keeps what it was told last, and the client goes on trying; no call of it throws
 * or rejects. Whoever leads hears everything: after a failure, and when another leader answers, what was seen is told again.
 */
export class GatewayClient {
  private readonly times: GatewayTimes;
  /** One connection for everything, but for what must be told while it holds a question. */
  private readonly line = new Agent({ keepAlive: true, maxSockets: 1 });
  private readonly sideLine = new Agent({ keepAlive: true, maxSockets: 1 });
  private holding = false;
  private readonly stopping = new AbortController();
  private readonly running: Promise<unknown>;
  private revision: string | undefined;
  private observed: JsonObject | undefined;
  /** Whether `observed` was not yet told to the present leader. */
  private untold = false;
  private leader: string | undefined;
  private readonly troubles = new Map<Method, string>();
  private wake = (): void => undefined;

  constructor(private readonly options: GatewayClientOptions) {
    this.times = { ...TIMES, ...options.times };
    this.running = Promise.all([this.ask(), this.tell()]);
  }

  /** What the agent sees now; told as soon as possible. An equal body is not told again before its time. */
  report(body: JsonObject): void {
    if (JSON.stringify(body) === JSON.stringify(this.observed)) return;
    this.observed = body;
    this.retell();
  }

  /** Ends all calls; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('stopped'));
    this.wake();
    await this.running;
    this.line.destroy();
    this.sideLine.destroy();
  }

  /** Asks again and again what shall be done. */
  private async ask(): Promise<void> {
    // The first question, also after a failure, is not held: whoever leads now shall hear at once what was seen.
    let hold = false;
    for (let failures = 0; !this.stopped;) {
      const began = performance.now();
      this.holding = hold;
      const answer = await this.call('GET', hold ? this.times.waitMs : 0);
      this.holding = false;
      failures = answer.kind === 'later' ? failures + 1 : 0;
      const news = answer.kind === 'document' && this.hear(answer.document.revision, answer.document.body);
      // Nor must a gateway that doesn't hold the question be asked in a tight loop.
      const early = hold && !news && performance.now() - began < this.times.pauseMs;
      hold = answer.kind !== 'later';
      if (!hold || early) await this.pause(failures, answer);
    }
  }

  /** Tells what was seen: when it changed, when somebody new must hear it, and from time to time. */
  private async tell(): Promise<void> {
    for (let failures = 0; !this.stopped;) {
      if (!this.untold || this.observed === undefined) {
        await this.sleep(this.times.repeatMs * (0.8 + 0.2 * Math.random()), 'wakes');
        this.untold = true;
        continue;
      }
      this.untold = false;
      const answer = await this.call('PUT');
      failures = answer.kind === 'later' ? failures + 1 : 0;
      if (answer.kind !== 'later') continue;
      this.untold = true;
      await this.pause(failures, answer);
    }
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private retell(): void {
    this.untold = true;
    this.wake();
  }

  /** Whether it was new. */
  private hear(revision: string, body: JsonObject): boolean {
    if (revision === this.revision) return false;
    this.revision = revision;
    try {
      this.options.onDesired(body);
    } catch (thrown) {
      this.options.log.error('What shall be done could not be taken over', { error: thrown });
    }
    return true;
  }

  /** One call, read. What goes wrong on the way is an answer too. */
  private async call(method: Method, waitMs = 0): Promise<GatewayAnswer> {
    const answer = await this.send(method, waitMs).then(
      (received): GatewayAnswer => {
        this.meet(received.headers['weka-leader']);
        return readAnswer(received, this.options.desiredKind);
      },
      (thrown: unknown): GatewayAnswer => ({ kind: 'later', why: messageOf(thrown), afterMs: undefined }),
    );
    if (!this.stopped) this.note(method, answer.kind === 'later' ? answer.why : undefined);
    return answer;
  }

  private async send(method: Method, waitMs: number): Promise<HttpsAnswer> {
    const { url, tokenFile, caFile } = this.options;
    const { timeoutMs } = this.times;
    const [token, ca] = await Promise.all([readFile(tokenFile, 'utf8'), readFile(caFile, 'utf8')]);
    const asking = method === 'GET';
    return httpsCall({
      method,
      url: new URL(asking ? `/v1/desired?wait=${Math.ceil(waitMs / 1000)}` : '/v1/observed', url),
      headers: {
        authorization: `Bearer ${token.trim()}`,
        ...(asking && this.revision !== undefined ? { 'if-none-match': `"${this.revision}"` } : {}),
        ...(asking ? {} : { 'content-type': 'application/json' }),
      },
      ...(asking ? {} : { body: this.document() }),
      ca,
      agent: !asking && this.holding ? this.sideLine : this.line,
      timeoutMs: timeoutMs + waitMs,
      maxBytes: MAX_BYTES,
      signal: this.stopping.signal,
    });
  }

  private document(): string {
    const { observedKind: kind } = this.options;
    return JSON.stringify({ schema: DOCUMENT_SCHEMA, kind, revision: this.revision ?? '', body: this.observed });
  }

  /** A leader that is not the one we spoke to last knows nothing of this agent. */
  private meet(leader: string | string[] | undefined): void {
    if (typeof leader !== 'string' || leader === this.leader) return;
    const known = this.leader !== undefined;
    this.leader = leader;
    if (known) this.retell();
  }

  /** Says a trouble once, and once that it is over. When the gateway was away, what was seen is told again. */
  private note(method: Method, trouble: string | undefined): void {
    const before = this.troubles.get(method);
    if (trouble === before) return;
    const { log, url } = this.options;
    if (trouble === undefined) this.troubles.delete(method);
    else this.troubles.set(method, trouble);
    if (trouble === undefined) log.info('The gateway answers again', { url });
    else log.warn('The gateway is of no use', { url, error: trouble });
    if (trouble === undefined && method === 'GET') this.retell();
  }

  private pause(failures: number, answer: GatewayAnswer): Promise<void> {
    const { pauseMs, capMs } = this.times;
    const full = Math.min(capMs, pauseMs * 2 ** Math.min(Math.max(failures - 1, 0), 20));
    const least = answer.kind === 'later' ? (answer.afterMs ?? 0) : 0;
    return this.sleep(least + full * (0.5 + 0.5 * Math.random()));
  }

  /** Resolves after `ms`, or when the client stops; with `wakes` also when there is something to tell. */
  private sleep(ms: number, wakes?: 'wakes'): Promise<void> {
    const { signal } = this.stopping;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        if (wakes !== undefined) this.wake = () => undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      if (wakes !== undefined) this.wake = end;
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
  }
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
