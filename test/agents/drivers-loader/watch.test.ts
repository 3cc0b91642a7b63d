import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookOnce, loadedFile, lossOf, resultFile, watch } from '../../../agents/drivers-loader/watch';
import { silentLog } from '../../../agents/shared/log';
import type { LoadResult } from '../../../lib/drivers/agent-result';
import { resultMessage } from '../../../lib/drivers/agent-result';

const RESULT: LoadResult = {
  kind: 'DriverLoaded',
  how: 'loaded',
  bootID: 'boot',
  kernel: '6.1',
  wekaVersion: '4.4',
  modules: [
    { name: 'wekafsgw', srcversion: 'G' },
    { name: 'wekafsio', srcversion: 'I' },
  ],
};

describe('the driver is', () => {
  const live = (name: string, srcversion: string) => [name, { name, srcversion, holders: [] }] as const;
  const both = [live('wekafsgw', 'G'), live('wekafsio', 'I')];
  const failed = { ...RESULT, kind: 'DriverLoadFailed', failure: { code: 'DriverInUse', parameters: {} } } as const;
  test.each<[string, LoadResult | undefined, ReturnType<typeof live>[], string, string | undefined]>([
    ['loaded', RESULT, both, 'boot', undefined],
    ['not known to be', undefined, both, 'boot', 'there is no result of loading'],
    ['not loaded', failed, both, 'boot', 'loading failed: DriverInUse'],
    ['gone', RESULT, [both[0]!], 'boot', 'wekafsio is not loaded any more'],
    ['replaced', RESULT, [both[0]!, live('wekafsio', 'X')], 'boot', 'wekafsio was replaced'],
    ['that of another boot', RESULT, both, 'other', 'the result is of another boot'],
  ])('%s', (_, result, modules, bootID, loss) => {
    expect(lossOf(result, new Map(modules), bootID)).toBe(loss);
  });
});

describe('on a sysfs', () => {
  let directory: string;
  let bootID: string;
  const settings = () => ({ stateDirectory: join(directory, 'state'), sysDirectory: directory, intervalSeconds: 0.02 });
  const exists = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );
  const isReady = (): Promise<boolean> => exists(loadedFile(settings().stateDirectory));
  const until = async (state: boolean): Promise<void> => {
    while ((await isReady()) !== state) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const addModule = async (name: string, srcversion: string): Promise<void> => {
    await mkdir(join(directory, 'module', name, 'holders'), { recursive: true });
    await writeFile(join(directory, 'module', name, 'initstate'), 'live\n');
    await writeFile(join(directory, 'module', name, 'srcversion'), `${srcversion}\n`);
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weka-operator-watch-'));
    bootID = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    await mkdir(join(directory, 'state'));
    await writeFile(resultFile(settings().stateDirectory), resultMessage({ ...RESULT, bootID }));
    await addModule('wekafsgw', 'G');
    await addModule('wekafsio', 'I');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test('a file says that the driver is loaded, as long as it is; it comes back with it, and ends with the watch', async () => {
    const stop = new AbortController();
    const watching = watch(settings(), silentLog, stop.signal);
    await until(true);
    await rm(join(directory, 'module', 'wekafsio'), { recursive: true });
    await until(false);
    await addModule('wekafsio', 'I');
    await until(true);
    stop.abort();
    await watching;
    expect(await isReady()).toBe(false);
  });

  test('a module that is built into the kernel, or half gone, is not loaded', async () => {
    await rm(join(directory, 'module', 'wekafsio', 'initstate'));
    expect(await lookOnce(settings())).toBe('wekafsio is not loaded any more');
  });

  test('a result that is no result is no reason to end', async () => {
    await writeFile(resultFile(settings().stateDirectory), '{"schema":1,"kind":"DriverLo');
    await writeFile(loadedFile(settings().stateDirectory), '');
    expect(await lookOnce(settings())).toBe('there is no result of loading');
    expect(await isReady()).toBe(false);
  });
});
