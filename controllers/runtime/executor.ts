import type { OperatorError } from '../../lib/base/errors';
import { asOperatorError, OperatorError as TableError } from '../../lib/base/errors';
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject, Manifest, ObjectRef, Uid } from '../../lib/base/kube-object';
import { refOf, refString } from '../../lib/base/kube-object';
import { FIELD_MANAGER } from '../../lib/base/names';
import { digestOf } from '../../synth/canonical-json';
import type { Change, ChangeSet } from '../../synth/change';
import type { Parent } from '../../synth/child';
import { isOwnedBy } from '../../synth/children';
import { diff, isSame, reasonsOf } from '../../synth/diff';
import type { Plan, Stage, Step } from '../../synth/plan';
import type { ClusterClient } from '../kube/cluster-client';
import type { ApplyMemory } from './apply-memory';
import type { InventoryStore } from './inventory-store';
import type { Logger } from './log';
import type { OwnWrites } from './own-writes';
import type { Removal, SharedWrite } from './reconciler';

/** What running plans needs; one for all rounds. */
export interface ExecutorDeps {
  readonly client: ClusterClient;
  readonly ownWrites: OwnWrites;
  readonly memory: ApplyMemory;
  readonly inventory: InventoryStore;
  /** An object as the cache holds it. */
  readonly liveOf: (ref: ObjectRef) => LiveObject | undefined;
}

/** What is known of one run. */
export interface ExecutionContext {
  readonly parent: Parent;
  /** On whose behalf, for OwnWrites. */
  readonly writer: string;
  /** Aborted when leadership is lost: no effect begins after that. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** What is to be done in one round. */
export interface Work {
  readonly plan: Plan;
  readonly shared: readonly SharedWrite[];
  readonly remove: readonly Removal[];
}

/** What came of a plan. */
export interface Execution {
  readonly changes: ChangeSet;
  /** The first failure, the steps after it were not tried; else the first refusal of the plan, the rest was done. */
  readonly error: OperatorError | undefined;
}

interface StageEnd {
  readonly failure?: OperatorError;
  /** The first step that the plan itself refuses: the others are done all the same. */
  readonly refusal?: OperatorError | undefined;
}

type ApplyStep = Extract<Step, { action: 'apply' }>;
type PruneStep = Extract<Step, { action: 'prune' }>;
type RefuseStep = Extract<Step, { action: 'refuse' }>;

/** Does what a plan says. The only place with effects on children. */
export class Executor {
  constructor(private readonly deps: ExecutorDeps) {}

  /**
   * Runs the stages in order, then the shared writes, then the removals. A stage with a `wait` is the last one; a failure ends everything at once;
   * a refusal ends nothing. Rejects only with the reason of the signal.
   */
  async run({ plan, shared, remove }: Work, context: ExecutionContext): Promise<Execution> {
    const changes: Change[] = [];
    let refused: OperatorError | undefined;
    if (plan.stages.some(({ steps }) => steps.some(isCreation))) {
      const gone = await this.parentGone(context);
      if (gone !== undefined) return { changes, error: gone };
    }
    for (const stage of plan.stages) {
      const { failure, refusal } = await this.stage(stage, context, changes);
      if (failure !== undefined) return { changes, error: failure };
      refused ??= refusal;
      if (stage.steps.some(({ action }) => action === 'wait')) break;
    }
    const steps = shared.map(sharedStep).filter((step) => step !== undefined);
    const writing = await this.stage({ name: 'shared', steps }, context, changes);
    if (writing.failure !== undefined) return { changes, error: writing.failure };
    const { failure } = await this.stage({ name: 'remove', steps: remove.map(removalStep) }, context, changes);
    return { changes, error: failure ?? refused };
  }

  /**
   * A list from a server that lags, or an event that was lost, shows a parent that is gone. What is made for it is collected
   * at once and made again: so it is looked at before anything is made.
   */
  private async parentGone({ parent, signal }: ExecutionContext): Promise<OperatorError | undefined> {
    try {
      const found = await this.deps.client.get(parent.ref, { signal });
      const lives = found?.metadata.uid === parent.uid && found.metadata.deletionTimestamp === undefined;
      return lives ? undefined : new TableError('Conflict', { object: refString(parent.ref) });
    } catch (thrown) {
      signal.throwIfAborted();
      return asOperatorError(thrown);
    }
  }

  /** Deletes the object reconciled itself, as it was looked at. */
  async retire(object: LiveObject, reason: string, context: ExecutionContext): Promise<Change> {
    const ref = refOf(object);
    const { uid, resourceVersion } = object.metadata;
    context.logger.info('Deleting', { object: refString(ref), reasons: [reason] });
    // A crash right after this leaves it gone; the version keeps us from deleting what somebody just changed.
    await this.deps.client.delete(ref, { uid, resourceVersion, propagation: 'Background', signal: context.signal });
    this.deps.ownWrites.deleted(context.writer, object);
    return { action: 'deleted', ref, reasons: [reason] };
  }

  private async stage(stage: Stage, context: ExecutionContext, changes: Change[]): Promise<StageEnd> {
    let refused: OperatorError | undefined;
    for (const step of stage.steps) {
      context.signal.throwIfAborted();
      try {
        changes.push(...(await this.step(step, context)));
      } catch (thrown) {
        context.signal.throwIfAborted();
        const error = asOperatorError(thrown);
        changes.push(...failed(step, error));
        if (step.action !== 'refuse') return { failure: error };
        refused ??= error;
      }
    }
    return { refusal: refused };
  }

  private async step(step: Step, context: ExecutionContext): Promise<readonly Change[]> {
    switch (step.action) {
      case 'save':
        // A crash right after this leaves an inventory that names objects never made: the next round finds none of them
        // and plans again. A crash right before leaves nothing.
        await this.deps.inventory.save(context.parent, step.inventory, context.signal);
        return [];
      case 'apply':
        return [await this.apply(step, context)];
      case 'keep':
        return [{ action: 'unchanged', ref: step.ref, reasons: step.outdated ?? [] }];
      case 'wait':
        return [{ action: 'skipped', ref: step.ref, reasons: step.reasons }];
      case 'prune':
        return [await this.prune(step, context)];
      case 'refuse':
        throw refusal(step);
    }
  }

  private async apply(step: ApplyStep, context: ExecutionContext): Promise<Change> {
    const ref = refOf(step.manifest);
    const [name, digest] = [refString(ref), intentOf(step.manifest)];
    const live = this.deps.liveOf(ref);
    if (this.deps.memory.has(name, digest, live?.metadata.resourceVersion))
      return { action: 'unchanged', ref, reasons: [] };
    context.logger.info(step.change === 'create' ? 'Creating' : 'Configuring', { object: name, reasons: step.reasons });
    // A crash right after this leaves the child as wanted and the parent's status old: the next round finds the child by its
    // owner reference (or by the inventory saved before) and reports it. A crash right before leaves the child as it was.
    const uid = step.uid ?? (await this.bearer(step, context));
    const result = await this.deps.client.apply(step.manifest, {
      fieldManager: FIELD_MANAGER,
      force: uid !== undefined,
      ...(uid === undefined ? {} : { uid }),
      signal: context.signal,
    });
    this.deps.ownWrites.wrote(context.writer, result);
    this.deps.memory.learn(name, digest, result.metadata.resourceVersion);
    const same = live !== undefined && result.metadata.resourceVersion === live.metadata.resourceVersion;
    if (same) return { action: 'unchanged', ref, reasons: [] };
    return { action: step.change === 'create' ? 'created' : 'configured', ref, reasons: step.reasons };
  }

  /**
   * The child that already bears the name, though the cache doesn't show it: a watch may lag, or somebody took the label
   * off that it is watched by. An apply would merge our fields into whatever it finds: a stranger is left alone.
   */
  private async bearer(step: ApplyStep, { parent, signal }: ExecutionContext): Promise<Uid | undefined> {
    const found = await this.deps.client.get(refOf(step.manifest), { signal });
    if (found === undefined || step.role === SHARED || isOwnedBy(found, parent)) return found?.metadata.uid;
    throw new TableError('NameTaken', { object: refString(refOf(found)), owner: ownerOf(found) });
  }

  private async prune(step: PruneStep, context: ExecutionContext): Promise<Change> {
    const live = this.deps.liveOf(step.ref);
    const goes = live?.metadata.uid === step.uid && live.metadata.deletionTimestamp !== undefined;
    if (goes && step.lost !== true) {
      return { action: 'skipped', ref: step.ref, reasons: ['is being deleted'] };
    }
    context.logger.info('Deleting', { object: refString(step.ref), reasons: step.reasons });
    // A crash right after this leaves the child gone (or going) and, for an inventoried one, still named by the inventory:
    // the next round finds it gone and drops the entry. The UID keeps us from deleting what has its name by now.
    await this.deps.client.delete(step.ref, {
      ...{ uid: step.uid, propagation: 'Background', signal: context.signal },
      ...(step.lost === true ? { gracePeriodSeconds: 0 } : {}),
    });
    this.deps.ownWrites.deleted(context.writer, live ?? standIn(step));
    return { action: 'deleted', ref: step.ref, reasons: step.reasons };
  }
}

const isCreation = (step: Step): boolean => step.action === 'apply' && step.change === 'create';

/** The role of what is nobody's child. */
const SHARED = 'shared';

const ownerOf = ({ metadata }: LiveObject): string => {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner === undefined ? 'nobody this operator knows' : `${owner.kind}/${owner.name}`;
};

/** A shared write as a step; nothing when the object is as wanted already. */
const sharedStep = ({ manifest, live }: SharedWrite): ApplyStep | undefined => {
  const identity = { action: 'apply', role: SHARED, slot: '', manifest } as const;
  if (live === undefined) return { ...identity, change: 'create', reasons: ['is missing'] };
  const difference = diff(manifest, live, FIELD_MANAGER);
  if (isSame(difference)) return undefined;
  return { ...identity, change: 'configure', uid: live.metadata.uid, reasons: reasonsOf(difference) };
};

const removalStep = ({ object, reason }: Removal): PruneStep => ({
  action: 'prune',
  role: SHARED,
  slot: '',
  ref: refOf(object),
  uid: object.metadata.uid,
  reasons: [reason],
});

const intentOf = (manifest: Manifest): string => digestOf(manifest as unknown as JsonObject);

/** Enough of an object for OwnWrites: which one it was. */
const standIn = ({ ref, uid }: PruneStep): LiveObject => ({
  apiVersion: ref.apiVersion,
  kind: ref.kind,
  metadata: {
    name: ref.name,
    ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
    uid,
    resourceVersion: '',
  },
});

const refusal = (step: RefuseStep): OperatorError => {
  const because = step.reasons.join(', ') || 'somebody else';
  return new TableError(step.code, { object: refString(step.ref), owner: because, field: because });
};

const failed = (step: Step, error: OperatorError): readonly Change[] => {
  if (step.action === 'save') return [];
  const ref = step.action === 'apply' ? refOf(step.manifest) : step.ref;
  return [{ action: 'failed', ref, reasons: [error.code] }];
};
