import type { LiveObject, ObjectRef } from '../../lib/base/kube-object';
import type { AgentIdentity, PodClaim } from '../../lib/operator/agent-identity';
import { identify, ownerOf } from '../../lib/operator/agent-identity';
import { TYPES } from '../kinds';
import type { Clock } from '../runtime/clock';
import type { Reader } from '../runtime/reconciler';
import type { Answer } from './answers';
import { notNow, sentence, tooFast, unauthorized } from './answers';
import { RateLimiter } from './rate-limit';
import type { TokenReviewer } from './token-reviewer';

export interface AuthenticatorOptions {
  readonly reviewer: TokenReviewer;
  readonly clock: Clock;
  readonly operatorNamespace: string;
}

/** Tokens that are refused, by the address that they come from: who guesses must not keep the API server busy. */
const GUESSES = { burst: 30, perSecond: 0.5 };

/** A caller that the gateway knows. */
export interface Caller extends AgentIdentity {
  readonly claim: PodClaim;
}

/** Finds out who calls: by the token, and by what the operator's caches say of its Pod, each time. */
export class Authenticator {
  private readonly guesses: RateLimiter;

  constructor(private readonly options: AuthenticatorOptions) {
    this.guesses = new RateLimiter(GUESSES, options.clock);
  }

  /** The caller, or the answer that it gets instead. */
  async caller(authorization: string | undefined, address: string, reader: Reader): Promise<Caller | Answer> {
    const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return unauthorized('a bearer token is needed');
    if (!this.guesses.allows(address)) return tooFast('too many tokens were refused');
    const verdict = await this.options.reviewer.review(token);
    if ('unavailable' in verdict) return notNow('the API server can not be asked about the token');
    if ('claim' in verdict) return this.recognise(verdict.claim, reader);
    this.guesses.take(address);
    return unauthorized(verdict.refused);
  }

  /** Who the Pod of a claim is by now. */
  recognise(claim: PodClaim, reader: Reader): Caller | Answer {
    const pod = reader.get(TYPES.pod, { namespace: claim.namespace, name: claim.name });
    const ref = pod === undefined ? undefined : ownerOf(pod);
    const identity = identify({
      claim,
      pod,
      owner: ref === undefined ? undefined : ownerIn(reader, ref),
      operatorNamespace: this.options.operatorNamespace,
      now: this.options.clock.now(),
    });
    return 'refused' in identity ? sentence(403, identity.refused) : { ...identity, claim };
  }
}

const DAEMON_SET = { apiVersion: 'apps/v1', kind: 'DaemonSet' };

/** Only what can be an agent's controller is looked for: other kinds are not in the caches. */
const ownerIn = (reader: Reader, ref: ObjectRef): LiveObject | undefined => {
  const type = [TYPES.container, DAEMON_SET].find(({ apiVersion, kind }) => {
    return apiVersion === ref.apiVersion && kind === ref.kind;
  });
  return type && reader.get(type, ref);
};
