import winston from 'winston';
import type { Clock } from './clock';
import { redact } from '../../lib/base/redact';

/** How much is said; each level includes those before it. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a line is about. The named keys are fixed: dashboards and greps depend on them. */
export interface LogFields {
  readonly controller?: string;
  readonly kind?: string;
  readonly namespace?: string | undefined;
  readonly name?: string;
  /** One id a round: all lines of a round carry it. */
  readonly reconcileId?: string;
  readonly node?: string;
  /** A thrown value; written as `error` (its message), with `code` when it has one. */
  readonly error?: unknown;
  readonly [key: string]: unknown;
}

/** Where the runtime says what it does. Messages are constant sentences; what varies goes into fields. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** The same logger, with `fields` on each line. */
  with(fields: LogFields): Logger;
}

/** A logger whose level can be switched while it runs; loggers made by `with` follow. */
export interface LeveledLogger extends Logger {
  level: LogLevel;
}

/** One line before it is formatted. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly msg: string;
  readonly fields: LogFields;
}

const describeError = (error: unknown): Record<string, unknown> => {
  if (!(error instanceof Error)) return { error: typeof error === 'string' ? error : JSON.stringify(error) };
  const code = (error as { code?: unknown }).code;
  return { error: error.message, ...(typeof code === 'string' ? { code } : {}) };
};

const plain = ({ error, ...rest }: LogFields): LogFields =>
  redact({ ...rest, ...(error === undefined ? {} : describeError(error)) }) as LogFields;

/** A logger that hands each line, redacted, to `write`. `enabled` is asked for each line. */
export const loggerTo = (
  write: (entry: LogEntry) => void,
  fields: LogFields = {},
  enabled: (level: LogLevel) => boolean = () => true,
): Logger => {
  const say = (level: LogLevel) => (msg: string, more?: LogFields) => {
    if (enabled(level)) write({ level, msg: redact(msg) as string, fields: plain({ ...fields, ...more }) });
  };
  return {
    error: say('error'),
    warn: say('warn'),
    info: say('info'),
    debug: say('debug'),
    with: (more) => loggerTo(write, { ...fields, ...more }, enabled),
  };
};

/** Says nothing, and works nothing out. */
export const silentLogger: Logger = loggerTo(
  () => undefined,
  {},
  () => false,
);

/** Order of the fixed keys in a line. */
const KEYS = ['controller', 'kind', 'namespace', 'name', 'reconcileId', 'node'] as const;

const toLine = (clock: Clock, { level, msg, fields }: LogEntry): Record<string, unknown> => {
  const line: Record<string, unknown> = { ts: new Date(clock.now()).toISOString(), level, msg };
  for (const key of KEYS) if (fields[key] !== undefined) line[key] = fields[key];
  return { ...line, ...fields, ...line };
};

/**
 * JSON lines through winston, keys in the order ts, level, msg, controller, kind, namespace, name, reconcileId, node, then
 * the rest; secrets redacted. Writes to standard output unless a stream is given.
 */
export const createLogger = (options: {
  readonly clock: Clock;
  /** Default `info`. */
  readonly level?: LogLevel;
  readonly stream?: NodeJS.WritableStream;
}): LeveledLogger => {
  const state = { level: options.level ?? 'info' };
  const transport =
    options.stream === undefined
      ? new winston.transports.Console()
      : new winston.transports.Stream({ stream: options.stream });
  const out = winston.createLogger({
    level: 'debug',
    format: winston.format.printf((info) => JSON.stringify(info['line'])),
    transports: [transport],
  });
  const enabled = (level: LogLevel): boolean => LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(state.level);
  const logger = loggerTo(
    (entry) => out.log({ level: entry.level, message: entry.msg, line: toLine(options.clock, entry) }),
    {},
    enabled,
  );
  return Object.defineProperty({ ...logger } as LeveledLogger, 'level', {
    get: () => state.level,
    set: (level: LogLevel) => {
      state.level = level;
    },
    enumerable: true,
  });
};
