import type { ErrorCode } from '../lib/base/errors';
import { asOperatorError } from '../lib/base/errors';
import type { ExitCode } from './exit';
import { EXIT } from './exit';
import type { Terminal } from './terminal';
import { paint } from './terminal';

/** Codes that mean: no conversation with the API server. */
const UNREACHABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ApiUnreachable',
  'ApiUntrusted',
  'ApiUnauthorized',
  'ApiForbidden',
  'ApiTimeout',
  'ApiServerError',
  'ServerTooOld',
]);

/** Prints what went wrong and what to do, in two lines, and says the exit code. A stack only with DEBUG set, and for defects of ours. */
export const reportFailure = (thrown: unknown, terminal: Terminal): ExitCode => {
  const error = asOperatorError(thrown);
  terminal.err(
    `${paint(terminal.errIsTerminal, 'red', 'error')}  ${error.message}  ${paint(terminal.errIsTerminal, 'dim', `[${error.code}]`)}\n`,
  );
  terminal.err(`${paint(terminal.errIsTerminal, 'cyan', 'remedy')} ${error.remedy}\n`);
  const origin = error.cause instanceof Error ? error.cause : error;
  if (error.code === 'Internal' || (process.env['DEBUG'] ?? '') !== '') terminal.err(`${origin.stack ?? ''}\n`);
  return UNREACHABLE.has(error.code) ? EXIT.unreachable : EXIT.findings;
};
