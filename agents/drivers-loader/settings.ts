import { OperatorError } from '../../lib/base/errors';
import { LOADER_PATH } from '../../lib/drivers/load-pod';

type Environment = Readonly<Record<string, string | undefined>>;

/** What `watch` is told. */
export interface WatchSettings {
  readonly stateDirectory: string;
  /** sysfs. */
  readonly sysDirectory: string;
  readonly intervalSeconds: number;
}

/** What `load` is told. */
export interface LoadSettings {
  readonly wekaVersion: string;
  /** Of the distribution service, without a slash at its end. */
  readonly distUrl: string;
  /** PEM file with the authorities that it may be signed by. */
  readonly caFile: string;
  readonly nodeName: string;
  readonly indexDirectory: string;
  readonly cacheDirectory: string;
  readonly stateDirectory: string;
  /** sysfs of the node, with what is mounted below it. */
  readonly sysDirectory: string;
  readonly terminationLog: string;
  /** Bound of the delay before a download. */
  readonly jitterSeconds: number;
}

const required = (env: Environment, name: string): string => {
  const value = env[name];
  if (value === undefined || value === '') throw new OperatorError('AgentMisconfigured', { name, cause: 'is not set' });
  return value;
};

const seconds = (env: Environment, name: string, fallback: number): number => {
  const value = env[name];
  if (value === undefined || value === '') return fallback;
  if (!/^\d{1,5}(\.\d+)?$/.test(value))
    throw new OperatorError('AgentMisconfigured', { name, cause: `is ${JSON.stringify(value)}, not seconds` });
  return Number(value);
};

const url = (env: Environment, name: string): string => {
  const value = required(env, name);
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
    throw new OperatorError('AgentMisconfigured', { name, cause: `is ${JSON.stringify(value)}, not a URL` });
  return value.replace(/\/+$/, '');
};

/** Reads the environment of `load`. Throws AgentMisconfigured naming the variable. */
export const loadSettings = (env: Environment): LoadSettings => ({
  wekaVersion: required(env, 'WEKA_VERSION'),
  distUrl: url(env, 'DIST_URL'),
  caFile: env['CA_FILE'] ?? LOADER_PATH.caFile,
  nodeName: required(env, 'NODE_NAME'),
  indexDirectory: env['INDEX_DIRECTORY'] ?? LOADER_PATH.index,
  cacheDirectory: env['CACHE_DIRECTORY'] ?? LOADER_PATH.cache,
  stateDirectory: stateDirectoryOf(env),
  sysDirectory: env['SYS_DIRECTORY'] ?? '/sys',
  terminationLog: terminationLogOf(env),
  jitterSeconds: seconds(env, 'JITTER_SECONDS', 10),
});

// Apart from the rest: a result must be written also when the rest is wrong.
export const terminationLogOf = (env: Environment): string => env['TERMINATION_LOG'] ?? LOADER_PATH.terminationLog;
export const stateDirectoryOf = (env: Environment): string => env['STATE_DIRECTORY'] ?? LOADER_PATH.state;

/** Reads the environment of `watch`. */
export const watchSettings = (env: Environment): WatchSettings => ({
  stateDirectory: stateDirectoryOf(env),
  sysDirectory: env['SYS_DIRECTORY'] ?? '/sys',
  intervalSeconds: seconds(env, 'WATCH_SECONDS', 5),
});
