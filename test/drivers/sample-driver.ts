import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lackingOf, runProgram } from '../artefacts/run-program';
import type { Kernel } from '../node/vm/kernel';
import { prepareKernel } from '../node/vm/kernel';

/** Where the sources of the sample driver lie. */
export const SAMPLE_DRIVER = join(__dirname, '..', 'fixtures', 'sample-driver');

const PREREQUISITES = [
  { name: 'apt-get', package: 'apt' },
  { name: 'dpkg-deb', package: 'dpkg' },
  { name: '/sbin/depmod', package: 'kmod' },
  { name: 'gcc', package: 'gcc' },
  { name: 'make', package: 'make' },
  { name: 'strip', package: 'binutils' },
];

/**
 * Headers of a real kernel, or why there are none on this machine: then the suites that need them are skipped and say so.
 * The first call on a machine downloads them (some seconds); later ones find them in the cache.
 */
export const kernelHeaders = async (): Promise<{ readonly kernel: Kernel } | { readonly missing: string }> => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return { missing: 'the headers are for x86-64 Linux' };
  const missing = await lackingOf(PREREQUISITES);
  if (missing !== undefined) return { missing };
  return prepareKernel(process.env, (line) => process.stderr.write(`kernel headers: ${line}\n`)).then(
    (kernel) => ({ kernel }),
    (error: Error) => ({ missing: error.message }),
  );
};

/** Whether a test that needs headers runs; says on standard error why not. On a build server their absence is a failure. */
export const requireHeaders = (found: Awaited<ReturnType<typeof kernelHeaders>>): found is { kernel: Kernel } => {
  if ('kernel' in found) return true;
  if (process.env['CI']) throw new Error(`no kernel headers: ${found.missing}`);
  process.stderr.write(`kernel headers: tests SKIPPED: ${found.missing}\n`);
  return false;
};

/** A new directory below the system's; removed by `remove`. */
export const scratch = async (): Promise<{ path: string; remove: () => Promise<void> }> => {
  const path = await mkdtemp(join(tmpdir(), 'weka-operator-driver-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
};

/** Builds the sample driver as any user would, in `directory`, which must not exist yet; gives the paths of its modules. */
export const makeSampleDriver = async (kernel: Kernel, directory: string): Promise<{ gateway: string; io: string }> => {
  await cp(SAMPLE_DRIVER, directory, { recursive: true });
  await runProgram('make', ['-s', '-C', kernel.headersDirectory, `M=${directory}`, 'modules']);
  return { gateway: join(directory, 'wekafsgw.ko'), io: join(directory, 'wekafsio.ko') };
};
