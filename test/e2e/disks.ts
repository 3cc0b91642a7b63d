import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Environment, Say } from '../artefacts/store';
import { cacheDirectory, makeOnce } from '../artefacts/store';
import { SAMPLE_DRIVER } from '../fixtures/sample-driver';
import type { Kernel } from '../node/vm/kernel';
import { makeContainersDrive, makeStore } from './image-store';
import { makeBaseImage } from './images';
import type { NodeBinaries } from './node-binaries';
import { makeRootDrive } from './root-drive';

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

/** The drives, from the cache or made now: root and images of others once, the operator's image when it has changed. */
export const prepareDisks = async (options: DisksOptions): Promise<NodeDisks> => {
  const { kernel, binaries, dist, environment, say } = options;
  const place = (name: string): string => cacheDirectory(environment, 'e2e', name);
  const making = (what: string): void => say(`making ${what}, once`);
  const root = place(`root-${await rootKey(kernel, binaries)}.img`);
  await makeOnce(root, (file) => {
    making('the drive that the node boots from');
    return makeRootDrive(file, kernel, binaries);
  });
  const key = await imagesKey();
  const base = { file: place(`base-${key}.tar`), name: 'localhost/debian-node:1' };
  await makeOnce(base.file, (file) => {
    making('the base of the operator’s image');
    return makeBaseImage({ ...base, file });
  });
  const store = place(`store-${key}`);
  await makeOnce(store, (directory) => {
    making('the images beside the operator’s');
    return makeStore(directory, binaries);
  });
  const containers = place(`containers-${key}-${await digestOf(dist, DOCKERFILE)}.img`);
  await makeOnce(containers, (file) => {
    say('making the operator’s image');
    return makeContainersDrive(file, { store, base, dist, binaries });
  });
  await dropOld(dirname(containers), 'containers-', containers);
  return { root, containers };
};

const DOCKERFILE = join(__dirname, '..', '..', 'Dockerfile');

/** What makes the drives is part of their keys: whoever changes it gets others. */
const sources = (...names: readonly string[]): string[] => names.map((name) => join(__dirname, `${name}.ts`));

const rootKey = async (kernel: Kernel, binaries: NodeBinaries): Promise<string> =>
  shorten(
    JSON.stringify([kernel, binaries]),
    await digestOf(...sources('root-drive', 'node-files', 'addresses', 'debian', 'file-system')),
  );

const imagesKey = async (): Promise<string> => {
  const { size, mtimeMs } = await stat(process.execPath);
  const runtime = JSON.stringify([process.execPath, size, mtimeMs]);
  return shorten(runtime, await digestOf(...sources('images', 'image-store', 'debian', 'file-system'), SAMPLE_DRIVER));
};

const shorten = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 12);

/** A digest of files, and of all files in directories. */
const digestOf = async (...paths: readonly string[]): Promise<string> => {
  const key = createHash('sha256');
  for (const path of paths) {
    const names = (await stat(path)).isDirectory() ? await readdir(path, { recursive: true }) : [''];
    for (const name of names.sort()) {
      const file = join(path, name);
      if ((await stat(file)).isFile()) key.update(`${name}\0`).update(await readFile(file));
    }
  }
  return key.digest('hex').slice(0, 12);
};

/** One of each is some hundred megabytes, and every change of the operator makes another. */
const dropOld = async (directory: string, prefix: string, current: string): Promise<void> => {
  for (const name of await readdir(directory)) {
    const file = join(directory, name);
    if (!name.startsWith(prefix) || !name.endsWith('.img') || file === current) continue;
    const age = Date.now() - (await stat(file)).mtimeMs;
    // A run beside this one may be about to copy a fresh one.
    if (age > 3600_000) await rm(file, { force: true });
  }
};
