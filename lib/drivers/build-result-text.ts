import { isJsonObject } from '../base/json';
import type { BuildResult } from './agent-result';
import { failureText } from './failure-text';
import type { PackageKey } from './package';
import { isSha256 } from './package';

/**
 * status.result of a builder: the fields that WEKA's own builders report, which scripts read, and beside them what the
 * index is made of.
 */
export const buildResultText = (result: BuildResult, key: PackageKey | undefined): string =>
  JSON.stringify({
    driver_built: result.kind === 'DriverBuilt',
    err: result.kind === 'DriverBuilt' ? null : failureText(result.failure),
    weka_version: key?.wekaVersion ?? '',
    kernel_signature: '',
    weka_pack_not_supported: false,
    no_weka_drivers_handling: false,
    ...key,
    ...(result.kind === 'DriverBuilt'
      ? { sha256: result.sha256, size: result.size, seconds: result.seconds, compiler: result.compiler }
      : {}),
  });

/** What was built, as status.result of a builder says it. */
export interface BuiltPackage {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  readonly seconds: number;
}

/** Reads status.result; `undefined`: nothing was built, or another operator wrote it. */
export const readBuilt = (result: string | undefined): BuiltPackage | undefined => {
  try {
    const value = JSON.parse(result ?? '') as unknown;
    if (!isJsonObject(value) || value['driver_built'] !== true) return undefined;
    const { sha256, size, seconds } = value;
    if (!isSha256(sha256) || typeof size !== 'number') return undefined;
    return { sha256, size, seconds: typeof seconds === 'number' ? seconds : 0 };
  } catch {
    return undefined; // Written by hand, or cut.
  }
};

/** The digest in status.result. */
export const builtDigest = (result: string | undefined): string | undefined => readBuilt(result)?.sha256;
