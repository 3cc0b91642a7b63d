import { createHash } from 'node:crypto';
import { readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { findProgram, runProgram } from '../../artefacts/run-program';
import type { Environment, Say } from '../../artefacts/store';
import { cacheDirectory, makeOnce } from '../../artefacts/store';
import type { CpioEntry } from './cpio';
import { cpioArchive } from './cpio';
import { fileEntries, programEntries } from './guest-files';
import { INIT } from './init';
import type { Kernel } from './kernel';

/** Modules of the kernel that every guest has, with what they depend on; one that a kernel lacks is left out. */
const MODULES = ['virtio_pci', 'virtio_net', 'efivarfs', 'loop', 'arp_tables', 'uio', 'uio_pci_generic', 'vfio-pci'];

/** What kmod is called by. */
const KMOD = ['insmod', 'rmmod', 'modprobe', 'lsmod', 'modinfo', 'depmod'];

/**
 * The file system that every guest starts from: busybox, kmod, this machine's node, a few modules of the kernel. Kept
 * in the cache; what one run adds is another archive behind it. Gives the file.
 */
export const prepareInitramfs = async (kernel: Kernel, environment: Environment, say: Say): Promise<string> => {
  const file = cacheDirectory(environment, 'initramfs', `${await keyOf(kernel)}.cpio`);
  await makeOnce(file, async (unfinished) => {
    say('packing the initial file system, once');
    await writeFile(unfinished, cpioArchive(await baseEntries(kernel)));
  });
  return file;
};

const keyOf = async (kernel: Kernel): Promise<string> => {
  const key = createHash('sha256');
  for (const part of [kernel.release, kernel.packages, INIT, ...MODULES]) key.update(part).update('\0');
  for (const program of [process.execPath, 'busybox', 'kmod']) {
    const path = await realpath(program.startsWith('/') ? program : ((await findProgram(program)) ?? program));
    const { size, mtimeMs } = await stat(path);
    key.update(`${path} ${size} ${mtimeMs}\0`);
  }
  return key.digest('hex').slice(0, 20);
};

const baseEntries = async (kernel: Kernel): Promise<CpioEntry[]> => {
  const directories = ['proc', 'sys', 'dev', 'run', 'tmp', 'root', 'etc', 'mnt', 'var/log'];
  return [
    ...directories.map((path): CpioEntry => ({ path, kind: 'directory' })),
    ...(await fileEntries({ '/init': { text: INIT, executable: true } })),
    ...(await busyboxEntries()),
    ...(await programEntries(process.execPath)),
    ...(await programEntries('kmod')),
    ...KMOD.map((name) => link(`sbin/${name}`, '/usr/bin/kmod')),
    ...(await moduleEntries(kernel)),
  ];
};

const link = (path: string, target: string): CpioEntry => ({ path, kind: 'link', content: Buffer.from(target) });

/** busybox by each of its names, those of kmod aside: the guest's modules are loaded by the program that nodes have. */
const busyboxEntries = async (): Promise<CpioEntry[]> => {
  const busybox = (await findProgram('busybox')) ?? 'busybox';
  const names = (await runProgram(busybox, ['--list'])).split('\n').filter(Boolean);
  const links = names.filter((name) => !KMOD.includes(name) && name !== 'busybox');
  return [...(await fileEntries({ '/bin/busybox': busybox })), ...links.map((name) => link(`bin/${name}`, 'busybox'))];
};

const moduleEntries = async (kernel: Kernel): Promise<CpioEntry[]> => {
  const files = await withDependencies(kernel);
  const indexes = ['modules.dep', 'modules.alias', 'modules.softdep', 'modules.symbols', 'modules.builtin'];
  const names = [...indexes, ...indexes.map((name) => `${name}.bin`), 'modules.order', 'modules.builtin.modinfo'];
  const present = [];
  for (const name of names) {
    const there = await stat(join(kernel.modulesDirectory, name)).catch(() => undefined);
    if (there !== undefined) present.push(name);
  }
  const target = `/lib/modules/${kernel.release}`;
  return fileEntries(
    Object.fromEntries(
      [...present, ...files].map((name) => [`${target}/${name}`, join(kernel.modulesDirectory, name)]),
    ),
  );
};

/** Files below the modules' directory; modules.dep names for each everything that it needs, also indirectly. */
const withDependencies = async (kernel: Kernel): Promise<string[]> => {
  const lines = (await readFile(join(kernel.modulesDirectory, 'modules.dep'), 'utf8')).split('\n');
  const wanted = new Set(MODULES.map(canonical));
  const chosen = lines.filter((line) => wanted.has(canonical(moduleName(line.split(':')[0] ?? ''))));
  return [...new Set(chosen.flatMap((line) => line.replace(':', '').split(' ').filter(Boolean)))];
};

const moduleName = (path: string): string => basename(path).replace(/\.ko(\.\w+)?$/, '');
const canonical = (name: string): string => name.replaceAll('-', '_');
