import type { OperatorError } from '../../lib/base/errors';
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject, Manifest, ObjectKey, ObjectRef, TypeMeta } from '../../lib/base/kube-object';
import type { ChangeSet } from '../../synth/change';
import type { DesiredChild, LiveChild } from '../../synth/child';
import type { Plan } from '../../synth/plan';
import type { AgentDocument } from './agent-exchange';

/**
 * What a reconciler reads in a round: the caches of the kinds it watches, and single objects that are never cached.
 * Synchronous but for `fetch`, so a scope is one consistent picture.
 */
export interface Reader {
  /** From the cache; `undefined` when it isn't there. */
  get(type: TypeMeta, key: ObjectKey): LiveObject | undefined;
  /** From the cache, sorted by namespace and name. */
  list(type: TypeMeta, filter?: { readonly namespace?: string }): readonly LiveObject[];
  /** Children of `owner` from the cache, by controller reference. */
  childrenOf(owner: LiveObject, type: TypeMeta): readonly LiveObject[];
  /** From the API server. For Secrets, which are never cached. */
  fetch(ref: ObjectRef): Promise<LiveObject | undefined>;
}

/** What the pure part of a reconciler wants done. */
export interface Decision {
  /** Children wanted, every one of them; a live child that is not here is pruned. */
  readonly children: readonly DesiredChild[];
  /** Children alive, with their identity: also those that another operator made. */
  readonly live: readonly LiveChild[];
  /** Keep the finalizer: children that must be gone first still live (only asked while the object is being deleted). */
  readonly holdFinalizer?: boolean;
  /**
   * Children that must be gone before the finalizer is removed. Looked for on the API server itself: a cache that lags
   * would show them gone too early.
   */
  readonly goneFirst?: readonly ObjectRef[];
  /** Look again after this many milliseconds at the latest, even if nothing changes. */
  readonly requeueAfterMs?: number;
  /** Parts of objects that have no parent, or another one: each is applied when it differs, after the plan. */
  readonly shared?: readonly SharedWrite[];
  /** Delete the object reconciled itself, for this reason. For records that the operator made on its own. */
  readonly retire?: string;
  /** Objects to delete that somebody else's controller makes again (a Pod of a DaemonSet), after the shared writes. */
  readonly remove?: readonly Removal[];
  /** What agents on nodes shall do from now on. */
  readonly documents?: readonly AgentDocument[];
}

/** One object to be deleted, as it was looked at. */
export interface Removal {
  readonly object: LiveObject;
  readonly reason: string;
}

/** What is wanted of an object that is nobody's child here: labels on a Node, the record of a node. */
export interface SharedWrite {
  /** Identity and the fields wanted; what was applied before and is missing now is given up. */
  readonly manifest: Manifest;
  /** The object as cached. `undefined`: it is made; otherwise never, should it have vanished. */
  readonly live: LiveObject | undefined;
}

/** How the effects went. */
export interface Outcome {
  readonly plan: Plan;
  readonly changes: ChangeSet;
  /** The first failure; the steps after it were not tried. */
  readonly error: OperatorError | undefined;
}

/** An Event to be recorded when the condition that it belongs to changes. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, from the closed list in docs/events.md. */
  readonly reason: string;
  readonly message: string;
  /** Which object it is about; default: the object reconciled. */
  readonly about?: ObjectRef;
  /**
   * The condition that it belongs to: it is recorded only in a round that writes another status or reason for that
   * condition. Default `Ready`.
   */
  readonly condition?: string;
}

/** What is reported at the end of a round: written only when it differs. */
export interface Report {
  /** The whole status that this reconciler owns (server-side apply: what is missing is given up). */
  readonly status: JsonObject;
  readonly events: readonly EventNote[];
}

/** A kind whose changes wake the reconciler. */
export interface WatchedKind {
  readonly type: TypeMeta;
  /** The keys of the primary kind to look at again when `object` changed. Children wake their controller by themselves. */
  readonly wakes?: (object: LiveObject, reader: Reader) => readonly ObjectKey[];
  /** What the cache keeps of an object. Default: everything. */
  readonly project?: (object: LiveObject) => LiveObject;
  /** Only objects with these labels are watched, for kinds of which most objects are others'. As in the API. */
  readonly labelSelector?: string;
  /** Only objects of this namespace are watched, for kinds that the operator may read nowhere else. */
  readonly namespace?: string;
}

/** Something beside the API server that wakes a reconciler: an agent that reported, a registry that answered. */
export interface Signal {
  /** Calls `listener` with a hint whenever something happened. The result ends that. */
  subscribe(listener: (hint: string) => void): () => void;
  /** The keys of the primary kind to look at again. */
  wakes(hint: string, reader: Reader): readonly ObjectKey[];
}

/**
 * One reconciler: one file, its contract in the header. Everything but `observe` is pure; the round itself
 * (finalizer, plan, apply, prune, status, events, backoff, pause) is the same for all, in round.ts.
 */
export interface Reconciler<Scope extends BaseScope = BaseScope> {
  /** Lower case, for logs and metrics: `policy`. */
  readonly name: string;
  readonly primary: WatchedKind;
  /** Kinds of children: watched, and found again by controller reference. */
  readonly children: readonly WatchedKind[];
  /** Other kinds it reads. */
  readonly reads: readonly WatchedKind[];
  /** What else wakes it. Default: nothing. */
  readonly signals?: readonly Signal[];
  /** Whether a finalizer guards the deletion of its objects. */
  readonly finalizer: boolean;
  /**
   * Whether it has children that can't carry an owner reference (cluster-scoped, or in another namespace): the round then
   * keeps an inventory of them in the operator's namespace. Default false.
   */
  readonly inventory?: boolean;
  /**
   * Pure: why this object can't be reconciled as it is written (InvalidSpec, NotSupportedYet), or nothing. The round then
   * reports Stalled with that code, keeps the rest of the status, touches no child and looks again when the object changes.
   * Not asked while the object is being deleted: `observe` and `decide` must then cope with any spec.
   */
  validate?(object: LiveObject): OperatorError | undefined;
  /** The only reads of the round. */
  observe(object: LiveObject, reader: Reader): Omit<Scope, 'now'> | Promise<Omit<Scope, 'now'>>;
  /** Pure: what should be there. */
  decide(scope: Scope): Decision;
  /**
   * Pure: what to say. `outcome` is undefined only where no effect is possible: in plans made offline.
   * Not asked when paused or invalid: the round then keeps the status and sets the conditions by itself.
   * `status.reconcileRequestedAt` is added by the round. Absent: the kind's status is not ours, nothing is ever written to it.
   */
  report?(scope: Scope, outcome: Outcome | undefined): Report;
}

/** What every scope carries. */
export interface BaseScope {
  /** The object reconciled, as cached. */
  readonly object: LiveObject;
  /** The time of the round: the only clock that decide and report may use. */
  readonly now: number;
}
