import type { ObjectRef } from '../lib/base/kube-object';

/** What became of one object in a round: the one result type for logs, events, metrics, status and the CLI. */
export type ChangeAction = 'created' | 'configured' | 'unchanged' | 'deleted' | 'skipped' | 'failed';

export interface Change {
  readonly action: ChangeAction;
  readonly ref: ObjectRef;
  /** Deterministic: field paths and reasons, no generated names, no times. */
  readonly reasons: readonly string[];
}

/** All changes of a round, in the order they happened. */
export type ChangeSet = readonly Change[];

/** Whether anything was written. */
export const wrote = (changes: ChangeSet): boolean =>
  changes.some(
    (change) => change.action === 'created' || change.action === 'configured' || change.action === 'deleted',
  );
