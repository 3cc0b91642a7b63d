/** A builder: checks its node, builds, uploads, and says in its termination message what came of it. */
import type { JsonObject } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { BuilderDesired, BuilderObserved } from '../../lib/drivers/agent-documents';
import { bodyOf, DOCUMENT_KIND } from '../../lib/drivers/agent-documents';
import type { AgentFailure, BuildResult } from '../../lib/drivers/agent-result';
import { resultMessage } from '../../lib/drivers/agent-result';
import { parseDuration } from '../../lib/base/duration';
import type { PackageKey } from '../../lib/drivers/package';
import { packageId } from '../../lib/drivers/package';
import { readBuilderDesired } from '../../lib/drivers/read-documents';
import { between } from '../random';
import type { SimDist } from './dist';
import type { AgentHost } from './host';
import { environmentOf } from './host';
import type { PackageFile, RealPackage } from './package-file';
import { packageFile, standIn } from './package-file';

/** What a scenario makes of builds. */
export interface BuildTrouble {
  /** The failure that a build of this package ends with; `undefined`: it succeeds. */
  readonly failureOf?: (key: PackageKey) => AgentFailure | undefined;
  /** Virtual milliseconds that a build takes. Default: 30 to 120 seconds. */
  readonly takesMs?: number;
  /** Default `gcc 12.2.0`. Another one gives other bytes. */
  readonly toolchain?: string;
  /** The package that was built for real under this key. Absent, or `undefined`: bytes are made up. */
  readonly real?: (key: PackageKey) => RealPackage | undefined;
}

/** What a builder reaches beyond its host. */
export interface BuilderWorld {
  readonly distAt: (url: string, node: string) => SimDist | { readonly cause: string };
  readonly trouble: () => BuildTrouble;
}

/** For the operator's order, and for the whole of the upload. */
const ORDERS_MS = 5 * 60_000;
const BUDGET_MS = 15 * 60_000;
const RETRY_MS = 5_000;
const UPLOAD_MS = 800;
/** What trying again does not change. */
const FINAL: ReadonlySet<string> = new Set(['PackageConflict', 'PackageManifestInvalid']);
const DEFAULT_TIMEOUT_MS = 30 * 60_000;

export class SimBuilder {
  private desired: BuilderDesired | undefined;
  private readonly begun: number;
  private readonly key: PackageKey;
  private readonly timeout: { readonly text: string; readonly ms: number };
  private file: PackageFile | undefined;
  private compiler = '';
  private ready = 0;

  constructor(
    private readonly host: AgentHost,
    private readonly world: BuilderWorld,
  ) {
    this.begun = host.life.clock.now();
    const { key, timeout } = readOrder(host);
    this.key = key;
    this.timeout = { text: timeout, ms: parseDuration(timeout) ?? DEFAULT_TIMEOUT_MS };
    this.say('validating');
    host.life.after(1_000, () => this.prepare());
  }

  /** Where its package goes. */
  take(body: JsonObject): void {
    const read = readBuilderDesired(body);
    if ('body' in read) this.desired = read.body;
  }

  private prepare(): void {
    const { machine, life, random } = this.host;
    const { kernel } = this.key;
    const installed = machine.kernels.find(({ release }) => release === kernel);
    const place = { kernel, node: machine.name };
    if (installed === undefined) return this.fail('KernelNotInstalled', { ...place, path: `/lib/modules/${kernel}` });
    if (!installed.headers)
      return this.fail('HeadersMissing', {
        ...place,
        path: `/lib/modules/${kernel}/build`,
        package: `linux-headers-${kernel}`,
      });
    this.say('building');
    const takes = this.world.trouble().takesMs ?? between(random, 30_000, 120_000);
    life.after(Math.min(takes, this.timeout.ms), () => (takes > this.timeout.ms ? this.late() : this.built()));
  }

  private late(): void {
    const { kernel } = this.key;
    const { text: timeout } = this.timeout;
    this.fail('BuildTimedOut', { kernel, timeout, step: 'building', node: this.host.machine.name });
  }

  private built(): void {
    const { toolchain = 'gcc 12.2.0', failureOf, real } = this.world.trouble();
    const failure = failureOf?.(this.key);
    if (failure !== undefined) return this.end({ kind: 'DriverBuildFailed', failure, seconds: this.seconds });
    const { machine, pod, act } = this.host;
    const contents = { ...this.key, symbols: machine.symbolsOf(this.key.kernel), toolchain };
    const made = real?.(this.key);
    this.file = made === undefined ? packageFile(contents) : standIn(contents, made);
    this.compiler = made?.compiler ?? toolchain;
    act({ what: 'built', id: packageId(this.key), sha256: this.file.sha256, pod: pod.metadata.name });
    this.say('uploading');
    this.ready = this.host.life.clock.now();
    this.upload(this.file);
  }

  private upload(file: PackageFile): void {
    const { desired, host } = this;
    if (desired === undefined) {
      if (this.waited > ORDERS_MS) return this.fail('BuildOrderMissing', { timeout: '300 s' });
      return host.life.after(1_000, () => this.upload(file));
    }
    host.life.after(UPLOAD_MS, () => this.arrive(file, desired));
  }

  private arrive(file: PackageFile, { id, distUrl, permit }: BuilderDesired): void {
    const dist = this.world.distAt(distUrl, this.host.machine.name);
    const failure =
      'cause' in dist ? { code: 'UploadFailed', parameters: { cause: dist.cause } } : dist.upload({ id, permit, file });
    if (failure === undefined) {
      const { sha256, size } = file;
      return this.end({ kind: 'DriverBuilt', sha256, size, seconds: this.seconds, compiler: this.compiler });
    }
    const cause = failure.parameters['cause'] ?? failure.code;
    if (FINAL.has(failure.code)) return this.fail('UploadRefused', { url: distUrl, cause });
    if (this.waited > BUDGET_MS) return this.fail('UploadFailed', { url: distUrl, cause });
    // Whoever leads next gives out other permits: the one at hand is read anew each time.
    this.host.life.after(RETRY_MS, () => this.upload(file));
  }

  /** Milliseconds since its package was ready. */
  private get waited(): number {
    return this.host.life.clock.now() - this.ready;
  }

  private fail(code: string, parameters: Readonly<Record<string, string>>): void {
    this.end({ kind: 'DriverBuildFailed', failure: { code, parameters }, seconds: this.seconds });
  }

  private end(result: BuildResult): void {
    this.host.control.exit({ code: 0, message: resultMessage(result) });
  }

  private get seconds(): number {
    return Math.round((this.host.life.clock.now() - this.begun) / 1000);
  }

  private say(step: BuilderObserved['step']): void {
    this.host.tell(DOCUMENT_KIND.builderObserved, bodyOf({ step }));
  }
}

/** What its Pod tells a builder: without instructions it builds for the kernel that its node runs. */
const readOrder = ({ pod, machine }: AgentHost): { readonly key: PackageKey; readonly timeout: string } => {
  const { INSTRUCTIONS = '', WEKA_VERSION: wekaVersion = '' } = environmentOf(pod, 'weka-container');
  const payload = parsed(parsed(INSTRUCTIONS).payload);
  const text = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);
  const { kernel, architecture } = machine.info;
  return {
    key: { wekaVersion, kernel: text(payload.kernel, kernel), architecture: text(payload.arch, architecture) },
    timeout: text(payload.buildTimeout, '30m'),
  };
};

const parsed = (text: unknown): JsonObject => {
  try {
    const value: unknown = JSON.parse(typeof text === 'string' ? text : '');
    return isJsonObject(value) ? value : {};
  } catch {
    return {}; // None: not every builder is given any.
  }
};
