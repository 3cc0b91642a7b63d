import type { Toleration } from '../api/common';

/** A Pod that runs on a node whatever it is tainted with, as the node's own services do. */
export const anyTaint: readonly Required<Pick<Toleration, 'operator'>>[] = [{ operator: 'Exists' }];
