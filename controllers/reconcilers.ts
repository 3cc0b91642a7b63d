import { clientReconciler, clusterReconciler } from './claimant';
import { containerReconciler } from './container';
import { driversReconciler } from './drivers';
import type { Installation } from './installation';
import { nodeReconciler } from './node';
import { policyReconciler } from './policy';
import type { Reconciler } from './runtime/reconciler';
import { operationReconciler } from './unmanaged';
import { wekaNodeReconciler } from './weka-node';

/** Everything that the manager runs. A new reconciler is one file and one line here. */
export const reconcilers = (settings: Installation): readonly Reconciler[] =>
  [
    policyReconciler(settings),
    containerReconciler(settings),
    nodeReconciler,
    wekaNodeReconciler(settings),
    driversReconciler(settings),
    clusterReconciler(settings),
    clientReconciler(settings),
    operationReconciler,
  ] as readonly Reconciler[];
