import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../artefacts/store';

const PREFIX = 'weka-operator-e2e-';

/** A new directory, to be removed by whoever asked for it. Its name says for which process it was made. */
export const newDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));

/** Removes the directories of runs that were killed: each holds gigabytes. */
export const sweepDirectories = async (): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : NaN;
    if (pid > 0 && !isAlive(pid)) await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
};

/** Gives `use` a new directory that is removed afterwards, whatever became of it. */
export const withDirectory = async <T>(use: (directory: string) => Promise<T>): Promise<T> => {
  const directory = await newDirectory();
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};
