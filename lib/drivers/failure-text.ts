import type { ErrorCode } from '../base/errors';
import { ERRORS, fillIn } from '../base/errors';
import type { AgentFailure } from './agent-result';

const isKnown = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

/** The row of the errors table for what an agent failed with; `undefined`: the agent is newer than this operator. */
export const rowOf = (failure: AgentFailure): (typeof ERRORS)[ErrorCode] | undefined =>
  isKnown(failure.code) ? ERRORS[failure.code] : undefined;

/** What an agent failed with, as a sentence with its remedy. Deterministic: equal failures give equal texts. */
export const failureText = (failure: AgentFailure): string => {
  const row = rowOf(failure);
  if (row !== undefined) return `${fillIn(row.summary, failure.parameters)} ${fillIn(row.remedy, failure.parameters)}`;
  const details = Object.entries(failure.parameters).map(([name, text]) => `${name} ${text}`);
  return `An agent newer than this operator reports ${[failure.code, ...details].join(', ')}. Upgrade the operator.`;
};
