import type { OperatorError } from '../../lib/base/errors';
import { ApiError } from '../kube/api-error';
import type { Processed } from './queue';

/** How a round ended: what the metrics count, and what the queue does next. */
export interface RoundResult {
  readonly result: 'success' | 'requeue' | 'requeue_after' | 'error' | 'terminal';
  readonly processed: Processed;
  readonly error?: OperatorError;
}

/** Done; looked at again when something changes, or after `againAfterMs` at the latest. */
export const done = (againAfterMs?: number): RoundResult => ({
  result: againAfterMs === undefined ? 'success' : 'requeue_after',
  processed: { done: true, againAfterMs },
});

/** Not begun: looked at again after `ms`. Counts neither as success nor as failure. */
export const again = (ms: number): RoundResult => ({ result: 'requeue', processed: { done: true, againAfterMs: ms } });

/**
 * Failed. What trying again can cure is tried again, not before the API server wants it; what only somebody's change can
 * cure waits for that change, or for `againAfterMs`.
 */
export const failure = (error: OperatorError, againAfterMs?: number): RoundResult => {
  if (!error.retry) return { result: 'terminal', error, processed: { done: true, againAfterMs } };
  const seconds = error instanceof ApiError ? error.failure.retryAfterSeconds : undefined;
  return {
    result: 'error',
    error,
    processed: { done: false, notBeforeMs: seconds === undefined ? undefined : seconds * 1000 },
  };
};
