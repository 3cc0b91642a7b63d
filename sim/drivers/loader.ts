/** A drivers loader: one attempt to have the driver in the kernel of its machine, which ends with a result whatever comes of it. */
import type { JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { AgentFailure, LoadResult } from '../../lib/drivers/agent-result';
import { resultMessage } from '../../lib/drivers/agent-result';
import { INDEX_SHARDS, lookUp } from '../../lib/drivers/package-index';
import type { IndexEntry } from '../../lib/drivers/package-index';
import { LOADER_CONTAINER, LOADER_PATH } from '../../lib/drivers/load-pod';
import { packageId } from '../../lib/drivers/package';
import type { Store } from '../api/store';
import type { StopReason } from '../nodes/behaviour';
import { between } from '../random';
import { textOf } from '../text';
import type { SimDist } from './dist';
import type { AgentHost } from './host';
import { environmentOf, partOf, volumeOf } from './host';
import type { PackageContents, PackageFile } from './package-file';
import { modulesOf, readPackage } from './package-file';

/** What a loader reaches beyond its host. */
export interface LoaderWorld {
  readonly store: Store;
  readonly distAt: (url: string, node: string) => SimDist | { readonly cause: string };
  /** Told what the attempt came to: what its Pod's state directory is for. */
  readonly leave: (result: LoadResult) => void;
}

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const DOWNLOAD_MS = 1_500;
/** From the first module taken out to the last one in. */
const LOADING_MS = 400;
const CACHED_PACKAGES = 2;

const failure = (code: string, parameters: Readonly<Record<string, string>> = {}): AgentFailure => ({
  code,
  parameters,
});

export class SimLoader {
  private readonly wekaVersion: string;
  private readonly distUrl: string;
  private entry: IndexEntry | undefined;
  private from: 'cache' | 'dist' | undefined;
  private holdsLock = false;
  /** The last step, which is finished even when the Pod is being deleted. */
  private last: (() => void) | undefined;

  constructor(
    private readonly host: AgentHost,
    private readonly world: LoaderWorld,
  ) {
    const { WEKA_VERSION = '', DIST_URL = '' } = environmentOf(host.pod, LOADER_CONTAINER.load);
    this.wekaVersion = WEKA_VERSION;
    this.distUrl = DIST_URL;
    host.life.after(200, () => this.begin());
  }

  /** Its Pod is being deleted, or dies. */
  stop(why: StopReason): void {
    if (why === 'asked') this.last?.();
    if (this.holdsLock) this.unlock();
  }

  private get pod(): string {
    return this.host.pod.metadata.name;
  }

  private begin(): void {
    const { machine, act, life, random } = this.host;
    const { kernel, architecture } = machine.info;
    const key = { wekaVersion: this.wekaVersion, kernel, architecture };
    const entry = lookUp(this.shards(), key);
    if (entry === undefined) return this.fail(failure('DriverNotIndexed', key));
    this.entry = entry;
    if (!machine.lock(this.pod)) return this.fail(failure('LoaderBusy'));
    this.holdsLock = true;
    act({ what: 'begins', node: machine.name, pod: this.pod });
    const cached = machine.directory(LOADER_PATH.cache).get(packageId(entry));
    if (cached?.sha256 === entry.sha256) return this.open(entry, cached, 'cache');
    life.after(between(random, 0, 3_000) + DOWNLOAD_MS, () => this.download(entry));
  }

  /** The index as it is mounted. */
  private shards(): readonly Readonly<Record<string, string>>[] {
    const { namespace } = this.host.pod.metadata;
    return Array.from({ length: INDEX_SHARDS }, (_, shard) => {
      const source = partOf(volumeOf(this.host.pod, `index-${shard}`), 'configMap');
      const map = this.world.store.get(CONFIG_MAP, { namespace, name: textOf(source.name) });
      return stringsOf(map?.['data'] as JsonValue | undefined);
    });
  }

  private download(entry: IndexEntry): void {
    const { machine } = this.host;
    const dist = this.world.distAt(this.distUrl, machine.name);
    if ('cause' in dist)
      return this.fail(failure('DistUnreachable', { url: this.distUrl, kind: 'connection', ...dist }));
    const got = dist.serve(packageId(entry));
    if ('code' in got)
      return this.fail(failure('DistUnreachable', { url: this.distUrl, kind: 'answer', cause: 'it answers HTTP 404' }));
    if (got.sha256 !== entry.sha256) {
      const expected = { expected: entry.sha256, actual: got.sha256 };
      return this.fail(failure('DigestMismatch', { server: this.distUrl, path: packageId(entry), ...expected }));
    }
    const cache = machine.directory(LOADER_PATH.cache);
    cache.delete(packageId(entry));
    cache.set(packageId(entry), got);
    for (const id of [...cache.keys()].slice(0, -CACHED_PACKAGES)) cache.delete(id);
    this.open(entry, got, 'dist');
  }

  private open(entry: IndexEntry, file: PackageFile, from: 'cache' | 'dist'): void {
    const { machine, act, life } = this.host;
    this.from = from;
    act({ what: 'opens', node: machine.name, id: packageId(entry), sha256: file.sha256, from });
    const contents = readPackage(file);
    if (contents === undefined)
      return this.fail(failure('PackageInvalid', { package: packageId(entry), cause: 'it has no manifest' }));
    if (machine.has(modulesOf(contents))) return this.succeed('unchanged');
    const refused = this.refusalOf(contents) ?? this.blockers();
    if (refused !== undefined) return this.fail(refused);
    const going = machine.modules.map(({ name }) => name);
    if (going.length > 0) {
      act({ what: 'unloads', node: machine.name, mounts: [...machine.mounts] });
      machine.unload(going);
    }
    this.last = () => {
      this.last = undefined;
      machine.load(modulesOf(contents));
      act({ what: 'loads', node: machine.name, id: packageId(entry), sha256: file.sha256 });
    };
    life.after(LOADING_MS, () => {
      this.last?.();
      this.succeed('loaded');
    });
  }

  /** Why the kernel would not take the modules: known before anything is touched. */
  private refusalOf({ kernel, architecture, symbols, signer }: PackageContents): AgentFailure | undefined {
    const { info, traits } = this.host.machine;
    const [module, policy] = ['wekafsgw', 'module.sig_enforce'];
    if (traits.broken !== undefined) return failure('ModuleRefused', { module, cause: traits.broken });
    if (kernel !== info.kernel) return failure('VermagicMismatch', { module, found: kernel, kernel: info.kernel });
    if (architecture !== info.architecture)
      return failure('PackageInvalid', { package: module, cause: `it is for ${architecture}` });
    if (symbols !== this.host.machine.symbolsOf(kernel))
      return failure('SymbolVersionMismatch', { module, symbols: 'module_layout' });
    if (traits.signaturesEnforced !== true) return undefined;
    if (signer === undefined) return failure('ModuleNotSigned', { module, policy });
    return traits.trusts?.includes(signer) === true
      ? undefined
      : failure('SigningKeyNotTrusted', { module, signer, policy });
  }

  /** Who keeps other modules from being unloaded. */
  private blockers(): AgentFailure | undefined {
    const { modules, mounts } = this.host.machine;
    const own = new Set(modules.map(({ name }) => name));
    const holders = modules.flatMap(({ name, holders: all }) =>
      all.filter((holder) => !own.has(holder)).map((holder) => `module ${holder} holds ${name}`),
    );
    const users = [...holders, ...[...mounts].map((mount) => `mount ${mount}`)];
    if (users.length === 0 || modules.length === 0) return undefined;
    return failure('DriverInUse', { modules: [...own].sort().join(', '), users: users.join(', ') });
  }

  private succeed(how: 'loaded' | 'unchanged'): void {
    this.end({ kind: 'DriverLoaded', how });
  }

  private fail(why: AgentFailure): void {
    this.host.act({ what: 'fails', node: this.host.machine.name, code: why.code });
    this.end({ kind: 'DriverLoadFailed', failure: why });
  }

  private end(rest: Pick<LoadResult, 'kind' | 'how' | 'failure'>): void {
    const { machine, control } = this.host;
    const { bootID, kernel } = machine.info;
    const result: LoadResult = {
      ...rest,
      bootID,
      kernel,
      wekaVersion: this.wekaVersion,
      ...(this.entry === undefined ? {} : { sha256: this.entry.sha256 }),
      ...(this.from === undefined ? {} : { from: this.from }),
      modules: machine.modules.map(({ name, srcversion }) => ({ name, srcversion })),
    };
    if (this.holdsLock) this.unlock();
    this.world.leave(result);
    control.exit({ code: 0, message: resultMessage(result) });
  }

  private unlock(): void {
    const { machine, act } = this.host;
    this.holdsLock = false;
    machine.unlock(this.pod);
    act({ what: 'ends', node: machine.name, pod: this.pod });
  }
}

const stringsOf = (data: JsonValue | undefined): Readonly<Record<string, string>> =>
  isJsonObject(data) ? (data as Readonly<Record<string, string>>) : {};
