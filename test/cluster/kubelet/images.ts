import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { runProgram } from '../../artefacts/run-program';
import { DRIVER_SOURCES } from '../../../lib/drivers/build-mounts';
import { copySampleDriver } from '../../fixtures/sample-driver';
import type { Image } from './pod-spec';

/** The top of the checkout. */
const TOP = join(__dirname, '../../..');

/** Beside what lies there already, so that programs of ours come first. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ENVIRONMENT = { PATH, NODE_OPTIONS: '--require /usr/local/lib/stand-in/preload.js' };
const KERNEL_PROGRAMS = ['insmod', 'rmmod', 'modprobe', 'dmesg'];

const bundlePreload = (outfile: string): Promise<unknown> =>
  build({
    ...{ entryPoints: [join(__dirname, 'preload.ts')], outfile, logLevel: 'warning' },
    ...{ bundle: true, platform: 'node', target: 'node20', format: 'cjs' },
  });

/** What all images have: this machine's runtime, and the stand-ins for what only a kernel can do. */
const base = async (files: string): Promise<void> => {
  const library = join(files, 'usr/local/lib/stand-in');
  const [programs, etc] = [join(files, 'usr/local/sbin'), join(files, 'etc')];
  for (const directory of [library, programs, etc]) await mkdir(directory, { recursive: true });
  await bundlePreload(join(library, 'preload.js'));
  for (const name of KERNEL_PROGRAMS) {
    await copyFile(join(__dirname, 'kernel.sh'), join(programs, name));
    await chmod(join(programs, name), 0o755);
  }
  // Names are found in the node's file alone: nobody outside is asked.
  await writeFile(join(etc, 'nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files\n');
  await symlink('/run/names/hosts', join(etc, 'hosts'));
};

/** The operator's image, as `npm run bundle` and the Dockerfile make it. */
export const operatorImage = async (files: string): Promise<Image> => {
  await base(files);
  await runProgram(
    process.execPath,
    [...['--import', 'tsx', 'cli/generate/bundle.ts', join(files, 'opt/weka-operator')]],
    { cwd: TOP },
  );
  return { files, entrypoint: ['node', '/opt/weka-operator/weka-operator.js'], environment: ENVIRONMENT };
};

/** A stand-in for WEKA's image: the sources of the sample driver in that version; the compiler is this machine's. */
export const wekaImage = async (files: string, version: string): Promise<Image> => {
  await base(files);
  await mkdir(join(files, DRIVER_SOURCES, '..'), { recursive: true });
  await copySampleDriver(join(files, DRIVER_SOURCES), version);
  return { files, entrypoint: ['weka'], environment: ENVIRONMENT };
};
