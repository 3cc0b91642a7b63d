import { notRunYet } from './common';
import { TYPES } from './kinds';
import type { BaseScope, Reconciler } from './runtime/reconciler';

/**
 * Kinds that this version reads and validates but does not run: WekaCluster, WekaClient, WekaManualOperation.
 *
 * Reads:   the object.
 * Writes:  its status: Stalled with reason NotSupportedYet, or InvalidSpec where a field is wrong.
 * Wakes:   on the object.
 * Never:   makes, changes or deletes anything for it, sets a finalizer on it, or lets go of the one that another operator
 *          set: who formed a cluster must also take it down.
 */
const unmanaged = (name: 'cluster' | 'client' | 'operation', what: string): Reconciler<BaseScope> => ({
  name,
  primary: { type: TYPES[name] },
  children: [],
  reads: [],
  finalizer: false,
  validate: (object) => notRunYet(object, what),
  observe: (object) => ({ object }),
  decide: () => ({ children: [], live: [], holdFinalizer: true }),
});

export const clusterReconciler = unmanaged('cluster', 'the life cycle of a cluster');
export const clientReconciler = unmanaged('client', 'a client fleet');
export const operationReconciler = unmanaged('operation', 'a manual operation');
