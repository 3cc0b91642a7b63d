import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runProgram } from '../artefacts/run-program';
import type { Environment, Say } from '../artefacts/store';
import { cacheDirectory, makeOnce } from '../artefacts/store';
import type { Kernel } from '../node/vm/kernel';
import { makeDebian } from './debian';
import type { ImageArchive } from './images';
import {
  makeBaseImage,
  makeOperatorImage,
  makePauseImage,
  makeWekaImages,
  OPERATOR_IMAGE,
  PAUSE_IMAGE,
  WEKA_IMAGES,
} from './images';
import type { NodeBinaries } from './node-binaries';
import { importConfig, NODE_DIRECTORIES, NODE_FILES } from './node-files';

/** Images of drives that each node starts from a copy of. Plain data. */
export interface NodeDisks {
  /** Debian, the kernel's modules and headers, the node's programs. */
  readonly root: string;
  /** /var/lib/containerd with every image unpacked. */
  readonly containers: string;
}

export interface DisksOptions {
  readonly kernel: Kernel;
  readonly binaries: NodeBinaries;
  /** What `npm run bundle` wrote. */
  readonly dist: string;
  readonly environment: Environment;
  readonly say: Say;
}

const ROOT_PACKAGES = [
  ...['runc', 'containernetworking-plugins', 'iproute2', 'iptables', 'nftables', 'kmod'],
  ...['ca-certificates', 'util-linux', 'procps'],
];

/** The drives, from the cache or made now: root and images of others once, the operator's image when it has changed. */
export const prepareDisks = async (options: DisksOptions): Promise<NodeDisks> => {
  const recipe = await recipeKey(options);
  const place = (name: string): string => cacheDirectory(options.environment, 'e2e', name);
  const root = place(`root-${recipe}.img`);
  await makeOnce(root, (file) => makeRoot(file, options));
  const base = { file: place(`base-${recipe}.tar`), name: 'localhost/debian-node:1' };
  await makeOnce(base.file, (file) => {
    options.say('making the base of the operator’s image, once');
    return makeBaseImage({ ...base, file });
  });
  const store = place(`store-${recipe}`);
  await makeOnce(store, (directory) => makeStore(directory, options));
  const containers = place(`containers-${recipe}-${await treeKey(options.dist)}.img`);
  await makeOnce(containers, (file) => makeContainers(file, store, base, options));
  await keepNewest(dirname(containers), 'containers-', containers);
  return { root, containers };
};

/** Everything that the drives are made from, but for the operator's own programs. */
const recipeKey = async ({ kernel, binaries }: DisksOptions): Promise<string> => {
  const here = ['debian.ts', 'disks.ts', 'images.ts', 'node-files.ts', 'addresses.ts'].map((name) =>
    join(__dirname, name),
  );
  const { size, mtimeMs } = await stat(process.execPath);
  const key = createHash('sha256').update(JSON.stringify([kernel, binaries, process.execPath, size, mtimeMs]));
  for (const file of here) key.update(await readFile(file));
  return key
    .update(await treeKey(join(__dirname, '..', 'fixtures', 'sample-driver')))
    .digest('hex')
    .slice(0, 12);
};

/** A digest of the files of a directory, and of the Dockerfile. */
const treeKey = async (directory: string): Promise<string> => {
  const key = createHash('sha256').update(await readFile(join(__dirname, '..', '..', 'Dockerfile')));
  const names = await readdir(directory, { recursive: true });
  for (const name of names.sort()) {
    key.update(`${name}\0`);
    const file = join(directory, name);
    if ((await stat(file)).isFile()) key.update(await readFile(file));
  }
  return key.digest('hex').slice(0, 12);
};

// — the root drive ————————————————————————————————————————————————————————————————————————————————————————————

const makeRoot = (file: string, { kernel, binaries, say }: DisksOptions): Promise<void> =>
  withDirectory(async (directory) => {
    say('making the node’s root drive, once');
    const tree = join(directory, 'root');
    await makeDebian({ target: tree, variant: 'minbase', packages: ROOT_PACKAGES });
    for (const name of await readdir(kernel.packages)) {
      // tar and not dpkg-deb -x: on a system with merged /usr, /lib is a link, which the package's own /lib must not replace.
      const archive = join(directory, 'package.tar');
      await runProgram('sh', ['-c', 'dpkg-deb --fsys-tarfile "$0" > "$1"', join(kernel.packages, name), archive]);
      await runProgram('tar', ['-x', '--keep-directory-symlink', '-f', archive, '-C', tree]);
    }
    await runProgram('/sbin/depmod', ['-b', tree, kernel.release]);
    await addPrograms(tree, binaries);
    for (const path of NODE_DIRECTORIES) await mkdir(join(tree, path), { recursive: true });
    for (const [path, text] of Object.entries(NODE_FILES)) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), text, { mode: path.endsWith('init') ? 0o755 : 0o644 });
    }
    await makeFileSystem(file, tree, 4096);
  });

const addPrograms = async (tree: string, { kubernetes, containerd }: NodeBinaries): Promise<void> => {
  for (const from of [kubernetes, containerd]) {
    for (const name of await readdir(from)) {
      await copyFile(join(from, name), join(tree, 'usr/local/bin', name));
      await chmod(join(tree, 'usr/local/bin', name), 0o755);
    }
  }
};

/** An image with an ext4 on it that holds what a directory holds. Its journal is what brings it back after a power cut. */
export const makeFileSystem = async (file: string, tree: string, megabytes: number): Promise<void> => {
  // Inode tables are left out now and in the guest: a sparse file reads as zeroes.
  const options = 'lazy_itable_init=1,lazy_journal_init=1';
  await runProgram('/sbin/mke2fs', ['-q', '-F', '-t', 'ext4', '-E', options, '-d', tree, file, `${megabytes}M`]);
};

// — the drive with the images ————————————————————————————————————————————————————————————————————————————————————

const makeStore = (store: string, { binaries, say }: DisksOptions): Promise<void> =>
  withDirectory(async (directory) => {
    say('making the images beside the operator’s, once');
    const archive = (name: string, index: number): ImageArchive => ({ file: join(directory, `${index}.tar`), name });
    const images = [PAUSE_IMAGE, ...WEKA_IMAGES].map(archive);
    await makePauseImage(images[0] as ImageArchive);
    await makeWekaImages(images.slice(1), directory);
    await mkdir(store);
    await importImages(store, images, binaries);
  });

const makeContainers = (file: string, store: string, base: ImageArchive, options: DisksOptions): Promise<void> =>
  withDirectory(async (directory) => {
    options.say('making the operator’s image');
    const image = { file: join(directory, 'operator.tar'), name: OPERATOR_IMAGE };
    await makeOperatorImage(image, base, options.dist);
    const own = join(directory, 'store');
    await runProgram('cp', ['-a', '--reflink=auto', store, own]);
    await importImages(own, [image], options.binaries);
    await makeFileSystem(file, own, 8192);
  });

/** Unpacks images into the store of a containerd that runs here for that long: inside an emulated node it takes minutes. */
const importImages = (store: string, images: readonly ImageArchive[], binaries: NodeBinaries): Promise<void> =>
  withDirectory(async (run) => {
    await writeFile(join(run, 'config.toml'), importConfig(store, run));
    const program = join(binaries.containerd, 'containerd');
    const server = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, '-c', join(run, 'config.toml')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    server.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-3000)));
    const gone = new Promise<void>((resolve) => server.once('close', () => resolve()));
    const ctr = (...args: string[]) =>
      runProgram(join(binaries.containerd, 'ctr'), ['-a', join(run, 'containerd.sock'), '-n', 'k8s.io', ...args]);
    try {
      while (
        !(await ctr('version').then(
          () => true,
          () => false,
        ))
      ) {
        if (server.exitCode !== null) throw new Error(`containerd ended: ${said}`);
        await wait(100);
      }
      for (const image of images) await ctr('images', 'import', '--local', image.file);
    } finally {
      server.kill('SIGTERM');
      await gone;
    }
  });

/** One of each is some hundred megabytes, and every change of the operator makes another. */
const keepNewest = async (directory: string, prefix: string, current: string): Promise<void> => {
  for (const name of await readdir(directory)) {
    const file = join(directory, name);
    if (!name.startsWith(prefix) || !name.endsWith('.img') || file === current) continue;
    const age = Date.now() - (await stat(file)).mtimeMs;
    // A run beside this one may be about to copy a fresh one.
    if (age > 3600_000) await rm(file, { force: true });
  }
};

const withDirectory = async <T>(use: (directory: string) => Promise<T>): Promise<T> => {
  const directory = await mkdtemp(join(tmpdir(), 'weka-operator-e2e-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};
