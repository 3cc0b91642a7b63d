import type { ErrorCode } from '../../lib/base/errors';
import { asOperatorError, OperatorError } from '../../lib/base/errors';
import type { AgentFailure } from '../../lib/drivers/agent-result';

/** Why an agent does not do its work: a row of the errors table and what fills its text. Plain data. */
export interface Failure extends AgentFailure {
  readonly code: ErrorCode;
}

/** A failure as decisions give it. */
export const failure = (code: ErrorCode, parameters: Readonly<Record<string, string>> = {}): Failure => ({
  code,
  parameters,
});

/** Ends the attempt with `why`, if there is a why: throws OperatorError. */
export const refuse = (why: Failure | undefined): void => {
  if (why !== undefined) throw new OperatorError(why.code, why.parameters);
};

/** What was thrown, as the failure that is reported. */
export const failureOf = (thrown: unknown): Failure => {
  const { code, parameters } = asOperatorError(thrown);
  const texts = Object.entries(parameters).map(([name, value]) => [name, String(value)]);
  return { code, parameters: Object.fromEntries(texts) as Record<string, string> };
};
