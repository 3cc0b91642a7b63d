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

/** Environment variable with the kernel that stand-ins for nodes run, as JSON; unset: suites that need them are skipped. */
export const NODES_VARIABLE = 'WEKA_OPERATOR_TEST_NODES';

/** The kernel that stand-ins for nodes run, as the set-up found it; `undefined`: there can't be any here. */
export const nodesKernel = (): Kernel | undefined => {
  const text = process.env[NODES_VARIABLE];
  return text === undefined ? undefined : (JSON.parse(text) as Kernel);
};

/** Looks for that kernel; `undefined`: this machine can't have such nodes, which is said loudly. */
export const kernelForNodes = async (): Promise<Kernel | undefined> => {
  const lacking = await lackingForContainers();
  const found = lacking === undefined ? await kernelHeaders() : { missing: lacking };
  if ('kernel' in found) return found.kernel;
  announceSkipping(`drivers on stand-ins for nodes SKIPPED: ${found.missing}.`, process.env);
  return undefined;
};
