import { OperatorError } from '../../lib/base/errors';
import type { Clock } from './clock';

/**
 * Runs `call` with a signal that aborts after `ms` or with `signal`; then rejects (ApiTimeout, or the signal's reason) even if
 * `call` doesn't listen.
 */
export const withDeadline = async <T>(
  limit: { readonly clock: Clock; readonly ms: number; readonly what: string; readonly signal?: AbortSignal },
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  limit.signal?.throwIfAborted();
  const controller = new AbortController();
  const parts = { verb: limit.what, object: 'in time', seconds: limit.ms / 1000 };
  const cancel = limit.clock.after(limit.ms, () => controller.abort(new OperatorError('ApiTimeout', parts)));
  const stop = (): void => controller.abort(limit.signal?.reason);
  limit.signal?.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([call(controller.signal), aborted(controller.signal)]);
  } finally {
    cancel();
    limit.signal?.removeEventListener('abort', stop);
  }
};

/** Rejects with the signal's reason when it aborts. */
export const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
