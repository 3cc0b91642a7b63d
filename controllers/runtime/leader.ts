import { asOperatorError, OperatorError } from '../../lib/base/errors';
import type { LiveObject, Manifest, ObjectRef } from '../../lib/base/kube-object';
import { LEADER_LEASE } from '../../lib/base/names';
import { isApiError } from '../kube/api-error';
import type { ClusterClient } from '../kube/cluster-client';
import type { Clock } from './clock';
import { sleep } from './clock';
import { withDeadline } from './deadline';
import type { Logger } from './log';
import type { LeaderElectionOptions } from './manager-options';
import type { Random } from './random';

export interface LeaderOptions extends LeaderElectionOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Name of this process, unique among its peers. */
  readonly identity: string;
  readonly namespace: string;
}

/** A Lease as the API server keeps it. */
interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

const specOf = (lease: LiveObject): LeaseSpec => lease.spec ?? {};

/**
 * Holds a Lease, so that one manager acts at a time. How old a Lease is is judged by when *we* saw it change, so the clocks of
 * two machines need not agree. That two act for a moment (a process that was frozen) is harmless: their writes carry the UID
 * and version they looked at.
 */
export class LeaderElector {
  private readonly times: Required<Omit<LeaderElectionOptions, 'leaseName'>>;
  private readonly ref: ObjectRef;
  /** The Lease as last seen, and when it was first seen like that. */
  private seen: { readonly lease: LiveObject; readonly at: number } | undefined;
  private held = false;
  private failure: OperatorError | undefined;

  constructor(private readonly options: LeaderOptions) {
    this.times = { leaseSeconds: 15, renewDeadlineSeconds: 10, retrySeconds: 2, ...defined(options) };
    this.ref = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace: options.namespace,
      name: options.leaseName ?? LEADER_LEASE,
    };
  }

  /** Whether this process may act. */
  get leading(): boolean {
    return this.held;
  }

  /** Who holds the Lease, as far as known; absent when nobody does. */
  get holder(): string | undefined {
    const holder = this.seen === undefined ? undefined : specOf(this.seen.lease).holderIdentity;
    return holder === '' ? undefined : holder;
  }

  /** Why the Lease could not be read or written at the last try; absent when it could. */
  get trouble(): OperatorError | undefined {
    return this.failure;
  }

  /** Resolves when the Lease is ours; rejects only with the reason of the signal. */
  async acquire(signal: AbortSignal): Promise<void> {
    while (!(await this.attempt(signal))) await this.pause(signal);
    this.held = true;
    this.options.logger.info('Leading', { lease: this.ref.name });
  }

  /** Renews the Lease. Resolves when the signal aborts; rejects with LeadershipLost when it can't be kept. */
  async hold(signal: AbortSignal): Promise<void> {
    let renewed = this.options.clock.now();
    while (!signal.aborted) {
      await this.pause(signal).catch(() => undefined);
      if (signal.aborted) return;
      const left = renewed + this.times.renewDeadlineSeconds * 1000 - this.options.clock.now();
      const kept = left > 0 && (await this.attempt(signal, left));
      if (kept) renewed = this.options.clock.now();
      else if (signal.aborted) return;
      else this.checkDeadline(renewed);
    }
  }

  /** Gives the Lease back, so that the next leader need not wait. Never rejects: it runs out by itself. */
  async release(): Promise<void> {
    const mine = this.held ? this.seen?.lease : undefined;
    this.held = false;
    if (mine === undefined) return;
    const { leaseTransitions } = specOf(mine);
    const spec = { leaseDurationSeconds: 1, renewTime: this.microTime(), leaseTransitions: leaseTransitions ?? 0 };
    const { clock, logger, client } = this.options;
    const limit = { clock, ms: this.times.retrySeconds * 1000, what: 'release of the Lease' };
    try {
      // A crash right before leaves the Lease to run out: the next leader waits for leaseSeconds.
      await withDeadline(limit, (signal) => client.replace({ ...bare(mine), spec }, { signal }));
      logger.info('Released', { lease: this.ref.name });
    } catch (error) {
      logger.warn('Releasing failed; it runs out by itself', { lease: this.ref.name, error });
    }
  }

  /** Lost for certain when another holds it, or when the deadline has passed. */
  private checkDeadline(renewed: number): void {
    const other = this.holder !== undefined && this.holder !== this.options.identity;
    const late = this.options.clock.now() - renewed >= this.times.renewDeadlineSeconds * 1000;
    if (!other && !late) return;
    this.held = false;
    const cause = other
      ? `${this.holder} holds it`
      : `it could not be renewed for ${this.times.renewDeadlineSeconds} s`;
    throw new OperatorError('LeadershipLost', { lease: this.ref.name, cause });
  }

  /** One try to take or renew it. Failures are logged, not thrown: the next try may work. */
  private async attempt(signal: AbortSignal, ms = this.times.renewDeadlineSeconds * 1000): Promise<boolean> {
    const { clock, logger } = this.options;
    try {
      const limit = { clock, ms, what: 'renewal of the Lease', signal };
      const mine = await withDeadline(limit, (inner) => this.takeOrRenew(inner));
      this.failure = undefined;
      return mine;
    } catch (thrown) {
      if (signal.aborted) {
        if (this.held) return false;
        throw signal.reason;
      }
      const error = asOperatorError(thrown);
      this.failure = error;
      logger[error.code === 'Conflict' ? 'debug' : 'warn']('The Lease could not be written', {
        lease: this.ref.name,
        error,
      });
      return false;
    }
  }

  private async takeOrRenew(signal: AbortSignal): Promise<boolean> {
    const { client, identity } = this.options;
    // What we hold ourselves is renewed on the version we know: one call, and a Conflict tells when somebody took it.
    const known = this.held && this.holder === identity ? this.seen?.lease : undefined;
    if (known !== undefined) {
      try {
        return this.see(await client.replace(this.claimed(known), { signal }));
      } catch (thrown) {
        if (!isApiError(thrown, 'Conflict') && !isApiError(thrown, 'NotFound')) throw thrown;
      }
    }
    const lease = await client.get(this.ref, { signal });
    // A crash right after any of these writes leaves a Lease that runs out by itself.
    if (lease === undefined) return this.see(await client.create(this.claimed(undefined), { signal }));
    this.see(lease);
    if (!this.isFree(lease)) return false;
    return this.see(await client.replace(this.claimed(lease), { signal }));
  }

  /** Whether we may take it: ours, nobody's, or unchanged for its whole duration since we first saw it like that. */
  private isFree(lease: LiveObject): boolean {
    const { holderIdentity, leaseDurationSeconds } = specOf(lease);
    if (!holderIdentity || holderIdentity === this.options.identity) return true;
    const since = this.options.clock.now() - (this.seen?.at ?? this.options.clock.now());
    return since >= (leaseDurationSeconds ?? this.times.leaseSeconds) * 1000;
  }

  private see(lease: LiveObject): true {
    const same = this.seen?.lease.metadata.resourceVersion === lease.metadata.resourceVersion;
    if (!same) this.seen = { lease, at: this.options.clock.now() };
    return true;
  }

  private claimed(lease: LiveObject | undefined): Manifest {
    const old = lease === undefined ? {} : specOf(lease);
    const mine = old.holderIdentity === this.options.identity;
    const now = this.microTime();
    const transitions = old.leaseTransitions ?? 0;
    const spec = {
      holderIdentity: this.options.identity,
      leaseDurationSeconds: this.times.leaseSeconds,
      acquireTime: mine ? (old.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: lease === undefined || mine ? transitions : transitions + 1,
    };
    if (lease !== undefined) return { ...bare(lease), spec };
    const { apiVersion, kind, name } = this.ref;
    return { apiVersion, kind, metadata: { name, namespace: this.options.namespace }, spec };
  }

  private pause(signal: AbortSignal): Promise<void> {
    const jitter = 1 + 0.2 * this.options.random.next();
    return sleep(this.options.clock, this.times.retrySeconds * 1000 * jitter, signal);
  }

  /** Now, as Kubernetes' MicroTime. */
  private microTime(): string {
    return new Date(this.options.clock.now()).toISOString().replace('Z', '000Z');
  }
}

/** The options that are given, so that `undefined` doesn't hide a default. */
const defined = (
  options: LeaderElectionOptions,
): Partial<Record<'leaseSeconds' | 'renewDeadlineSeconds' | 'retrySeconds', number>> => {
  const { leaseSeconds, renewDeadlineSeconds, retrySeconds } = options;
  return Object.fromEntries(
    Object.entries({ leaseSeconds, renewDeadlineSeconds, retrySeconds }).filter(([, value]) => value !== undefined),
  );
};

/** The Lease as it is sent back: identity and version, without what only the server writes. */
const bare = (lease: LiveObject): Manifest => {
  const { name, namespace, uid, resourceVersion, labels, annotations } = lease.metadata;
  return {
    apiVersion: lease.apiVersion,
    kind: lease.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      resourceVersion,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
  };
};
