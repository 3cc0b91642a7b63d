import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { realDriver } from '../../cli/first-run/real-driver';
import { OperatorError } from '../../lib/base/errors';
import { kernelHeaders, requireHeaders } from '../drivers/sample-driver';

// Compilers and TLS on a machine that may be busy.
jest.setTimeout(300_000);

const FIXTURES = join(__dirname, '../fixtures');
const VERSION = '4.4.5.118-k8s.4';

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'first-run-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Copies of the fixtures, to be spoilt. */
const places = (more: { modules?: string } = {}) => {
  cpSync(FIXTURES, directory, { recursive: true });
  const [sources, prebuilt] = [join(directory, 'sample-driver'), join(directory, 'prebuilt-driver')];
  return { sources, prebuilt, modules: join(directory, 'no-kernels'), ...more };
};
const prebuiltFile = (): string =>
  join(directory, 'prebuilt-driver', readdirSync(join(FIXTURES, 'prebuilt-driver'))[0] ?? '');
const temporary = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('weka-operator-first-run-'));

const failure = async (work: Promise<unknown>): Promise<OperatorError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof OperatorError)) throw new Error('it did not fail', { cause: error });
  return error;
};

describe('the driver of the first run', () => {
  test('without kernel headers is the prebuilt one, and the story says so', async () => {
    const before = temporary();
    const driver = await realDriver(VERSION, places());
    expect(driver).toMatchObject({ wekaVersion: VERSION, kernel: '6.1.0-56-cloud-amd64', architecture: 'amd64' });
    expect(driver.modules.map(({ name }) => name)).toEqual(['wekafsgw', 'wekafsio']);
    expect(driver.story).toMatch(/made +prebuilt, because this machine has no kernel headers/);
    expect(driver.story).toMatch(/served +3380 bytes, over TLS/);
    expect(temporary()).toEqual(before);
  });

  test('is the prebuilt one where its build fails, and the story says why', async () => {
    const kernels = join(directory, 'kernels');
    const there = places({ modules: kernels });
    cpSync(join(FIXTURES, 'sample-driver'), join(kernels, '6.1.0/build'), { recursive: true });
    const { story } = await realDriver(VERSION, there);
    expect(story).toMatch(/prebuilt, because .*6\.1\.0/);
  });

  test('is refused by the loader where somebody has spoilt it', async () => {
    const there = places();
    const bytes = readFileSync(prebuiltFile());
    writeFileSync(prebuiltFile(), bytes.subarray(0, bytes.length / 2));
    expect(await failure(realDriver(VERSION, there))).toMatchObject({ code: 'ArchiveUnsafe' });
  });

  test('of a version that is not prebuilt is missing, by name', async () => {
    const error = await failure(realDriver('9.9.9', places()));
    expect(error.message).toMatch(/prebuilt-driver.*no package for WEKA 9\.9\.9/);
  });

  test('built where headers exist has the modules of the prebuilt one: it is of the sources beside it', async () => {
    const found = await kernelHeaders();
    if (!requireHeaders(found)) return;
    const { release, modulesDirectory } = found.kernel;
    const built = await realDriver(VERSION, places({ modules: dirname(modulesDirectory) }));
    expect(built.story).toMatch(new RegExp(`made +built \\S+${release}\\S+ from`));
    expect(built.compiler).toMatch(/^gcc /);
    const prebuilt = await realDriver(VERSION, places());
    expect(prebuilt.modules).toEqual(built.modules);
    expect(existsSync(join(directory, 'sample-driver/wekafsio.ko'))).toBe(false);
  });
});
