/** What drivers meet on a simulated machine: its kernel, the modules in it, what is mounted, and its disk. */
import type { InstalledKernel } from '../../lib/drivers/agent-documents';
import type { LoadedModule } from '../../lib/drivers/agent-result';
import type { PackageFile } from './package-file';

/** How a machine differs from an ordinary one. */
export interface MachineTraits {
  /** Kernels that are installed beside the running one, or without headers. Default: the running one, with headers. */
  readonly kernels?: readonly InstalledKernel[];
  /** Digest of the symbols of its kernels. Default: that of the distribution, which follows from release and architecture. */
  readonly symbols?: string;
  readonly secureBoot?: 'Enabled' | 'Disabled' | 'Unsupported';
  /** Whether its kernel refuses modules that none of `trusts` has signed. */
  readonly signaturesEnforced?: boolean;
  /** Signers whose keys are enrolled. */
  readonly trusts?: readonly string[];
  /** Why its kernel refuses every module. */
  readonly broken?: string;
}

/** What its Node object says of a machine. */
export interface MachineInfo {
  readonly bootID: string;
  readonly kernel: string;
  readonly architecture: string;
}

/** A module in the kernel. */
export interface LiveModule extends LoadedModule {
  readonly holders: readonly string[];
}

/** The symbols of an unpatched kernel. */
export const plainSymbols = (kernel: string, architecture: string): string => `${kernel} ${architecture}`;

export class Machine {
  readonly mounts = new Set<string>();
  /** Directories of the host, each with its files: packages of services and of the loaders' cache. */
  readonly disk = new Map<string, Map<string, PackageFile>>();
  private readonly loaded = new Map<string, LiveModule>();
  private readonly listeners = new Set<() => void>();
  private holder: string | undefined;

  constructor(
    readonly name: string,
    public info: MachineInfo,
    public traits: MachineTraits,
  ) {}

  /** The kernel starts: nothing is loaded, mounted or locked. The disk is as it was. */
  boot(info: MachineInfo): void {
    this.info = info;
    this.mounts.clear();
    this.loaded.clear();
    this.holder = undefined;
    this.changed();
  }

  /** Files of a directory. */
  directory(path: string): Map<string, PackageFile> {
    const found = this.disk.get(path) ?? new Map<string, PackageFile>();
    this.disk.set(path, found);
    return found;
  }

  get kernels(): readonly InstalledKernel[] {
    const { kernels = [] } = this.traits;
    const running = { release: this.info.kernel, headers: true };
    const all = kernels.some(({ release }) => release === running.release) ? kernels : [running, ...kernels];
    return [...all].sort((a, b) => (a.release < b.release ? -1 : 1));
  }

  /** Digest of the symbols of one of its kernels. */
  symbolsOf(release: string): string {
    return this.traits.symbols ?? plainSymbols(release, this.info.architecture);
  }

  get modules(): readonly LiveModule[] {
    return [...this.loaded.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether the very modules are loaded. */
  has(modules: readonly LoadedModule[]): boolean {
    return modules.every(({ name, srcversion }) => this.loaded.get(name)?.srcversion === srcversion);
  }

  load(modules: readonly LoadedModule[]): void {
    for (const module of modules) this.loaded.set(module.name, { ...module, holders: [] });
    this.changed();
  }

  unload(names: readonly string[]): void {
    for (const name of names) this.loaded.delete(name);
    this.changed();
  }

  /** A file system is mounted, or a mount goes. */
  setMounted(path: string, mounted: boolean): void {
    if (mounted) this.mounts.add(path);
    else this.mounts.delete(path);
    this.changed();
  }

  /** Another module holds one of the driver's, or lets go. */
  setHolder(module: string, holder: string, holds: boolean): void {
    const live = this.loaded.get(module);
    if (live === undefined) return;
    const others = live.holders.filter((name) => name !== holder);
    this.loaded.set(module, { ...live, holders: holds ? [...others, holder] : others });
    this.changed();
  }

  /** Somebody installs a kernel, headers, a key. */
  change(traits: MachineTraits): void {
    this.traits = { ...this.traits, ...traits };
    this.changed();
  }

  /** Takes the lock that loaders take; `false`: another one has it. */
  lock(pod: string): boolean {
    if (this.holder !== undefined) return false;
    this.holder = pod;
    return true;
  }

  unlock(pod: string): void {
    if (this.holder === pod) this.holder = undefined;
  }

  /** Calls `listener` whenever anything but the disk changes. The result ends that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
