import type { ErrorCode, OperatorError } from '../../lib/base/errors';
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

/** Failures that are the cluster's set-up and no single object's. */
const SET_UP: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['CrdOutdated', 'KindMissing']);

/** Whether the whole cluster has to be set up otherwise before this can work. */
export const isSetUp = ({ code }: OperatorError): boolean => SET_UP.has(code);

/** Nothing tells us that a CRD was replaced: it is looked for in steady steps, so that the cure is soon felt. */
const SET_UP_RETRY_MS = 15_000;

/**
 * Failed. What trying again can cure is tried again, not before the API server wants it; what only somebody's change can
 * cure waits for that change, or for `againAfterMs`.
 */
export const failure = (error: OperatorError, againAfterMs?: number): RoundResult => {
  if (!error.retry) return { result: 'terminal', error, processed: { done: true, againAfterMs } };
  if (isSetUp(error)) return { result: 'error', error, processed: { done: true, againAfterMs: SET_UP_RETRY_MS } };
  const seconds = error instanceof ApiError ? error.failure.retryAfterSeconds : undefined;
  return {
    result: 'error',
    error,
    processed: { done: false, notBeforeMs: seconds === undefined ? undefined : seconds * 1000 },
  };
};
