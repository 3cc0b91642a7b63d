import type { PackageKey } from '../../lib/drivers/package';
import type { Toolchain } from '../../lib/drivers/package-manifest';
import type { Log } from '../shared/log';
import type { BuilderHost, HeaderFacts, MachineFacts } from './host';

/** What the steps of a build share. */
export interface BuildContext {
  readonly host: BuilderHost;
  readonly log: Log;
  readonly node: string;
  readonly target: PackageKey;
  readonly machine: MachineFacts;
  readonly extraBuildArgs: readonly string[];
  /** Kills whatever runs: time is up, or the Pod is being deleted. */
  readonly signal: AbortSignal;
}

/** What was found to build with. */
export interface Tools {
  readonly headers: HeaderFacts;
  /** Paths. */
  readonly compiler: string;
  readonly make: string;
  readonly strip?: string;
  /** For the manifest; without who builds. */
  readonly toolchain: Omit<Toolchain, 'builder'>;
}

/** A way to come from what an image holds to kernel modules. Each throws OperatorError for what goes wrong. */
export interface DriverSource {
  /** Who builds, for the manifest. */
  readonly name: 'kbuild' | 'weka driver';
  /** Contents of the modules, in no order. */
  build(context: BuildContext, tools: Tools): Promise<readonly Buffer[]>;
}

/** Environment of programs that build: the same everywhere, and nothing of the agent's own. */
export const buildEnvironment = (home: string): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: home,
  LC_ALL: 'C',
  TZ: 'UTC',
  SOURCE_DATE_EPOCH: '0',
  KBUILD_BUILD_TIMESTAMP: 'Thu Jan  1 00:00:00 UTC 1970',
  KBUILD_BUILD_USER: 'weka-operator',
  KBUILD_BUILD_HOST: 'weka-operator',
});
