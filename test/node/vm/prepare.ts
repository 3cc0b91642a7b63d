import type { Prerequisite } from '../../artefacts/run-program';
import { lackingOf } from '../../artefacts/run-program';
import type { Environment, Prepared, Say } from '../../artefacts/store';
import { prepareInitramfs } from './initramfs';
import type { Kernel } from './kernel';
import { prepareKernel } from './kernel';
import { OVMF } from './qemu';

/** Environment variable with what `prepareVm` made, as JSON; unset: suites that need a virtual machine are skipped. */
export const VM_VARIABLE = 'WEKA_OPERATOR_TEST_VM';

/** What boots of a virtual machine share. Plain data. */
export interface PreparedVm {
  readonly kernel: Kernel;
  /** File: the initial file system before a run adds to it. */
  readonly initramfs: string;
}

const PREREQUISITES: readonly Prerequisite[] = [
  { name: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  { name: OVMF.code, package: 'ovmf' },
  { name: OVMF.variables, package: 'ovmf' },
  { name: 'apt-get', package: 'apt' },
  { name: 'dpkg-deb', package: 'dpkg' },
  { name: '/sbin/depmod', package: 'kmod' },
  { name: 'busybox', package: 'busybox-static' },
  { name: 'mke2fs', package: 'e2fsprogs' },
  { name: 'setpriv', package: 'util-linux' },
  { name: 'gcc', package: 'gcc' },
  { name: 'make', package: 'make' },
];

/** The kernel and the initial file system, from the cache or made now; or what they lack here. Never rejects. */
export const prepareVm = async (environment: Environment, say: Say): Promise<Prepared<PreparedVm>> => {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return {
      missing: `the guest is x86-64 Linux, and this machine is ${process.arch} ${process.platform}`,
      failed: false,
    };
  }
  const lacking = await lackingOf(PREREQUISITES);
  if (lacking !== undefined) return { missing: lacking, failed: false };
  try {
    const kernel = await prepareKernel(environment, say);
    return { ready: { kernel, initramfs: await prepareInitramfs(kernel, environment, say) } };
  } catch (error) {
    return { missing: (error as Error).message, failed: true };
  }
};
