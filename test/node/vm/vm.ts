/** Virtual machines for tests that need a kernel of their own. Everything a suite imports is here. */
import { join } from 'node:path';
import { runProgram } from '../../artefacts/run-program';
import { copySampleDriver } from '../../fixtures/sample-driver';
import type { Kernel } from './kernel';
import type { PreparedVm } from './prepare';
import { VM_VARIABLE } from './prepare';
import type { VmResult, VmRun } from './run-vm';
import { bootVm } from './run-vm';
import type { Signer } from './sign';
import { signModuleFor } from './sign';

export type { FileSource } from './guest-files';
export type { Kernel } from './kernel';
export type { Disk } from './qemu';
export type { VmResult, VmRun } from './run-vm';
export { newDisk } from './run-vm';
export { SAMPLE_DRIVER } from '../../fixtures/sample-driver';

const said = process.env[VM_VARIABLE];
const prepared = said === undefined || said === '' ? undefined : (JSON.parse(said) as PreparedVm);

const thePrepared = (): PreparedVm => {
  if (prepared === undefined) throw new Error('no virtual machine: write the suite with describeVm');
  return prepared;
};

/** A suite that boots virtual machines: reported as skipped, test by test, where that is impossible. */
export const describeVm = (name: string, suite: () => void): void => {
  jest.setTimeout(300_000);
  (prepared === undefined ? describe.skip : describe)(name, suite);
};

/** The kernel that guests run. Only inside of tests and hooks: at collection time there may be none. */
export const kernel = (): Kernel => thePrepared().kernel;

/** Boots a guest and runs a script in it; 10 s where the machine is idle. See VmRun. */
export const runVm = (run: VmRun): Promise<VmResult> => bootVm(thePrepared(), run);

/** Appends a signature to a module, in place. */
export const signModule = (module: string, signer: Signer): Promise<void> => signModuleFor(kernel(), module, signer);

/** The sample driver, built. */
export interface SampleDriver {
  /** Paths on this machine. The second needs the first. */
  readonly wekafsgw: string;
  readonly wekafsio: string;
}

/** Builds the sample driver for `kernel()` in `directory`, which must not exist yet; `version`: instead of its own. */
export const buildSampleDriver = async (directory: string, version?: string): Promise<SampleDriver> => {
  await copySampleDriver(directory, version);
  await runProgram('make', ['-s', '-C', directory, `KERNEL_HEADERS=${kernel().headersDirectory}`]);
  return { wekafsgw: join(directory, 'wekafsgw.ko'), wekafsio: join(directory, 'wekafsio.ko') };
};
