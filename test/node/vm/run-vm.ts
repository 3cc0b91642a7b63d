import { spawn } from 'node:child_process';
import { appendFile, constants, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../artefacts/run-program';
import { cpioArchive } from './cpio';
import type { FileSource } from './guest-files';
import { fileEntries, programEntries } from './guest-files';
import { MARK } from './init';
import type { PreparedVm } from './prepare';
import type { Disk } from './qemu';
import { OVMF, qemuArguments } from './qemu';

export interface VmRun {
  /**
   * For busybox's shell, run as root under `sh -e` in /root. A line `@@ anything` on its output is a marker. Of busybox's
   * own commands the shell takes those before the PATH: say /sbin/insmod where kmod's is meant.
   */
  readonly script: string;
  /** By absolute path in the guest: a file or directory of this machine, or a text. */
  readonly files?: Readonly<Record<string, FileSource>>;
  /** More programs of this machine, by name, with their libraries: `sgdisk`. busybox, kmod and node are there. */
  readonly programs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Drives, kept between runs: run twice with one drive for a reboot. */
  readonly disks?: readonly Disk[];
  /** Added to the kernel's command line: `module.sig_enforce=1`. */
  readonly append?: string;
  /** Boot under Secure Boot, Debian's snake oil keys enrolled (`signModule`). Default: false. */
  readonly secureBoot?: boolean;
  /** Default: 1024. */
  readonly memoryMegabytes?: number;
  /** Default: 240,000, of which an idle machine needs 10,000. */
  readonly timeoutMs?: number;
}

export interface VmResult {
  /** What followed `@@ ` on each such line, in their order. */
  readonly markers: readonly string[];
  /** Everything the guest printed, without control sequences. */
  readonly console: string;
}

/**
 * Boots a guest, runs the script in it, powers off. Resolves only if the script ended with 0; else rejects with the end
 * of the console: the script failed, the kernel panicked, or time was up. Leaves nothing behind but the drives.
 */
export const bootVm = async (prepared: PreparedVm, run: VmRun): Promise<VmResult> => {
  const directory = await mkdtemp(join(tmpdir(), 'weka-operator-vm-'));
  try {
    const initrd = join(directory, 'initrd.cpio');
    await copyFile(prepared.initramfs, initrd, constants.COPYFILE_FICLONE);
    await appendFile(initrd, await additions(run));
    const firmware = run.secureBoot ? { firmwareVariables: join(directory, 'variables.fd') } : {};
    if (firmware.firmwareVariables !== undefined) await copyFile(OVMF.variables, firmware.firmwareVariables);
    const args = qemuArguments({
      ...{ kernel: prepared.kernel.image, initrd, append: run.append ?? '', disks: run.disks ?? [] },
      ...{ memoryMegabytes: run.memoryMegabytes ?? 1024, ...firmware },
    });
    return resultOf(readable(await untilEnded(args, run.timeoutMs ?? 240_000)));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const additions = async (run: VmRun): Promise<Buffer> => {
  const programs = await Promise.all((run.programs ?? []).map(programEntries));
  const env = Object.entries(run.env ?? {}).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`);
  const own = { '/vm/script': { text: `${run.script}\n` }, '/vm/env': { text: env.join('') } };
  return cpioArchive([...programs.flat(), ...(await fileEntries({ ...run.files, ...own }))]);
};

/** Gives the console when QEMU is gone, by itself or because time was up. */
const untilEnded = (args: readonly string[], timeoutMs: number): Promise<string> =>
  new Promise((resolve, reject) => {
    // It must not outlive this process, however that ends.
    const qemu = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'qemu-system-x86_64', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said: Buffer[] = [];
    for (const stream of [qemu.stdout, qemu.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk));
    const timer = setTimeout(() => {
      said.push(Buffer.from(`\n… killed: not finished within ${timeoutMs / 1000} s\n`));
      qemu.kill('SIGKILL');
    }, timeoutMs);
    qemu.once('error', reject);
    qemu.once('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(said).toString());
    });
  });

/** Without carriage returns and the control sequences of firmware and programs. */
const readable = (text: string): string => text.replace(/\x1b\[[0-9;?]*[a-zA-Z]|\x1bc|\r/g, '');

/** Lines after START, so that what firmware printed is never taken for a marker. */
const resultOf = (console: string): VmResult => {
  const lines = console.split('\n').flatMap((line) => {
    const at = line.indexOf(MARK);
    return at < 0 ? [] : [line.slice(at + MARK.length)];
  });
  const end = lines.findIndex((line) => /^END \d+$/.test(line));
  const how = end < 0 ? 'the guest went down before the script ended' : `the script failed (${lines[end]})`;
  if (lines[end] !== 'END 0') throw new Error(`${how}; the console ends:\n${console.trim().slice(-6000)}`);
  return { markers: lines.slice(lines.indexOf('START') + 1, end), console };
};

/** Makes an empty image at `file`, `format: 'ext4'` with a file system on it, journal included. */
export const newDisk = async (file: string, size: { megabytes: number; format?: 'ext4' }): Promise<Disk> => {
  await writeFile(file, '');
  await runProgram('truncate', ['-s', `${size.megabytes}M`, file]);
  if (size.format === 'ext4') await runProgram('mke2fs', ['-q', '-F', '-t', 'ext4', file]);
  return { file };
};
