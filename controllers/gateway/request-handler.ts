import { readDocument } from '../../lib/base/document';
import { OBSERVED_READERS } from '../../lib/drivers/read-documents';
import type { AgentExchange } from '../runtime/agent-exchange';
import type { Clock } from '../runtime/clock';
import type { Random } from '../runtime/random';
import type { Reader } from '../runtime/reconciler';
import type { Answer } from './answers';
import { documentAnswer, nothing, notLeading, sentence, tooFast } from './answers';
import type { Authenticator, Caller } from './authenticator';
import { nestingOf } from './nesting';
import type { LongPolls } from './long-polls';
import { RateLimiter } from './rate-limit';

/** A request as far as the gateway looks at it. */
export interface GatewayRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Where it comes from. */
  readonly address: string;
  /** The whole body; `undefined`: it is longer than what is read. Rejects when the connection breaks. */
  readonly body: () => Promise<string | undefined>;
  /** Aborts when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

/** What a leader answers with. */
export interface Lead {
  readonly reader: Reader;
  readonly polls: LongPolls;
}

export interface RequestHandlerOptions {
  readonly exchange: AgentExchange;
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  readonly random: Random;
  /** `undefined` while this process does not act. */
  readonly lead: () => Lead | undefined;
}

/** The longest that a question is held, in seconds: less than what proxies and load balancers allow. */
const LONGEST_WAIT = 50;
/** An agent asks once in 50 s, and tells when something changes. */
const PER_AGENT = { burst: 20, perSecond: 2 };
/** Deeper documents are none of ours. */
const DEEPEST = 32;

/** Answers agents: what they shall do, and what they have seen. */
export class RequestHandler {
  private readonly rates: RateLimiter;

  constructor(private readonly options: RequestHandlerOptions) {
    this.rates = new RateLimiter(PER_AGENT, options.clock);
  }

  /** The answer to a request; rejects when its connection breaks, and on defects of ours. */
  async answer(request: GatewayRequest): Promise<Answer> {
    const lead = this.options.lead();
    if (lead === undefined) return notLeading;
    const [path = '', query] = request.target.split('?', 2);
    const route = `${request.method} ${path}`;
    if (route !== 'GET /v1/desired' && route !== 'PUT /v1/observed')
      return { ...sentence(404, 'try GET /v1/desired or PUT /v1/observed'), hangUp: true };
    const { authorization } = request.headers;
    const caller = await this.options.authenticator.caller(authorization, request.address, lead.reader);
    if ('status' in caller) return { ...caller, hangUp: true };
    if (!this.rates.take(caller.agent)) return { ...tooFast('too many requests of this agent'), hangUp: true };
    return request.method === 'PUT'
      ? this.observed(caller, request)
      : this.desired(caller, request, { lead, wait: new URLSearchParams(query).get('wait') });
  }

  private async desired(
    { agent, claim }: Caller,
    { headers, gone }: GatewayRequest,
    { lead, wait }: { readonly lead: Lead; readonly wait: string | null },
  ): Promise<Answer> {
    const seconds = wait === null ? 0 : /^\d{1,6}$/.test(wait) ? Number(wait) : undefined;
    if (seconds === undefined) return sentence(400, 'wait is not a number of seconds');
    const { exchange, authenticator, random } = this.options;
    const has = headers['if-none-match'];
    const now = exchange.desired(agent);
    if (now !== undefined && has !== `"${now.revision}"`) return documentAnswer(now, has);
    // A part is taken off, so that those who came together don't come back together.
    const held = Math.min(seconds, LONGEST_WAIT) * 1000 * (0.8 + 0.2 * random.next());
    const end = held === 0 ? 'quiet' : await lead.polls.wait(agent, held, gone);
    if (end === 'closed') return notLeading;
    // Meanwhile the Pod may have gone, and with it the right to hear anything.
    const still = authenticator.recognise(claim, lead.reader);
    if ('status' in still) return still;
    const document = exchange.desired(agent);
    return document === undefined ? nothing : documentAnswer(document, has);
  }

  private async observed({ agent, observedKind }: Caller, request: GatewayRequest): Promise<Answer> {
    const body = await request.body();
    if (body === undefined) return { ...sentence(413, 'the document is too long'), hangUp: true };
    const document = readDocument(parse(body), observedKind);
    if ('refused' in document) return sentence(400, document.refused);
    const read = OBSERVED_READERS[observedKind]?.(document.body);
    if (read === undefined || 'refused' in read) return sentence(400, read?.refused ?? `nobody reads ${observedKind}`);
    // A crash right after it forgets what was told: the next leader is told again.
    this.options.exchange.report(agent, document);
    return nothing;
  }
}

const parse = (body: string): unknown => {
  if (nestingOf(body) > DEEPEST) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // readDocument says that it is no object.
  }
};
