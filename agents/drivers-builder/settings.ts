import { parseDuration } from '../../lib/base/duration';
import type { JsonObject } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import { ACCESS_PATH } from '../../lib/drivers/agent-access';
import { BUILD_SCRATCH, DRIVER_SOURCES, NODE_LIBRARIES } from '../../lib/drivers/build-mounts';
import type { PackageKey } from '../../lib/drivers/package';
import { packageKeyOf } from '../../lib/drivers/package';
import type { Failure } from '../shared/failure';
import { failure } from '../shared/failure';
import type { MachineFacts } from './host';

/** Where things are in the container. */
export interface BuilderPaths {
  readonly scratch: string;
  /** Holds a directory for each installed kernel. */
  readonly modules: string;
  /** The node's /usr/lib, and the container's own. */
  readonly nodeLibraries: string;
  readonly libraries: string;
  /** Driver sources of the image. */
  readonly driverSources: string;
  /** Of a WEKA image. */
  readonly weka: string;
}

/** All that a builder is told by its Pod. */
export interface BuilderSettings {
  readonly node: string;
  readonly target: PackageKey;
  /** One argument each. */
  readonly extraBuildArgs: readonly string[];
  readonly timeout: { readonly text: string; readonly ms: number };
  readonly preRunScript?: string;
  readonly gateway: { readonly url: string; readonly tokenFile: string; readonly caFile: string };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Type of the instructions of a builder. */
const BUILD_DRIVERS = 'build-drivers';
const DEFAULT_TIMEOUT = '30m';

const given = (env: Environment, name: string, otherwise: string): string => {
  const value = env[name];
  return value === undefined || value === '' ? otherwise : value;
};

/** Where the container has what; the environment says it for images that differ. */
export const readPaths = (env: Environment): BuilderPaths => ({
  scratch: given(env, 'SCRATCH_DIRECTORY', BUILD_SCRATCH.mountPath),
  modules: given(env, 'MODULES_DIRECTORY', '/lib/modules'),
  nodeLibraries: given(env, 'NODE_LIBRARIES', NODE_LIBRARIES),
  libraries: given(env, 'LIBRARIES', '/usr/lib'),
  driverSources: given(env, 'DRIVER_SOURCES', DRIVER_SOURCES),
  weka: given(env, 'WEKA_DIRECTORY', '/opt/weka'),
});

interface Payload {
  readonly kernel: string;
  readonly architecture: string;
  readonly extraBuildArgs: readonly string[];
  readonly timeout: string;
}

/** Reads the environment. A builder without instructions builds for the kernel that its node runs. */
export const readSettings = (
  env: Environment,
  machine: MachineFacts,
): { readonly settings: BuilderSettings } | { readonly failure: Failure } => {
  const absent = ['NODE_NAME', 'WEKA_VERSION', 'GATEWAY_URL'].find((name) => given(env, name, '') === '');
  if (absent !== undefined) return { failure: failure('AgentMisconfigured', { name: absent, cause: 'is not set' }) };
  const payload = readPayload(env['INSTRUCTIONS'], machine);
  if ('problems' in payload) return { failure: failure('BuildInstructionsInvalid', payload) };
  const script = Buffer.from(given(env, 'PRE_RUN_SCRIPT', ''), 'base64').toString('utf8');
  const wekaVersion = given(env, 'WEKA_VERSION', '');
  return {
    settings: {
      node: given(env, 'NODE_NAME', ''),
      target: packageKeyOf({ wekaVersion, ...payload }),
      extraBuildArgs: payload.extraBuildArgs,
      timeout: { text: payload.timeout, ms: parseDuration(payload.timeout) ?? 0 },
      ...(script.trim() === '' ? {} : { preRunScript: script }),
      gateway: {
        url: given(env, 'GATEWAY_URL', ''),
        tokenFile: given(env, 'GATEWAY_TOKEN_FILE', ACCESS_PATH.tokenFile),
        caFile: given(env, 'CA_FILE', ACCESS_PATH.caFile),
      },
    },
  };
};

const parse = (text: unknown): JsonObject | undefined => {
  try {
    const value: unknown = typeof text === 'string' ? JSON.parse(text) : text;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const readPayload = (
  instructions: string | undefined,
  { runningKernel, architecture }: MachineFacts,
): Payload | { readonly problems: string } => {
  if (instructions === undefined || instructions === '') {
    return { kernel: runningKernel, architecture, extraBuildArgs: [], timeout: DEFAULT_TIMEOUT };
  }
  const outer = parse(instructions);
  if (outer === undefined) return { problems: 'they are not a JSON object' };
  if (outer['type'] !== BUILD_DRIVERS) return { problems: `their type is not ${BUILD_DRIVERS}` };
  const payload = parse(outer['payload']);
  if (payload === undefined) return { problems: 'their payload is not a JSON object' };
  return checkPayload(payload);
};

const checkPayload = (payload: JsonObject): Payload | { readonly problems: string } => {
  const { kernel, arch, extraBuildArgs = [], buildTimeout = DEFAULT_TIMEOUT } = payload;
  const problems = [
    isKernelRelease(kernel) ? '' : 'kernel is not a kernel release',
    typeof arch === 'string' && arch !== '' ? '' : 'arch is missing',
    isArguments(extraBuildArgs) ? '' : 'extraBuildArgs is not a list of texts',
    isTimeout(buildTimeout) ? '' : 'buildTimeout is not a duration above zero',
  ].filter(Boolean);
  if (problems.length > 0) return { problems: problems.join(', ') };
  return {
    kernel: kernel as string,
    architecture: arch as string,
    extraBuildArgs: extraBuildArgs as string[],
    timeout: buildTimeout as string,
  };
};

/** One segment of a path and nothing else: it becomes part of /lib/modules/RELEASE. */
const isKernelRelease = (value: unknown): boolean =>
  typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._+~:@-]{0,254}$/.test(value);

/** No zero byte: the system could not pass it on. */
const isArguments = (value: unknown): boolean =>
  Array.isArray(value) && value.every((argument) => typeof argument === 'string' && !argument.includes('\0'));

const isTimeout = (value: unknown): boolean => typeof value === 'string' && (parseDuration(value) ?? 0) > 0;
