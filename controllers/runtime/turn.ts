import type { LiveObject } from '../../lib/base/kube-object';
import type { Logger } from './log';
import type { Reconciler } from './reconciler';

/** One round's own facts. */
export interface Turn {
  readonly reconciler: Reconciler;
  readonly object: LiveObject;
  /** On whose behalf the round writes, for OwnWrites. */
  readonly writer: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}
