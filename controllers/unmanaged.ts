import { notRunYet } from './common';
import { TYPES } from './kinds';
import type { BaseScope, Reconciler } from './runtime/reconciler';

/**
 * A kind that this version reads and validates but does not run: WekaManualOperation.
 *
 * Reads:   the object.
 * Writes:  its status: Stalled with reason NotSupportedYet, or InvalidSpec where a field is wrong.
 * Wakes:   on the object.
 * Never:   makes, changes or deletes anything for it, sets a finalizer on it, or lets go of the one that another operator
 *          set: who formed a cluster must also take it down.
 */
export const operationReconciler: Reconciler<BaseScope> = {
  name: 'operation',
  primary: { type: TYPES.operation },
  children: [],
  reads: [],
  finalizer: false,
  validate: (object) => notRunYet(object, 'a manual operation'),
  observe: (object) => ({ object }),
  decide: () => ({ children: [], live: [], holdFinalizer: true }),
};
