import type { OperatorError } from '../../lib/base/errors';
import type { Reader } from './reconciler';

/** What works beside the reconcilers while this process acts: the gateway, the installation's certificates. */
export interface Companion {
  /** Lower case, for readiness: `gateway`. */
  readonly name: string;
  /** What keeps it from working; `undefined`: nothing. */
  readonly waitingFor: OperatorError | undefined;
  /**
   * Called once, when this process may act and its caches are complete. Resolves when rounds may begin. `signal` aborts
   * when this process must not act any more; only then it may reject.
   */
  lead(reader: Reader, signal: AbortSignal): Promise<void>;
}
