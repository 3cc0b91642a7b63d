import { rm, writeFile } from 'node:fs/promises';
import { OperatorError } from '../../lib/base/errors';
import type { LoadResult } from '../../lib/drivers/agent-result';
import { resultMessage } from '../../lib/drivers/agent-result';
import { writeFileAtomic } from '../shared/atomic-file';
import { createLog } from '../shared/log';
import { failureOf } from './failure';
import type { Attempt } from './load';
import { loadSettings, stateDirectoryOf, terminationLogOf, watchSettings } from './settings';
import { loadedFile, resultFile, watch } from './watch';

const log = createLog({ agent: 'drivers-loader' });

/** Aborted when the Pod is being deleted. */
const stopping = (): AbortSignal => {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => controller.abort(new OperatorError('LoaderStopped')));
  return controller.signal;
};

/** Half of the program's start is its HTTP client, which a reboot does not need. */
const fetch: Attempt['fetch'] = async (...what) => (await import('./fetch-package.js')).fetchPackage(...what);

const attempt = async (): Promise<LoadResult> => {
  const signal = stopping();
  try {
    const settings = loadSettings(process.env);
    // Not loaded by `watch`, which stays for months.
    const [{ linuxHost }, { loadDriver }] = await Promise.all([import('./linux-host.js'), import('./load.js')]);
    return await loadDriver({ host: linuxHost(settings.sysDirectory), settings, log, signal, fetch });
  } catch (error) {
    log.error('the loader cannot start', { error });
    const wekaVersion = process.env['WEKA_VERSION'] ?? '';
    return { kind: 'DriverLoadFailed', bootID: '', kernel: '', wekaVersion, modules: [], failure: failureOf(error) };
  }
};

/** Where it can't be written, the operator sees an attempt that ended without a word. */
const leave = async (what: string, write: () => Promise<void>): Promise<void> => {
  try {
    await write();
  } catch (error) {
    log.error(`the ${what} cannot be written`, { error });
  }
};

const load = async (): Promise<void> => {
  const stateDirectory = stateDirectoryOf(process.env);
  // Of an earlier run of this Pod: nothing is known to be loaded now.
  await leave('state', () => rm(loadedFile(stateDirectory), { force: true }));
  const message = resultMessage(await attempt());
  await leave('state', () => writeFileAtomic(resultFile(stateDirectory), message));
  await leave('termination message', () => writeFile(terminationLogOf(process.env), message));
};

const main = async (mode: string | undefined): Promise<void> => {
  if (mode === 'load') return load();
  if (mode === 'watch') return watch(watchSettings(process.env), log, stopping());
  console.error('usage: drivers-loader load|watch');
  process.exitCode = 2;
};

// `load` ends with 0 whatever came of it: a Pod that fails is started again by the kubelet, and only the operator may do that.
void main(process.argv[2]);
