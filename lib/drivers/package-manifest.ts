import type { JsonObject } from '../base/json';
import { isJsonObject } from '../base/json';
import type { PackageKey } from './package';
import { isSha256 } from './package';

/** Name of the first entry of every package. */
export const MANIFEST_FILE = 'manifest.json';
/** Version of the manifest that this program writes. */
export const MANIFEST_SCHEMA = 1;

/** A kernel module in a package. Order in the manifest is the order of loading: what is depended on comes first. */
export interface PackagedModule {
  /** As /sys/module shows it: `wekafsio`. */
  readonly name: string;
  /** Path in the archive: `modules/wekafsio.ko`. */
  readonly file: string;
  readonly sha256: string;
  /** Empty where the module carries none (CONFIG_MODULE_SRCVERSION_ALL off and no MODULE_VERSION). */
  readonly srcversion: string;
  /** The whole string, `6.1.0-56-cloud-amd64 SMP preempt mod_unload modversions `, trimmed. */
  readonly vermagic: string;
  /** Names of modules that must be loaded before. */
  readonly depends: readonly string[];
  /** MODULE_VERSION. */
  readonly version?: string;
  /** Common name of who signed it. Absent: not signed. */
  readonly signer?: string;
}

/** What built a package; for people, and to explain why two packages differ. */
export interface Toolchain {
  readonly compiler: string;
  readonly make?: string;
  readonly libc?: string;
  /** `kbuild`, or `weka driver`. */
  readonly builder: string;
}

/** What lies in a driver package and what it is for: manifest.json of the archive. */
export interface PackageManifest extends PackageKey {
  readonly schema: typeof MANIFEST_SCHEMA;
  readonly modules: readonly PackagedModule[];
  readonly toolchain: Toolchain;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
/** Below `modules/`, one level, ending in `.ko`: nothing else of an archive is ever loaded. */
const isModuleFile = (value: unknown): value is string =>
  isText(value) && /^modules\/[A-Za-z0-9][A-Za-z0-9._-]*\.ko$/.test(value) && !value.includes('..');
const isModuleName = (value: unknown): value is string => isText(value) && /^[A-Za-z0-9_]{1,64}$/.test(value);

const isModule = (value: unknown): value is JsonObject & PackagedModule =>
  isJsonObject(value) &&
  isModuleName(value['name']) &&
  isModuleFile(value['file']) &&
  isSha256(value['sha256']) &&
  typeof value['srcversion'] === 'string' &&
  isText(value['vermagic']) &&
  Array.isArray(value['depends']) &&
  value['depends'].every(isModuleName);

const keyProblem = (value: JsonObject): string | undefined => {
  if (value['schema'] !== MANIFEST_SCHEMA)
    return `schema ${JSON.stringify(value['schema'])} is not ${MANIFEST_SCHEMA}: upgrade the older side`;
  const missing = ['wekaVersion', 'kernel', 'architecture'].find((name) => !isText(value[name]));
  return missing === undefined ? undefined : `${missing} is missing`;
};

/** Reads manifest.json of an archive; `problem`: a sentence that says what is wrong with it. */
export const readManifest = (text: string): { manifest: PackageManifest } | { problem: string } => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'it is not JSON' };
  }
  if (!isJsonObject(value)) return { problem: 'it is not a JSON object' };
  const problem = keyProblem(value);
  if (problem !== undefined) return { problem };
  const modules = value['modules'];
  if (!Array.isArray(modules) || modules.length === 0) return { problem: 'it names no module' };
  const at = modules.findIndex((module) => !isModule(module));
  if (at >= 0) return { problem: `modules[${at}] is not complete, or names a file outside of modules/` };
  if (!isJsonObject(value['toolchain'])) return { problem: 'toolchain is missing' };
  return { manifest: value as unknown as PackageManifest };
};
