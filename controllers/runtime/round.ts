import type { OperatorError } from '../../lib/base/errors';
import { asOperatorError } from '../../lib/base/errors';
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject, ObjectKey } from '../../lib/base/kube-object';
import { keyString, refOf } from '../../lib/base/kube-object';
import { FIELD_MANAGER, FINALIZER } from '../../lib/base/names';
import type { ClusterClient } from '../kube/cluster-client';
import type { Announcer } from './announce';
import type { Clock } from './clock';
import type { Effects, EffectsDone } from './effects';
import type { Logger } from './log';
import type { OwnWrites } from './own-writes';
import type { EventNote, Reader, Reconciler } from './reconciler';
import type { RoundResult } from './round-result';
import { again, done, failure } from './round-result';
import { answered, isPaused, pausedStatus, troubledStatus } from './round-status';
import type { StatusWriter } from './status-writer';
import type { Turn } from './turn';

/** What all rounds share. */
export interface RoundDeps {
  readonly client: ClusterClient;
  readonly reader: Reader;
  readonly clock: Clock;
  readonly ownWrites: OwnWrites;
  readonly effects: Effects;
  readonly status: StatusWriter;
  readonly announcer: Announcer;
}

/** While the cache is older than our own writes, looked at again after this; the watch usually wakes it earlier. */
const STALE_RETRY_MS = 250;
/** Children of other namespaces wake nobody when they go. */
const INVENTORY_RETRY_MS = 2_000;
/** While a child lives that the cache no longer shows. */
const CHILD_RETRY_MS = 2_000;

/**
 * One round of any reconciler:
 * cache → older than our writes? → deleted? paused? invalid? → finalizer → observe → decide → plan → execute → report →
 * status and events → look again. Decides nothing about children: that is the reconciler's and the planner's.
 */
export class Round {
  constructor(private readonly deps: RoundDeps) {}

  /** Runs one round. Rejects only with the reason of the signal. */
  async run(
    reconciler: Reconciler,
    key: ObjectKey,
    context: { signal: AbortSignal; logger: Logger },
  ): Promise<RoundResult> {
    const writer = `${reconciler.name}/${keyString(key)}`;
    try {
      if (!(await this.deps.ownWrites.caughtUp(writer))) return again(STALE_RETRY_MS);
      const object = this.deps.reader.get(reconciler.primary.type, key);
      if (object === undefined) return this.gone(writer, reconciler, key);
      const turn: Turn = { reconciler, object, writer, now: this.deps.clock.now(), ...context };
      return await this.living(turn);
    } catch (thrown) {
      context.signal.throwIfAborted();
      return failure(asOperatorError(thrown));
    }
  }

  private gone(writer: string, reconciler: Reconciler, key: ObjectKey): RoundResult {
    this.deps.ownWrites.forget(writer);
    this.deps.announcer.forget(reconciler.primary.type, key);
    return done();
  }

  private async living(turn: Turn): Promise<RoundResult> {
    const { object, reconciler } = turn;
    if (isPaused(object)) {
      await this.say(turn, pausedStatus(object, turn.now), []);
      return done();
    }
    if (object.metadata.deletionTimestamp !== undefined) return this.deleting(turn);
    const invalid = reconciler.validate?.(object);
    if (invalid !== undefined) return this.trouble(turn, invalid);
    return this.active(await this.guarded(turn));
  }

  /** With the finalizer on the object, before anything is made for it. */
  private async guarded(turn: Turn): Promise<Turn> {
    const { object, reconciler } = turn;
    const finalizers = object.metadata.finalizers ?? [];
    if (!reconciler.finalizer || finalizers.includes(FINALIZER)) return turn;
    turn.logger.info('Setting the finalizer');
    // A crash right after this leaves an object with a finalizer and no children: the next round goes on from here.
    const metadata = await this.setFinalizers(turn, [...finalizers, FINALIZER]);
    return { ...turn, object: { ...object, metadata } };
  }

  private async setFinalizers(turn: Turn, finalizers: string[]): Promise<LiveObject['metadata']> {
    const { uid, resourceVersion } = turn.object.metadata;
    const patched = await this.deps.client.patch(
      refOf(turn.object),
      { metadata: { finalizers } },
      { fieldManager: FIELD_MANAGER, uid, resourceVersion, signal: turn.signal },
    );
    this.deps.ownWrites.wrote(turn.writer, patched);
    return patched.metadata;
  }

  private async active(turn: Turn): Promise<RoundResult> {
    const effects = await this.deps.effects.run(turn);
    if ('trouble' in effects) return this.trouble(turn, effects.trouble);
    const { decision, outcome } = effects;
    this.deps.announcer.changes(turn.reconciler.name, outcome.changes);
    await this.report(turn, effects);
    if (outcome.error === undefined && decision.retire !== undefined)
      await this.deps.effects.retire(turn, decision.retire);
    return outcome.error === undefined
      ? done(decision.requeueAfterMs)
      : failure(outcome.error, decision.requeueAfterMs);
  }

  private async deleting(turn: Turn): Promise<RoundResult> {
    const { object, reconciler } = turn;
    const finalizers = object.metadata.finalizers ?? [];
    if (!finalizers.includes(FINALIZER)) return done();
    const effects = await this.deps.effects.run(turn);
    if ('trouble' in effects) return this.trouble(turn, effects.trouble);
    const { decision, outcome, inventoried } = effects;
    this.deps.announcer.changes(reconciler.name, outcome.changes);
    if (decision.holdFinalizer === true || outcome.error !== undefined || inventoried > 0) {
      await this.report(turn, effects);
      const wait = inventoried > 0 ? INVENTORY_RETRY_MS : decision.requeueAfterMs;
      return outcome.error === undefined ? done(wait) : failure(outcome.error, wait);
    }
    if (await this.deps.effects.anyLives(turn, decision.goneFirst ?? [])) return done(CHILD_RETRY_MS);
    if (reconciler.inventory) await this.deps.effects.discardInventory(turn);
    turn.logger.info('Removing the finalizer');
    // A crash right before this leaves the object with nothing to wait for: the next round removes the finalizer. The API
    // server collects what carries an owner reference.
    await this.setFinalizers(
      turn,
      finalizers.filter((name) => name !== FINALIZER),
    );
    return done();
  }

  private async report(turn: Turn, { scope, outcome }: EffectsDone): Promise<void> {
    const report = turn.reconciler.report?.(scope, outcome);
    if (report !== undefined) await this.say(turn, answered(turn.object, report.status, turn.now), report.events);
  }

  /** No plan could be made: says so where it helps, and lets the queue try again where that helps. */
  private async trouble(turn: Turn, error: OperatorError): Promise<RoundResult> {
    if (isWorthSaying(error)) {
      const note: EventNote = { type: 'Warning', reason: error.code, message: `${error.message} ${error.remedy}` };
      const notes = error.retry ? [note] : [];
      await this.say(turn, troubledStatus(turn.object, error, turn.now), notes);
    }
    return failure(error);
  }

  /** The status, and the Events of what changes with it. Not on kinds whose status is not ours. */
  private async say(turn: Turn, status: JsonObject, notes: readonly EventNote[]): Promise<void> {
    if (turn.reconciler.report === undefined && turn.reconciler.validate === undefined) return;
    await this.deps.announcer.transitions(turn.object, status, notes, turn.signal);
    await this.deps.status.write(turn.object, status, turn);
    this.deps.announcer.conditions(turn.object, status);
  }
}

/** Errors of the network and of the moment come and go too fast for a status; the log and the metrics have them. */
const isWorthSaying = (error: OperatorError): boolean =>
  !error.retry ||
  ['Internal', 'ApiForbidden', 'KindMissing', 'CrdOutdated', 'NamespaceTerminating'].includes(error.code);
