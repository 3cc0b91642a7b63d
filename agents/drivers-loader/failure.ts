import type { ErrorCode } from '../../lib/base/errors';
import { asOperatorError, OperatorError } from '../../lib/base/errors';
import type { AgentFailure } from '../../lib/drivers/agent-result';

/** Why nothing is loaded: a row of the errors table and what fills its text. Plain data, so that tables can list it. */
export interface Failure extends AgentFailure {
  readonly code: ErrorCode;
}

export const failure = (code: ErrorCode, parameters: Readonly<Record<string, string>> = {}): Failure => ({
  code,
  parameters,
});

/** As what is thrown. */
export const errorOf = ({ code, parameters }: Failure): OperatorError => new OperatorError(code, parameters);

/** Ends the attempt with `why`, if there is a why. */
export const refuse = (why: Failure | undefined): void => {
  if (why !== undefined) throw errorOf(why);
};

/** What was thrown, as the failure that is reported. */
export const failureOf = (thrown: unknown): Failure => {
  const { code, parameters } = asOperatorError(thrown);
  const texts = Object.entries(parameters).map(([name, value]) => [name, String(value)]);
  return { code, parameters: Object.fromEntries(texts) as Record<string, string> };
};

/** The loader's image may be the user's: it must bring kmod and util-linux. */
export const notInImage = (program: string): OperatorError =>
  new OperatorError('AgentMisconfigured', { name: program, cause: 'is not in its image' });
