import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runProgram } from '../../artefacts/run-program';
import type { Kernel } from '../../node/vm/kernel';

/** What of this machine's own procfs a container sees: the node has processes and memory, but no kernel. */
const OF_THIS_MACHINE = ['self', 'thread-self', 'meminfo', 'cpuinfo', 'stat', 'loadavg', 'filesystems', 'version'];

/** Unpacks the packages of a kernel and its headers as a node with Debian has them, all links as they are. Nodes share it. */
export const makeDistribution = async (directory: string, { packages, release }: Kernel): Promise<void> => {
  await mkdir(join(directory, 'usr/lib'), { recursive: true });
  for (const name of await readdir(packages)) await runProgram('dpkg-deb', ['-x', join(packages, name), directory]);
  await runProgram('/sbin/depmod', ['-b', directory, release]);
  await writeFile(join(directory, 'usr/lib/os-release'), 'ID=debian\nVERSION_ID="12"\n');
};

/** A machine that is two directories: what its kernel shows, and its disk. */
export interface Machine {
  /** Its root. */
  readonly root: string;
  readonly release: string;
  readonly bootID: string;
}

const write = async (root: string, files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
};

/** Makes one that has booted `release`; `distribution`: what is installed. */
export const makeMachine = async (root: string, distribution: string, release: string): Promise<Machine> => {
  const bootID = randomUUID();
  await write(root, {
    'proc/modules': '',
    'proc/kmsg': '',
    'proc/1/mountinfo': '22 1 259:1 / / rw,relatime - ext4 /dev/root rw\n',
    'proc/sys/kernel/osrelease': `${release}\n`,
    'proc/sys/kernel/random/boot_id': `${bootID}\n`,
    'sys/module/module/parameters/sig_enforce': 'N\n',
    'sys/kernel/security/lockdown': '[none] integrity confidentiality\n',
  });
  for (const name of [...OF_THIS_MACHINE, 'sys/kernel/cap_last_cap'])
    await symlink(`/run/machine/proc/${name}`, join(root, 'proc', name));
  for (const name of ['usr', 'lib']) await symlink(join(distribution, name), join(root, name));
  return { root, release, bootID };
};

/** A file of a loaded module; `undefined`: it is not loaded. */
export const moduleFile = (machine: Machine, module: string, file: string): Promise<string | undefined> =>
  readFile(join(machine.root, 'sys/module', module, file), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );

/** Names of loaded modules of WEKA, sorted, as /proc/modules has them. */
export const loadedModules = async (machine: Machine): Promise<string[]> => {
  const text = await readFile(join(machine.root, 'proc/modules'), 'utf8');
  return [...text.matchAll(/^weka\w*/gm)].map(([name]) => name).sort();
};
