/** What a faulty API server does to calls: refuses them, loses the answer, takes its time. */
import { apiError } from '../../controllers/kube/api-error';
import type { ApiError, ApiFailure } from '../../controllers/kube/api-error';
import { refString } from '../../lib/base/kube-object';
import type { ClientCall } from '../client';
import type { Named } from './plan';

const FAILURES: Readonly<Record<Named<'api'>['answer'], ApiFailure>> = {
  conflict: { status: 409, reason: 'Conflict', message: 'the object has been modified; please try again' },
  busy: { status: 429, reason: 'TooManyRequests', message: 'too many requests', retryAfterSeconds: 1 },
  error: { status: 500, reason: 'InternalError', message: 'an internal error' },
  timeout: { status: 504, reason: 'Timeout', message: 'the request timed out' },
  unreachable: { status: 0, reason: undefined, message: 'connect ECONNREFUSED' },
};

/** The answer that a fault gives to a call. */
export const faultyAnswer = (answer: Named<'api'>['answer'], call: ClientCall): ApiError =>
  apiError(FAILURES[answer], { verb: call.verb, object: targetText(call) });

/** What a call is about: `Pod/default/a`, or `Pod` for lists and watches. */
export const targetText = ({ target }: ClientCall): string =>
  target.name === undefined ? target.kind : refString({ ...target, name: target.name });

const WRITES: ReadonlySet<ClientCall['verb']> = new Set(['apply', 'create', 'replace', 'patch', 'delete']);

export const isWrite = ({ verb }: ClientCall): boolean => WRITES.has(verb);

/** Whether a fault of the API server is about this call. A read can't be told from a write that wasn't done: it never "takes effect". */
export const concernsCall = (fault: Named<'api'>, call: ClientCall): boolean => {
  const write = isWrite(call);
  if (fault.kind !== '' && fault.kind !== call.target.kind) return false;
  if (fault.effect === 'done' && !write) return false;
  return fault.calls === 'all' || (fault.calls === 'writes') === write;
};
