import { createHash } from 'node:crypto';
import type { Refused } from '../../lib/base/document';
import type { OperatorError } from '../../lib/base/errors';
import { asOperatorError } from '../../lib/base/errors';
import { isJsonObject } from '../../lib/base/json';
import { GATEWAY_AUDIENCE } from '../../lib/drivers/agent-access';
import type { PodClaim } from '../../lib/operator/agent-identity';
import { claimOf } from '../../lib/operator/agent-identity';
import type { ClusterClient } from '../kube/cluster-client';
import type { Clock } from '../runtime/clock';
import { withDeadline } from '../runtime/deadline';
import { LruMap } from '../runtime/lru-map';
import type { Metrics } from '../runtime/metrics';

/** What is known of a token. `unavailable`: nothing, the API server could not be asked. */
export type TokenVerdict = { readonly claim: PodClaim } | Refused | { readonly unavailable: OperatorError };

export interface TokenReviewerOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** How long an answer of the API server counts; a token that expires earlier is asked for again then. */
const ACCEPTED_MS = 60_000;
const REFUSED_MS = 10_000;
const REVIEW_MS = 10_000;
const REMEMBERED = 20_000;
/** Reviews under way at once, so that thousands of agents that come back together don't crowd the API server. */
const AT_ONCE = 16;
/** Reviews that wait for their turn; those beyond are told to come again. */
const WAITING = 5_000;

/**
 * Asks the API server whose a token is, once in a minute a token. Tokens are remembered by their SHA-256 only, and what is
 * evidently none of ours is refused without asking.
 */
export class TokenReviewer {
  private readonly verdicts = new LruMap<string, { readonly verdict: TokenVerdict; readonly until: number }>(
    REMEMBERED,
  );
  private readonly underWay = new Map<string, Promise<TokenVerdict>>();
  private readonly turns: (() => void)[] = [];
  private busy = 0;

  constructor(private readonly options: TokenReviewerOptions) {}

  /** Whose `token` is. Never rejects. */
  async review(token: string): Promise<TokenVerdict> {
    const { clock } = this.options;
    const expires = expiryOf(token);
    if (expires === undefined || expires <= clock.now()) return { refused: 'the token is not valid' };
    const id = createHash('sha256').update(token).digest('base64');
    const known = this.verdicts.get(id);
    if (known !== undefined && clock.now() < known.until) return known.verdict;
    const asked = this.underWay.get(id) ?? this.start(id, token, expires);
    return asked;
  }

  private start(id: string, token: string, expires: number): Promise<TokenVerdict> {
    const asked = this.ask(token).then((verdict) => {
      const { clock } = this.options;
      const until = clock.now() + ('claim' in verdict ? ACCEPTED_MS : REFUSED_MS);
      if (!('unavailable' in verdict)) this.verdicts.set(id, { verdict, until: Math.min(until, expires) });
      this.underWay.delete(id);
      return verdict;
    });
    this.underWay.set(id, asked);
    return asked;
  }

  private async ask(token: string): Promise<TokenVerdict> {
    if (this.turns.length >= WAITING) return { unavailable: asOperatorError(new Error('too many tokens to review')) };
    await this.turn();
    try {
      const status = await this.reviewed(token);
      const claim = claimOf(status);
      this.count('refused' in claim ? 'refused' : 'accepted');
      return 'refused' in claim ? claim : { claim };
    } catch (thrown) {
      this.count('failed');
      return { unavailable: asOperatorError(thrown) };
    } finally {
      // The turn is handed on, or free.
      const next = this.turns.shift();
      if (next === undefined) this.busy -= 1;
      else next();
    }
  }

  private async reviewed(token: string) {
    const { client, clock } = this.options;
    const review = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: { name: '' },
      spec: { token, audiences: [GATEWAY_AUDIENCE] },
    };
    const limit = { clock, ms: REVIEW_MS, what: 'review of a token' };
    // Nothing is stored: a crash right after it has no trace.
    return (await withDeadline(limit, (signal) => client.create(review, { signal }))).status;
  }

  private async turn(): Promise<void> {
    if (this.busy >= AT_ONCE) return new Promise<void>((resolve) => this.turns.push(resolve));
    this.busy += 1;
  }

  private count(result: 'accepted' | 'refused' | 'failed'): void {
    this.options.metrics.count('weka_operator_token_reviews_total', { result });
  }
}

/**
 * When a token says that it expires, milliseconds since the epoch; `undefined`: it is no token for us. Only to spare the API
 * server: whether it is genuine is not looked at. Pure.
 */
export const expiryOf = (token: string): number | undefined => {
  const [, payload = '', signature = ''] = token.split('.', 3);
  if (signature === '' || token.length > 16_384) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (!isJsonObject(claims) || typeof claims['exp'] !== 'number') return undefined;
    const audiences = [claims['aud']].flat();
    return audiences.includes(GATEWAY_AUDIENCE) ? claims['exp'] * 1000 : undefined;
  } catch {
    return undefined; // Not JSON: not a token of a service account.
  }
};
