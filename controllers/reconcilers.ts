import type { ContainerSettings } from './container';
import { containerReconciler } from './container';
import { nodeReconciler } from './node';
import { policyReconciler } from './policy';
import type { Reconciler } from './runtime/reconciler';
import { clientReconciler, clusterReconciler, operationReconciler } from './unmanaged';
import { wekaNodeReconciler } from './weka-node';

/** Everything that the manager runs. A new reconciler is one file and one line here. */
export const reconcilers = (settings: ContainerSettings): readonly Reconciler[] =>
  [
    policyReconciler,
    containerReconciler(settings),
    nodeReconciler,
    wekaNodeReconciler,
    clusterReconciler,
    clientReconciler,
    operationReconciler,
  ] as readonly Reconciler[];
