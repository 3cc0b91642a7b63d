import type { JsonObject } from '../base/json';
import { isJsonObject } from '../base/json';
import { isSha256 } from './package';

/** Version of the results that this program writes. */
export const RESULT_SCHEMA = 1;
/** The kubelet keeps this many bytes of a termination message. */
const MESSAGE_BYTES = 4096;

/** Why an agent did not do its work: a code of the errors table and what fills its text. */
export interface AgentFailure {
  /** A key of ERRORS. */
  readonly code: string;
  /** What fills the places of its text; deterministic. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** What a builder reports in its termination message, which the kubelet vouches for. */
export type BuildResult =
  | {
      readonly kind: 'DriverBuilt';
      readonly sha256: string;
      /** Bytes. */
      readonly size: number;
      readonly seconds: number;
      /** Short, for people: `gcc 12.2.0`. */
      readonly compiler: string;
    }
  | { readonly kind: 'DriverBuildFailed'; readonly failure: AgentFailure; readonly seconds: number };

/** A module as /sys/module shows it. */
export interface LoadedModule {
  readonly name: string;
  /** Empty where the kernel shows none. */
  readonly srcversion: string;
}

/** What a loader reports in its termination message: what it saw on the node, under which boot. */
export interface LoadResult {
  readonly kind: 'DriverLoaded' | 'DriverLoadFailed';
  readonly bootID: string;
  readonly kernel: string;
  readonly wekaVersion: string;
  /** SHA-256 of the package; absent when none was found in the index. */
  readonly sha256?: string;
  /** Of DriverLoaded: `loaded` now, or found `unchanged` with equal srcversions. */
  readonly how?: 'loaded' | 'unchanged';
  /** Where the package came from. */
  readonly from?: 'cache' | 'dist';
  readonly modules: readonly LoadedModule[];
  readonly failure?: AgentFailure;
}

/** The termination message of a result: JSON that fits, parameters cut where it would not. */
export const resultMessage = (result: BuildResult | LoadResult): string => {
  const whole = JSON.stringify({ schema: RESULT_SCHEMA, ...result });
  if (Buffer.byteLength(whole) <= MESSAGE_BYTES || !('failure' in result) || result.failure === undefined) return whole;
  const parameters = Object.fromEntries(
    Object.entries(result.failure.parameters).map(([name, text]) => [name, cut(text, 600)]),
  );
  return JSON.stringify({ schema: RESULT_SCHEMA, ...result, failure: { ...result.failure, parameters } });
};

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length)}…`);

const readFailure = (value: unknown): AgentFailure | undefined => {
  if (!isJsonObject(value) || typeof value['code'] !== 'string') return undefined;
  const given = isJsonObject(value['parameters']) ? Object.entries(value['parameters']) : [];
  const texts = given.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { code: value['code'], parameters: Object.fromEntries(texts) };
};

const parse = (message: string): JsonObject | undefined => {
  try {
    const value = JSON.parse(message) as unknown;
    return isJsonObject(value) && value['schema'] === RESULT_SCHEMA ? value : undefined;
  } catch {
    return undefined; // Not ours: a runtime's own message, or nothing.
  }
};

/** A builder's result; `undefined`: the message is none (the container was killed before it could say anything). */
export const readBuildResult = (message: string): BuildResult | undefined => {
  const value = parse(message);
  const seconds = typeof value?.['seconds'] === 'number' ? value['seconds'] : 0;
  if (value?.['kind'] === 'DriverBuilt' && isSha256(value['sha256']) && typeof value['size'] === 'number') {
    const compiler = typeof value['compiler'] === 'string' ? value['compiler'] : '';
    return { kind: 'DriverBuilt', sha256: value['sha256'], size: value['size'], seconds, compiler };
  }
  const failure = value?.['kind'] === 'DriverBuildFailed' ? readFailure(value['failure']) : undefined;
  return failure === undefined ? undefined : { kind: 'DriverBuildFailed', failure, seconds };
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const readModules = (value: unknown): LoadedModule[] =>
  (Array.isArray(value) ? value : []).flatMap((entry) =>
    isJsonObject(entry) && typeof entry['name'] === 'string'
      ? [{ name: entry['name'], srcversion: text(entry['srcversion']) }]
      : [],
  );

/** What was read of a package, where it was. */
const readOrigin = ({ sha256, how, from }: JsonObject): Pick<LoadResult, 'sha256' | 'how' | 'from'> => ({
  ...(isSha256(sha256) ? { sha256 } : {}),
  ...(how === 'loaded' || how === 'unchanged' ? { how } : {}),
  ...(from === 'cache' || from === 'dist' ? { from } : {}),
});

/** A loader's result; `undefined`: the message is none. */
export const readLoadResult = (message: string): LoadResult | undefined => {
  const value = parse(message);
  const kind = value?.['kind'];
  if (value === undefined || (kind !== 'DriverLoaded' && kind !== 'DriverLoadFailed')) return undefined;
  const failure = readFailure(value['failure']);
  if (kind === 'DriverLoadFailed' && failure === undefined) return undefined;
  return {
    kind,
    bootID: text(value['bootID']),
    kernel: text(value['kernel']),
    wekaVersion: text(value['wekaVersion']),
    ...readOrigin(value),
    modules: readModules(value['modules']),
    ...(failure === undefined ? {} : { failure }),
  };
};
