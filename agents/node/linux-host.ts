import { access, readdir, readFile, readlink } from 'node:fs/promises';
import { machine, release } from 'node:os';
import { join, posix } from 'node:path';
import type { SignatureFiles } from '../../lib/drivers/load-facts';
import { SECURE_BOOT_VARIABLE } from '../../lib/drivers/load-facts';
import { HOST_PATH } from '../../lib/drivers/observer-pod';
import { inContainer, isWekaModule } from './decide';
import type { Host, NodeFiles } from './host';

/** A chain of links that is longer leads nowhere. */
const LINKS = 8;
/** Says that nothing is there; any other failure means that something is, and hidden. */
const ABSENT: readonly unknown[] = ['ENOENT', 'ENOTDIR'];

/**
 * The node, from inside of the observer's container. Only this file reads it; nothing writes. `root` stands before each
 * path, for tests.
 */
export const linuxHost = (root = ''): Host => ({
  look: async (): Promise<NodeFiles> => {
    const at = (path: string): string => `${root}${path}`;
    const [bootID, mountinfo, osRelease] = await Promise.all([
      readFile(at('/proc/sys/kernel/random/boot_id'), 'utf8'),
      readFile(at(HOST_PATH.mountinfo), 'utf8'),
      textOf(at(`${HOST_PATH.usr}/lib/os-release`)),
    ]);
    return {
      bootID,
      release: release(),
      machine: machine(),
      signatures: await signatures(at(HOST_PATH.sys)),
      modules: await wekaModules(at(`${HOST_PATH.sys}/module`)),
      mountinfo,
      kernels: await kernels(root),
      ...(osRelease === undefined ? {} : { osRelease }),
    };
  },
});

const signatures = async (sys: string): Promise<SignatureFiles> => {
  const [sigEnforce, lockdown, secureBoot] = await Promise.all([
    textOf(join(sys, 'module/module/parameters/sig_enforce')),
    textOf(join(sys, 'kernel/security/lockdown')),
    ifThere(readFile(join(sys, 'firmware/efi/efivars', SECURE_BOOT_VARIABLE))),
  ]);
  return {
    ...(sigEnforce === undefined ? {} : { sigEnforce }),
    ...(lockdown === undefined ? {} : { lockdown }),
    ...(secureBoot === undefined ? {} : { secureBoot }),
  };
};

const wekaModules = async (directory: string): Promise<NodeFiles['modules']> => {
  const modules = (await readdir(directory)).filter(isWekaModule).map(async (name) => {
    const [state, srcversion = '', holders = []] = await Promise.all([
      // What is built into the kernel has none.
      textOf(join(directory, name, 'initstate')),
      textOf(join(directory, name, 'srcversion')),
      ifThere(readdir(join(directory, name, 'holders'))),
    ]);
    return state === undefined ? [] : [{ name, srcversion: srcversion.trim(), holders }];
  });
  return (await Promise.all(modules)).flat();
};

const kernels = async (root: string): Promise<NodeFiles['kernels']> => {
  const entries = await readdir(`${root}${HOST_PATH.modules}`, { withFileTypes: true });
  // Other directories lie there too; a kernel's modules have an index.
  const installed = entries.map(async (entry) => {
    const directory = `/lib/modules/${entry.name}`;
    const index = `${root}${HOST_PATH.modules}/${entry.name}/modules.order`;
    if (!entry.isDirectory() || !(await isThere(index))) return [];
    return [{ release: entry.name, headers: await hasHeaders(root, `${directory}/build`) }];
  });
  return (await Promise.all(installed)).flat();
};

/** Whether `build` leads to a directory to build in. Its links are the node's: they are followed by hand. */
const hasHeaders = async (root: string, build: string): Promise<boolean> => {
  let path = build;
  for (let links = 0; links < LINKS; links++) {
    const here = inContainer(path);
    if (here === undefined) return false;
    const target = await linkOf(`${root}${here}`);
    if (target === undefined) return isThere(`${root}${here}/Makefile`);
    path = posix.resolve(posix.dirname(path), target);
  }
  return false;
};

/** Where a link points to; `undefined`: it is none, or nothing is there. */
const linkOf = (path: string): Promise<string | undefined> => readlink(path).catch(() => undefined);

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const textOf = async (path: string): Promise<string | undefined> => ifThere(readFile(path, 'utf8'));

/** What is read; `undefined`: nothing is there. Rejects when something is there that can't be read. */
const ifThere = <T>(reading: Promise<T>): Promise<T | undefined> =>
  reading.catch((thrown: NodeJS.ErrnoException) => {
    if (ABSENT.includes(thrown.code)) return undefined;
    throw thrown;
  });
