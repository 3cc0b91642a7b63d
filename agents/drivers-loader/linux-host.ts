import { machine, release } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import {
  readBootID,
  readSymbolVersions,
  SECURE_BOOT_VARIABLE,
  signaturePolicy,
  wekaMounts,
} from '../../lib/drivers/load-facts';
import type { CommandEnd, Host, KernelFacts, ModuleProcess, ModuleUsers } from './host';
import { kernelCommand, vermagicOf } from './kernel-commands';
import { bytesOf, linkOf, namesIn, textOf } from './linux-files';
import { liveModules } from './live-modules';

const PROC = '/proc';
const MODULES = '/lib/modules';
/** Where distributions put the CRCs of a kernel's symbols, below /lib/modules/RELEASE. What is packed with xz is not read. */
const SYMBOL_FILES = ['symvers.gz', 'symvers', 'Module.symvers', 'build/Module.symvers'];

/** The node, from inside of a container with its PID namespace. `sysDirectory`: sysfs with what is mounted below it. */
export const linuxHost = (sysDirectory: string): Host => ({
  kernel: () => kernelFacts(sysDirectory),
  loaded: (names) => liveModules(sysDirectory, names),
  users,
  symbolVersions,
  insmod: (file) => kernelCommand('insmod', [file], basename(file, '.ko')),
  rmmod: (name) => kernelCommand('rmmod', [name], name),
  modprobe: (name) => modprobe(sysDirectory, name),
});

/** What is loaded, or built in and visible, costs no process. */
const modprobe = async (sysDirectory: string, name: string): Promise<CommandEnd> => {
  const there = (await namesIn(join(sysDirectory, 'module', name.replaceAll('-', '_')))).length > 0;
  return there ? { ok: true } : kernelCommand('modprobe', [name], name);
};

const kernelFacts = async (sysDirectory: string): Promise<KernelFacts> => {
  const [vermagic, modulesDisabled] = await Promise.all([kernelVermagic(), disabled()]);
  return {
    release: release(),
    machine: machine(),
    bootID: readBootID((await textOf(join(PROC, 'sys/kernel/random/boot_id'))) ?? ''),
    ...(vermagic === undefined ? {} : { vermagic }),
    signatures: await signatures(sysDirectory),
    ...(modulesDisabled === undefined ? {} : { modulesDisabled }),
    iommu: (await namesIn(join(sysDirectory, 'kernel/iommu_groups'))).length > 0,
  };
};

/** No file shows it: it is that of any module which came with the kernel. Those below other directories were added since. */
const kernelVermagic = async (): Promise<string | undefined> => {
  const directory = join(MODULES, release());
  const first = /^(kernel\/[^:]+):/m.exec((await textOf(join(directory, 'modules.dep'))) ?? '')?.[1];
  return first === undefined ? undefined : vermagicOf(join(directory, first));
};

const disabled = async (): Promise<string | undefined> => {
  if ((await textOf(join(PROC, 'modules'))) === undefined) return 'it was built without support for them';
  const text = await textOf(join(PROC, 'sys/kernel/modules_disabled'));
  return text?.trim() === '1' ? 'kernel.modules_disabled is set' : undefined;
};

const signatures = async (sysDirectory: string): Promise<KernelFacts['signatures']> => {
  const [sigEnforce, lockdown, secureBoot] = await Promise.all([
    textOf(join(sysDirectory, 'module/module/parameters/sig_enforce')),
    textOf(join(sysDirectory, 'kernel/security/lockdown')),
    bytesOf(join(sysDirectory, 'firmware/efi/efivars', SECURE_BOOT_VARIABLE)),
  ]);
  return signaturePolicy({
    ...(sigEnforce === undefined ? {} : { sigEnforce }),
    ...(lockdown === undefined ? {} : { lockdown }),
    ...(secureBoot === undefined ? {} : { secureBoot }),
  });
};

const symbolVersions = async (kernel: string): Promise<ReadonlyMap<string, number> | undefined> => {
  for (const name of SYMBOL_FILES) {
    const bytes = await bytesOf(join(MODULES, kernel, name));
    const text = bytes === undefined ? undefined : await unpacked(bytes, name);
    if (text !== undefined) return readSymbolVersions(text);
  }
  return undefined;
};

/** `undefined`: it is damaged; then the kernel is the only one that compares. */
const unpacked = async (bytes: Buffer, name: string): Promise<string | undefined> => {
  if (!name.endsWith('.gz')) return bytes.toString('utf8');
  return promisify(gunzip)(bytes).then(
    (text) => text.toString('utf8'),
    () => undefined,
  );
};

/** Of the node's first process: what is mounted for all, and mostly also what is mounted in containers. */
const users = async (names: readonly string[]): Promise<ModuleUsers> => ({
  mounts: wekaMounts((await textOf(join(PROC, '1/mountinfo'))) ?? ''),
  processes: await processesWith(new Set(names.map((name) => `/dev/${name}`))),
});

const processesWith = async (devices: ReadonlySet<string>): Promise<ModuleProcess[]> => {
  const pids = (await namesIn(PROC)).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: ModuleProcess[] = [];
  for (const pid of pids.sort((a, b) => a - b)) {
    if (!(await hasOpen(join(PROC, String(pid), 'fd'), devices))) continue;
    found.push({ pid, name: ((await textOf(join(PROC, String(pid), 'comm'))) ?? '').trim() });
  }
  return found;
};

const hasOpen = async (directory: string, devices: ReadonlySet<string>): Promise<boolean> => {
  const links = await Promise.all((await namesIn(directory)).map((fd) => linkOf(join(directory, fd))));
  return links.some((link) => link !== undefined && devices.has(link));
};
