import { randomBytes } from 'node:crypto';
import { apiError } from '../../controllers/kube/api-error';
import type { ClusterClient } from '../../controllers/kube/cluster-client';
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject, Manifest } from '../../lib/base/kube-object';

/** What a token says, and what the authority says of it when it is asked. */
interface Issued {
  readonly namespace: string;
  readonly pod?: { readonly name: string; readonly uid: string };
  readonly node?: string;
  readonly audiences: readonly string[];
  readonly expires: number;
}

export interface TokenWish extends Partial<Issued> {
  /** Seconds. Default: an hour. */
  readonly lifetime?: number;
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * Plays the part of an API server that issues tokens and reviews them, and nothing else: a token is good while it was
 * issued here, has not expired, was not revoked, and is asked for with an audience that it has.
 */
export class TokenAuthority {
  private readonly issued = new Map<string, Issued>();
  /** Reviews so far. */
  reviews = 0;
  /** Reviews under way, and the most that ever were. */
  readonly atOnce = { now: 0, most: 0 };
  /** While set, no review is answered. */
  away = false;
  /** Awaited by each review. */
  hold: Promise<void> = Promise.resolve();

  constructor(private readonly now: () => number = Date.now) {}

  issue(wish: TokenWish): string {
    const { namespace = 'storage', audiences = ['weka-operator'], lifetime = 3600 } = wish;
    const issued = { ...wish, namespace, audiences, expires: this.now() + lifetime * 1000 };
    const payload = base64url({ aud: audiences, exp: Math.floor(issued.expires / 1000), iss: 'test' });
    const token = `${base64url({ alg: 'RS256' })}.${payload}.${randomBytes(32).toString('base64url')}`;
    this.issued.set(token, issued);
    return token;
  }

  /** As when its Pod has gone: the token is not good any more. */
  revoke(token: string): void {
    this.issued.delete(token);
  }

  /** Only `create` of TokenReviews is answered. */
  client(): ClusterClient {
    const create = async (review: Manifest): Promise<LiveObject> => {
      this.reviews += 1;
      this.atOnce.most = Math.max(this.atOnce.most, ++this.atOnce.now);
      await this.hold;
      this.atOnce.now -= 1;
      if (this.away) {
        const failure = { status: 0, reason: undefined, message: 'connection refused' };
        throw apiError(failure, { verb: 'create', object: 'TokenReview', server: 'https://api' });
      }
      return { ...review, status: this.status(review.spec ?? {}) } as LiveObject;
    };
    return { create } as unknown as ClusterClient;
  }

  private status({ token, audiences }: JsonObject): JsonObject {
    const issued = this.issued.get(token as string);
    const shared = issued?.audiences.filter((audience) => (audiences as string[]).includes(audience)) ?? [];
    if (issued === undefined || issued.expires <= this.now() || shared.length === 0)
      return { authenticated: false, user: {}, error: 'invalid bearer token' };
    const { namespace, pod, node } = issued;
    const extra = {
      ...(pod === undefined ? {} : { 'pod-name': [pod.name], 'pod-uid': [pod.uid] }),
      ...(node === undefined ? {} : { 'node-name': [node] }),
    };
    const prefixed = Object.entries(extra).map(([name, value]) => [`authentication.kubernetes.io/${name}`, value]);
    const user = {
      username: `system:serviceaccount:${namespace}:default`,
      extra: Object.fromEntries(prefixed) as JsonObject,
    };
    return { authenticated: true, audiences: shared, user };
  }
}
