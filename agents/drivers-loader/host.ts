import type { SignaturePolicy } from '../../lib/drivers/load-facts';

/** Facts of the running kernel that don't change while it runs. */
export interface KernelFacts {
  /** `uname -r`. */
  readonly release: string;
  /** `uname -m`. */
  readonly machine: string;
  /** Of this boot. */
  readonly bootID: string;
  /** vermagic of a module that came with the kernel; absent where none could be read. */
  readonly vermagic?: string;
  readonly signatures: SignaturePolicy;
  /** Why it takes no modules at all; absent: it does. */
  readonly modulesDisabled?: string;
  /** Whether devices are behind an IOMMU: then vfio-pci is of use. */
  readonly iommu: boolean;
}

/** A module that is loaded, not one that is built into the kernel. */
export interface LiveModule {
  readonly name: string;
  /** Empty where the kernel shows none. */
  readonly srcversion: string;
  /** Names of modules that use it, sorted. */
  readonly holders: readonly string[];
  /** Users of every kind, holders among them; absent: the kernel was built without unloading. */
  readonly references?: number;
}

/** A process that has a device of a module open. */
export interface ModuleProcess {
  readonly pid: number;
  /** `comm`. */
  readonly name: string;
}

/** Who may hold modules beside other modules. */
export interface ModuleUsers {
  /** Mount points of WEKA file systems, sorted. */
  readonly mounts: readonly string[];
  /** Sorted by pid. Those that this process may not look into are missing. */
  readonly processes: readonly ModuleProcess[];
}

/** How insmod, rmmod or modprobe ended. */
export type CommandEnd =
  | { readonly ok: true }
  /** `said`: its last line without its own name: `could not insert module x.ko: File exists`. */
  | { readonly ok: false; readonly said: string; readonly kernelLog: readonly string[] };

/** The node as the loader sees it. Every call looks anew; the last three change the kernel. */
export interface Host {
  kernel(): Promise<KernelFacts>;
  /** Those of `names` that are loaded, and whatever holds them, by name. */
  loaded(names: readonly string[]): Promise<ReadonlyMap<string, LiveModule>>;
  /** `names`: modules whose devices are looked for. */
  users(names: readonly string[]): Promise<ModuleUsers>;
  /** CRCs of the kernel's symbols; `undefined`: nothing on the node tells them. */
  symbolVersions(release: string): Promise<ReadonlyMap<string, number> | undefined>;
  /** Loads a module file. */
  insmod(file: string): Promise<CommandEnd>;
  /** Unloads a module that nobody uses; never by force. */
  rmmod(name: string): Promise<CommandEnd>;
  /** Loads a module of the kernel's own, with what it needs. Loaded or built in already: ok. */
  modprobe(name: string): Promise<CommandEnd>;
}
