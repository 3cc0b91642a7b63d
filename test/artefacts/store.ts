import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** What a preparation came to: what was asked for, or why not. `failed`: everything was there, and it went wrong. */
export type Prepared<T> = { readonly ready: T } | { readonly missing: string; readonly failed: boolean };

/** Receives one line of progress. */
export type Say = (line: string) => void;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where tests keep what takes minutes to make: outside the checkout, so that a clean clone finds it. */
export const cacheDirectory = (environment: Environment, ...parts: readonly string[]): string => {
  const home = environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');
  return join(home, 'weka-operator', ...parts);
};

/** Whether something of this name is there. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Makes `target` (a file or directory) by `make`, which writes it under another name beside it; it is renamed at the
 * end. So what has the name is always whole; a crash leaves the other name, which the next call for the same directory
 * sweeps away. Of two processes that make the same, one is kept. `isWhole`: else what is there is replaced.
 */
export const makeOnce = async (
  target: string,
  make: (unfinished: string) => Promise<void>,
  isWhole: () => Promise<boolean> = () => exists(target),
): Promise<void> => {
  if (await isWhole()) return;
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  await sweepUnfinished(parent);
  const unfinished = `${target}.building-${process.pid}`;
  try {
    await make(unfinished);
    // Another run that was faster has made the same. Else what is there was damaged by hand, and is in the way.
    if (await isWhole()) return;
    await rm(target, { recursive: true, force: true });
    await rename(unfinished, target).catch(async (error: NodeJS.ErrnoException) => {
      if (!(await isWhole())) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
};

const sweepUnfinished = async (parent: string): Promise<void> => {
  for (const name of await readdir(parent)) {
    const pid = /\.building-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(parent, name), { recursive: true, force: true });
  }
};

/** Whether a process with this id runs. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};
