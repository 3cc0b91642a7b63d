import type { Condition, ConditionStatus } from '../../lib/base/conditions';
import { CONDITION, conditionsOf, findCondition, SPEC_SOUND } from '../../lib/base/conditions';
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject, ObjectKey, TypeMeta } from '../../lib/base/kube-object';
import { keyOf, keyString } from '../../lib/base/kube-object';
import type { ChangeSet } from '../../synth/change';
import type { EventRecorder } from './events';
import type { Labels, Metrics } from './metrics';
import type { EventNote } from './reconciler';

/** Whether `after` says something else than `before`: another status or another reason. */
const moved = (before: Condition | undefined, after: Condition | undefined): boolean =>
  before?.status !== after?.status || before?.reason !== after?.reason;

/** The notes whose condition another status says anew. Pure. */
export const notesOfTransitions = (
  object: LiveObject,
  status: JsonObject,
  notes: readonly EventNote[],
): readonly EventNote[] => {
  const [before, after] = [conditionsOf(object), conditionsOf({ status })];
  return notes.filter(({ condition = CONDITION.ready }) =>
    moved(findCondition(before, condition), findCondition(after, condition)),
  );
};

/**
 * What every kind says of itself when a reconciler doesn't: that it became Ready after it was not, that it is stuck, that
 * its spec is hardly what was meant. What is Ready from the first moment on is no news. Pure; `notes` are the reconciler's.
 */
export const standardNotes = (
  object: LiveObject,
  status: JsonObject,
  notes: readonly EventNote[],
): readonly EventNote[] => {
  const conditions = conditionsOf({ status });
  const note = (type: EventNote['type'], condition: string, when: ConditionStatus): readonly EventNote[] => {
    const found = findCondition(conditions, condition);
    const said = notes.some((other) => (other.condition ?? CONDITION.ready) === condition);
    if (found?.status !== when || said) return [];
    return [{ type, condition, reason: found.reason, message: found.message }];
  };
  const wasReported = findCondition(conditionsOf(object), CONDITION.ready) !== undefined;
  return [
    ...notes,
    ...(wasReported ? note('Normal', CONDITION.ready, 'True') : []),
    ...note('Warning', CONDITION.stalled, 'True'),
    ...note('Warning', SPEC_SOUND, 'False'),
  ];
};

const STATUSES = ['True', 'False', 'Unknown'] as const;

/** Tells the world what a round found out: Events by transition, and the metrics of conditions and changes. */
export class Announcer {
  /** By object: the condition types that have series. */
  private readonly series = new Map<string, readonly string[]>();

  constructor(
    private readonly events: EventRecorder,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Records the notes whose condition changes. Called before the status is written: a crash between leaves an Event that
   * the next round finds by its name, not a transition that nobody heard of.
   */
  async transitions(
    object: LiveObject,
    status: JsonObject,
    notes: readonly EventNote[],
    signal: AbortSignal,
  ): Promise<void> {
    for (const note of notesOfTransitions(object, status, standardNotes(object, status, notes))) {
      await this.events.record(object, note, object.metadata.resourceVersion, signal);
    }
  }

  /** Shows the conditions of an object as metrics. */
  conditions(object: LiveObject, status: JsonObject): void {
    const conditions = conditionsOf({ status });
    const name = seriesName(object, keyOf(object));
    for (const type of this.series.get(name) ?? []) {
      if (findCondition(conditions, type) === undefined) this.drop(object, keyOf(object), type);
    }
    for (const condition of conditions) {
      for (const labels of labelsOf(object, keyOf(object), condition.type)) {
        this.metrics.set('weka_operator_condition', labels, labels['status'] === condition.status ? 1 : 0);
      }
    }
    this.series.set(
      name,
      conditions.map(({ type }) => type),
    );
  }

  /** Counts what became of children. */
  changes(controller: string, changes: ChangeSet): void {
    for (const { action } of changes) {
      if (action === 'unchanged' || action === 'skipped') continue;
      this.metrics.count('weka_operator_changes_total', { controller, action });
    }
  }

  /** The object is gone: so are its series. */
  forget(type: TypeMeta, key: ObjectKey): void {
    const name = seriesName(type, key);
    for (const condition of this.series.get(name) ?? []) this.drop(type, key, condition);
    this.series.delete(name);
  }

  private drop(type: TypeMeta, key: ObjectKey, condition: string): void {
    for (const labels of labelsOf(type, key, condition)) this.metrics.remove('weka_operator_condition', labels);
  }
}

const seriesName = (type: TypeMeta, key: ObjectKey): string => `${type.kind}/${keyString(key)}`;

const labelsOf = (type: TypeMeta, key: ObjectKey, condition: string): readonly Labels[] =>
  STATUSES.map((status) => ({
    kind: type.kind,
    namespace: key.namespace ?? '',
    name: key.name,
    type: condition,
    status,
  }));
