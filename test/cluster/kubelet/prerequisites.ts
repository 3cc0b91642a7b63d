import { mkdir } from 'node:fs/promises';
import { lackingOf, runProgram } from '../../artefacts/run-program';
import { kernelHeaders, scratch } from '../../drivers/sample-driver';
import type { Kernel } from '../../node/vm/kernel';
import { announceSkipping } from '../shared-control-plane';

const PROGRAMS = [
  { name: 'unshare', package: 'util-linux' },
  { name: 'nsenter', package: 'util-linux' },
  { name: 'setpriv', package: 'util-linux' },
  { name: 'flock', package: 'util-linux' },
  { name: 'chroot', package: 'coreutils' },
  { name: '/sbin/modinfo', package: 'kmod' },
];

const TRIAL = `mount -t tmpfs tmpfs "$1" && mkdir "$1/u" "$1/w" "$1/r" && mount -t overlay overlay -o "lowerdir=/,upperdir=$1/u,workdir=$1/w" "$1/r"`;

/** Why this machine can't give a container a file system of its own; `undefined`: it can. */
const lackingForContainers = async (): Promise<string | undefined> => {
  if (process.getuid?.() !== 0) return 'only root can mount';
  const missing = await lackingOf(PROGRAMS);
  if (missing !== undefined) return missing;
  const { path, remove } = await scratch();
  await mkdir(path, { recursive: true });
  return runProgram('unshare', ['--mount', '--propagation', 'private', '/bin/sh', '-c', TRIAL, 'sh', path])
    .then(
      () => undefined,
      (error: Error) => error.message,
    )
    .finally(remove);
};

/** The kernel that stand-ins for nodes run; `undefined`: this machine can't have such nodes, which is said loudly. On a build server that is a failure. */
export const kernelForNodes = async (): Promise<Kernel | undefined> => {
  const lacking = await lackingForContainers();
  const found = lacking === undefined ? await kernelHeaders() : { missing: lacking };
  if ('kernel' in found) return found.kernel;
  if (process.env['CI']) throw new Error(`no stand-ins for nodes: ${found.missing}`);
  announceSkipping(`drivers on stand-ins for nodes SKIPPED: ${found.missing}.`, process.env);
  return undefined;
};
