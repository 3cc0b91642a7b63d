import { chmod, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runProgram } from '../artefacts/run-program';
import type { Kernel } from '../node/vm/kernel';
import { makeDebian } from './debian';
import { makeFileSystem } from './file-system';
import type { NodeBinaries } from './node-binaries';
import { NODE_DIRECTORIES, NODE_FILES } from './node-files';
import { withDirectory } from './temporary';

const PACKAGES = [
  ...['runc', 'containernetworking-plugins', 'iproute2', 'iptables', 'nftables', 'kmod'],
  ...['ca-certificates', 'util-linux', 'procps'],
];

/** Debian, the kernel's modules and headers, the node's programs and settings, as the image of a drive. */
export const makeRootDrive = (file: string, kernel: Kernel, binaries: NodeBinaries): Promise<void> =>
  withDirectory(async (directory) => {
    const tree = join(directory, 'root');
    await makeDebian({ target: tree, variant: 'minbase', packages: PACKAGES });
    await addPackages(tree, kernel, directory);
    await runProgram('/sbin/depmod', ['-b', tree, kernel.release]);
    await addPrograms(tree, binaries);
    for (const path of NODE_DIRECTORIES) await mkdir(join(tree, path), { recursive: true });
    for (const [path, text] of Object.entries(NODE_FILES)) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), text, { mode: path.endsWith('init') ? 0o755 : 0o644 });
    }
    await makeFileSystem(file, tree, 4096);
  });

/** The kernel's packages, unpacked: installing them would run scripts that make boot loaders and initial file systems. */
const addPackages = async (tree: string, { packages }: Kernel, directory: string): Promise<void> => {
  const [unpacked, archive] = [join(directory, 'packages'), join(directory, 'packages.tar')];
  for (const name of await readdir(packages)) await runProgram('dpkg-deb', ['-x', join(packages, name), unpacked]);
  // By way of tar: /lib is a link in the tree, which the packages' own /lib must not replace.
  await runProgram('tar', ['-c', '-f', archive, '-C', unpacked, '.']);
  await runProgram('tar', ['-x', '--keep-directory-symlink', '-f', archive, '-C', tree]);
};

const addPrograms = async (tree: string, { kubernetes, containerd }: NodeBinaries): Promise<void> => {
  for (const from of [kubernetes, containerd]) {
    for (const name of await readdir(from)) {
      await copyFile(join(from, name), join(tree, 'usr/local/bin', name));
      await chmod(join(tree, 'usr/local/bin', name), 0o755);
    }
  }
};
