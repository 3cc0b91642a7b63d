import { execFile } from 'node:child_process';
import { notInImage } from './failure';
import type { CommandEnd } from './host';

/** A module's init function that hangs can't be ended by anybody; the attempt ends all the same. */
const TIMEOUT_MS = 120_000;
const ADMINISTRATORS = '/usr/local/sbin:/usr/sbin:/sbin';
const OUTPUT_BYTES = 16 << 20;

interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of the image to its end; what it says is in English, whatever the image's language. */
const run = (program: string, args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { PATH: `${process.env['PATH'] ?? '/usr/bin:/bin'}:${ADMINISTRATORS}`, LC_ALL: 'C' };
    const options = { env, timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: OUTPUT_BYTES } as const;
    execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : (error.code ?? error.signal ?? null);
      resolve({ code, stdout, stderr: stderr === '' && error !== null ? error.message : stderr });
    });
  });

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** `insmod: ERROR: could not insert …`: without who says it. */
const withoutName = (line: string): string => line.replace(/^\w+: ((ERROR|FATAL|WARNING): )?/, '');

/** Lines that the kernel writes for every module from outside: they refuse nothing. */
const TAINT = /taint(s|ing) kernel/;
const MOST_LINES = 5;

/** The kernel's log, line by line with times; empty where this process may not read it. */
const kernelLog = async (): Promise<string[]> => {
  const { code, stdout } = await run('dmesg', []);
  return code === 0 ? stdout.split('\n') : [];
};

/** What the kernel has said of modules since `before`, without times. */
const saidSince = async (before: readonly string[], module: string): Promise<string[]> => {
  const known = new Set(before);
  return (await kernelLog())
    .filter((line) => !known.has(line) && (line.includes(module) || /module|lockdown/i.test(line)) && !TAINT.test(line))
    .map((line) => line.replace(/^\[[^\]]*\]\s*/, '').trim())
    .slice(-MOST_LINES);
};

/** insmod, rmmod or modprobe with `args` as they are, and of a failure what kernel and program said. Rejects where there is no such program. */
export const kernelCommand = async (
  program: 'insmod' | 'rmmod' | 'modprobe',
  args: readonly string[],
  module: string,
): Promise<CommandEnd> => {
  const before = await kernelLog();
  const { code, stderr } = await run(program, args);
  if (code === 0) return { ok: true };
  if (code === 'ENOENT') throw notInImage(program);
  return { ok: false, said: withoutName(lastLine(stderr)), kernelLog: await saidSince(before, module) };
};

/** vermagic of a module file, compressed or not; `undefined`: it can't be read. */
export const vermagicOf = async (file: string): Promise<string | undefined> => {
  const { code, stdout } = await run('modinfo', ['-F', 'vermagic', file]);
  const text = stdout.trim();
  return code === 0 && text !== '' ? text : undefined;
};
