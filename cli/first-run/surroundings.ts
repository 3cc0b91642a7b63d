import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../agents/shared/log';
import { createLog } from '../../agents/shared/log';

/** For agents of which only the result is told. */
export const silent: Log = createLog({}, { level: 'error', write: () => undefined });

/** Of work that nobody stops. */
export const never: AbortSignal = new AbortController().signal;

/** Gives `work` a directory that is gone when it has ended, whatever came of it. */
export const inTemporaryDirectory = async <T>(work: (directory: string) => Promise<T>): Promise<T> => {
  const directory = mkdtempSync(join(tmpdir(), 'weka-operator-first-run-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};
