import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { CommandEnd, Host, KernelFacts, LiveModule, ModuleUsers } from '../../../agents/drivers-loader/host';
import type { ModuleInfo } from '../../../lib/drivers/module-info';
import { readModuleInfo } from '../../../lib/drivers/module-info';

export const RELEASE = '6.1.0-56-cloud-amd64';
export const VERMAGIC = `${RELEASE} SMP preempt mod_unload modversions`;

export const KERNEL: KernelFacts = {
  release: RELEASE,
  machine: 'x86_64',
  bootID: '7d1f5b0e-0000-4000-8000-000000000001',
  vermagic: VERMAGIC,
  signatures: { secureBoot: 'Disabled', lockdown: 'none', enforced: false, by: '' },
  iommu: false,
};

export const ENFORCING: KernelFacts['signatures'] = {
  secureBoot: 'Enabled',
  lockdown: 'integrity',
  enforced: true,
  by: 'Secure Boot, kernel lockdown integrity',
};

interface InKernel {
  readonly srcversion: string;
  readonly needs: readonly string[];
  /** Open devices, mounts and others. */
  users: number;
}

const ok: CommandEnd = { ok: true };
const refused = (said: string, ...kernelLog: string[]): CommandEnd => ({ ok: false, said, kernelLog });

/**
 * A kernel that takes and gives back modules by the rules of the real one: dependencies, holders, references, versions and
 * signatures. What was done to it is in `log`.
 */
export class FakeKernel implements Host {
  facts: KernelFacts = KERNEL;
  /** Modules of the kernel's own, that modprobe finds. */
  own = new Set(['uio', 'uio_pci_generic', 'arp_tables', 'vfio-pci']);
  trusted = new Set<string>();
  symbols: ReadonlyMap<string, number> | undefined;
  users_: ModuleUsers = { mounts: [], processes: [] };
  readonly modules = new Map<string, InKernel>();
  readonly log: string[] = [];
  /** Called before each change; a test lets others act on the node at that moment. */
  before: (change: string) => void | Promise<void> = () => undefined;

  kernel = async (): Promise<KernelFacts> => this.facts;
  users = async (): Promise<ModuleUsers> => this.users_;
  symbolVersions = async (): Promise<ReadonlyMap<string, number> | undefined> => this.symbols;

  /** A module that somebody loaded before. */
  has(name: string, srcversion: string, more: Partial<InKernel> = {}): this {
    this.modules.set(name, { srcversion, needs: [], users: 0, ...more });
    return this;
  }

  loaded = async (names: readonly string[]): Promise<ReadonlyMap<string, LiveModule>> => {
    const found = new Map<string, LiveModule>();
    const look = (name: string): void => {
      const module = this.modules.get(name);
      if (module === undefined || found.has(name)) return;
      const holders = this.holdersOf(name);
      found.set(name, { name, srcversion: module.srcversion, holders, references: holders.length + module.users });
      holders.forEach(look);
    };
    names.forEach(look);
    return found;
  };

  insmod = async (file: string): Promise<CommandEnd> => {
    await this.change(`insmod ${basename(file)}`);
    const read = readModuleInfo(await readFile(file));
    if ('problem' in read) return refused(`could not insert module ${file}: Invalid module format`);
    const problem = this.refusal(read.module);
    if (problem !== undefined) return refused(`could not insert module ${file}: ${problem[0]}`, ...problem.slice(1));
    this.has(read.module.name, read.module.srcversion, { needs: read.module.depends });
    return ok;
  };

  rmmod = async (name: string): Promise<CommandEnd> => {
    await this.change(`rmmod ${name}`);
    const module = this.modules.get(name);
    if (module === undefined) return refused(`Module ${name} is not currently loaded`);
    const holders = this.holdersOf(name);
    if (holders.length > 0) return refused(`Module ${name} is in use by: ${holders.join(' ')}`);
    if (module.users > 0) return refused(`Module ${name} is in use`);
    this.modules.delete(name);
    return ok;
  };

  modprobe = async (name: string): Promise<CommandEnd> => {
    await this.change(`modprobe ${name}`);
    if (!this.own.has(name)) return refused(`Module ${name} not found in directory /lib/modules/${this.facts.release}`);
    if (!this.modules.has(name)) this.has(name, '');
    return ok;
  };

  private async change(what: string): Promise<void> {
    await this.before(what);
    this.log.push(what);
  }

  private holdersOf(name: string): string[] {
    return [...this.modules]
      .filter(([, { needs }]) => needs.includes(name))
      .map(([holder]) => holder)
      .sort();
  }

  private refusal({ name, depends, signed, signer = '', vermagic, imports }: ModuleInfo): string[] | undefined {
    if (this.modules.has(name)) return ['File exists'];
    if (this.facts.signatures.enforced && !(signed && this.trusted.has(signer))) return ['Key was rejected by service'];
    if (vermagic !== VERMAGIC)
      return ['Exec format error', `${name}: version magic '${vermagic}' should be '${VERMAGIC}'`];
    const other = [...imports].find(([symbol, crc]) => (this.crcs.get(symbol) ?? crc) !== crc)?.[0];
    if (other !== undefined) return ['Invalid parameters', `${name}: disagrees about version of symbol ${other}`];
    return depends.every((need) => this.modules.has(need))
      ? undefined
      : [
          'Unknown symbol in module, or unknown parameter (see dmesg)',
          `${name}: Unknown symbol wekafsgw_port (err -2)`,
        ];
  }

  /** What the kernel itself knows, whether the node tells it (`symbols`) or not. */
  crcs: ReadonlyMap<string, number> = new Map();
}
