import type { ClusterClient } from '../kube/cluster-client';
import type { Clock } from './clock';
import type { Logger } from './log';
import type { Metrics } from './metrics';
import type { AgentExchange } from './agent-exchange';
import type { Companion } from './companion';
import type { Random } from './random';
import type { Reconciler } from './reconciler';

/** Times of the leader's Lease, as in client-go. */
export interface LeaderElectionOptions {
  /** Name of the Lease in the operator's namespace. Default LEADER_LEASE. */
  readonly leaseName?: string;
  /** A Lease that was not renewed for this long may be taken. Default 15 s. */
  readonly leaseSeconds?: number;
  /** A leader that can't renew for this long stops acting. Less than leaseSeconds. Default 10 s. */
  readonly renewDeadlineSeconds?: number;
  /** Pause between attempts to take or renew it. Default 2 s. */
  readonly retrySeconds?: number;
}

/** What a manager is made of. */
export interface ManagerOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly reconcilers: readonly Reconciler[];
  /** Namespaces whose objects are watched, beside the operator's own; empty: all. Cluster-scoped kinds are always watched whole. */
  readonly namespaces: readonly string[];
  /** Where the Lease and the inventories live. */
  readonly operatorNamespace: string;
  /** Name of this process among its peers, unique: the Pod's name and a random part. */
  readonly identity: string;
  /** `false`: acts at once, without a Lease. */
  readonly leaderElection: LeaderElectionOptions | false;
  readonly metrics: Metrics;
  /** Where what agents shall do is published. Default: nowhere. */
  readonly exchange?: AgentExchange;
  /** What works beside the reconcilers while this process acts, in the order in which they begin. Default: nothing. */
  readonly companions?: readonly Companion[];
  /** Keys of one reconciler that are worked on at the same time. Default 4. */
  readonly workers?: number;
  /** How long rounds that run may go on after the stop. Default 25 s (a Pod's grace period is 30 s). */
  readonly shutdownMs?: number;
}

/** One thing that has to be so before the manager works. */
export interface ReadinessCheck {
  /** Stable and short: `cache WekaPolicy`, `leader`. */
  readonly name: string;
  readonly ready: boolean;
  /** What it waits for, with the remedy where there is one; may add something when ready: who leads instead. */
  readonly message: string;
}

/** Whether the manager works, and if not, what it waits for. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly ReadinessCheck[];
}

/** Watches, reconciles, stops. */
export interface Manager {
  /**
   * Runs until `signal` aborts (then resolves, after a graceful stop) or leadership is lost (then rejects with
   * LeadershipLost: the process should end and be started again). To be called once.
   */
  start(signal: AbortSignal): Promise<void>;
  /**
   * What it waits for. Standing by for the Lease counts as ready: a second replica must not look broken.
   */
  readiness(): Readiness;
  /** Whether nothing is queued, running or due within `horizonMs` (default 0). For simulations and tests. */
  idle(horizonMs?: number): boolean;
}
