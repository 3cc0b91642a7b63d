import { rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadResult } from '../../lib/drivers/agent-result';
import { readLoadResult } from '../../lib/drivers/agent-result';
import { LOADER_PATH } from '../../lib/drivers/load-pod';
import type { Log } from '../shared/log';
import type { LiveModule } from './host';
import { textOf } from './linux-files';
import { liveModules } from './live-modules';
import type { WatchSettings } from './settings';

/** Where `load` leaves its result, in the state directory. */
const RESULT_FILE = 'result.json';
const LOADED_FILE = basename(LOADER_PATH.loadedFile);

export const resultFile = (stateDirectory: string): string => join(stateDirectory, RESULT_FILE);
export const loadedFile = (stateDirectory: string): string => join(stateDirectory, LOADED_FILE);

/** Why the driver can't be called loaded; `undefined`: it is what `load` left behind. */
export const lossOf = (
  result: LoadResult | undefined,
  live: ReadonlyMap<string, LiveModule>,
  bootID: string,
): string | undefined => {
  if (result === undefined) return 'there is no result of loading';
  if (result.kind !== 'DriverLoaded') return `loading failed: ${result.failure?.code ?? 'no reason given'}`;
  if (result.bootID !== bootID) return 'the result is of another boot';
  const lost = result.modules.find(({ name, srcversion }) => live.get(name)?.srcversion !== srcversion);
  if (lost === undefined) return undefined;
  return live.has(lost.name) ? `${lost.name} was replaced` : `${lost.name} is not loaded any more`;
};

/** Looks once, and makes or removes the file that says that the driver is loaded. Gives the loss. */
export const lookOnce = async ({ stateDirectory, sysDirectory }: WatchSettings): Promise<string | undefined> => {
  const result = readLoadResult((await textOf(resultFile(stateDirectory))) ?? '');
  const live = await liveModules(
    sysDirectory,
    (result?.modules ?? []).map(({ name }) => name),
  );
  const bootID = ((await textOf('/proc/sys/kernel/random/boot_id')) ?? '').trim();
  const loss = lossOf(result, live, bootID);
  // Written or removed each time, whoever else touched it: readiness follows within one look.
  if (loss === undefined) await writeFile(loadedFile(stateDirectory), '');
  else await rm(loadedFile(stateDirectory), { force: true });
  return loss;
};

/** Looks until the signal is aborted; says what changes. Never loads or unloads: only the operator makes another attempt. */
export const watch = async (settings: WatchSettings, log: Log, signal: AbortSignal): Promise<void> => {
  let last: string | undefined | null = null;
  while (!signal.aborted) {
    const loss = await lookOnce(settings);
    if (loss !== last && loss === undefined) log.info('the driver is loaded');
    if (loss !== last && loss !== undefined) log.warn('the driver is not loaded', { why: loss });
    last = loss;
    await delay(settings.intervalSeconds * 1000, undefined, { signal }).catch(() => undefined);
  }
  // Ready no longer: nobody looks.
  await rm(loadedFile(settings.stateDirectory), { force: true });
};
