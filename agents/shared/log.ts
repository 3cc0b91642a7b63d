import { redact } from '../../lib/base/redact';

/** How much is said; each level includes those before it. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a line is about. `error`: a thrown value; written as its message, with `code` where it has one. */
export interface LogFields {
  readonly error?: unknown;
  readonly [key: string]: unknown;
}

/** Where an agent says what it does. Messages are constant sentences; what varies goes into fields. */
export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** The same log, with `fields` on each line. */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Takes one line without its end. Default: standard output. */
  readonly write?: (line: string) => void;
  /** Milliseconds since the epoch. Default: the machine's clock. */
  readonly now?: () => number;
}

const describe = (error: unknown): Record<string, unknown> => {
  if (!(error instanceof Error)) return { error: typeof error === 'string' ? error : JSON.stringify(error) };
  const code = (error as { code?: unknown }).code;
  return { error: error.message, ...(typeof code === 'string' ? { code } : {}) };
};

const toStandardOutput = (line: string): void => void process.stdout.write(`${line}\n`);

/** JSON lines as the manager writes them: ts, level, msg, then `fields` and those of the line; secrets redacted. */
export const createLog = (fields: LogFields = {}, options: LogOptions = {}): Log => {
  const { level: most = 'info', write = toStandardOutput, now = Date.now } = options;
  const say =
    (level: LogLevel) =>
    (msg: string, more: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(most)) return;
      const { error, ...rest } = { ...fields, ...more };
      const said = { ...rest, ...(error === undefined ? {} : describe(error)) };
      const line = { ts: new Date(now()).toISOString(), level, msg, ...said };
      write(JSON.stringify(redact(line)));
    };
  return {
    error: say('error'),
    warn: say('warn'),
    info: say('info'),
    debug: say('debug'),
    with: (more) => createLog({ ...fields, ...more }, options),
  };
};

/** Says nothing. */
export const silentLog: Log = createLog({}, { write: () => undefined });
