import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KbuildSource } from '../../../agents/drivers-builder/kbuild-source';
import type { BuildContext } from '../../../agents/drivers-builder/driver-source';
import { findSource } from '../../../agents/drivers-builder/prepare';
import { listsPack, releaseVersion, WekaCliSource } from '../../../agents/drivers-builder/weka-cli-source';
import { readModuleInfo } from '../../../lib/drivers/module-info';
import { scratch } from '../../drivers/sample-driver';
import { aModule } from '../../drivers/module-file';
import { installWeka, wekaState } from '../../fakes/weka/install';
import { containerPaths, partsFor, settingsFor, writeFiles } from './container';

jest.setTimeout(60_000);

const kernel = '6.1.0-56';
let root: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ path: root, remove } = await scratch());
});
afterEach(() => remove());

/** An image with WEKA's command and the modules of one version; another kernel's lie there, too. */
const image = async ({ canPack = true, release = ['4.4.5.118.spec'], running = kernel } = {}) => {
  const paths = containerPaths(root);
  const modules: string[] = [];
  await mkdir(join(root, 'modules'));
  for (const name of ['wekafsio', 'wekafsgw']) {
    const depends = name === 'wekafsio' ? 'wekafsgw' : '';
    modules.push(join(root, 'modules', `${name}.ko`));
    await writeFile(modules.at(-1) ?? '', aModule({ modinfo: { name, depends, vermagic: `${kernel} SMP ` } }));
  }
  const old = join(paths.weka, 'dist/drivers/old.ko');
  await writeFiles({ [old]: '' });
  await writeFile(old, aModule({ modinfo: { name: 'wekafsio', vermagic: '5.4.0 SMP ' } }));
  await writeFiles(Object.fromEntries(release.map((name) => [join(paths.weka, 'dist/release', name), ''])));
  const bin = join(root, 'bin');
  await installWeka(bin, { directory: paths.weka, canPack, drivers: { '4.4.5.118': modules }, kernel });
  const { parts, said } = partsFor(paths, bin);
  const settings = settingsFor(kernel, { target: { wekaVersion: '4.4.5.118-k8s.4', kernel, architecture: 'amd64' } });
  const machine = { ...parts.machine, runningKernel: running };
  const context: BuildContext = { ...settings, host: parts.host, log: parts.log, machine, signal: parts.stop };
  return { paths, context, said, bin };
};

describe('an image with WEKA’s own command', () => {
  test('builds with it: the modules of the archive that it leaves, for this kernel only', async () => {
    const { context, paths, bin, said } = await image();
    const source = await findSource(context, paths);
    expect(source.name).toBe('weka driver');
    const modules = (await source.build(context, undefined as never)).map(readModuleInfo);
    expect(modules.map((read) => ('module' in read ? read.module.name : read.problem))).toEqual([
      'wekafsgw',
      'wekafsio',
    ]);
    expect((await wekaState(bin)).packed).toEqual(['4.4.5.118']);
    expect(said.map(({ line }) => line)).toContain('Packed the drivers of 4.4.5.118');
  });

  test('builds for the kernel that runs, and no other', async () => {
    const { context, paths, bin } = await image({ running: '6.1.0-55' });
    const source = await findSource(context, paths);
    await expect(source.build(context, undefined as never)).rejects.toMatchObject({
      code: 'KernelNotBooted',
      parameters: { node: 'node-1', running: '6.1.0-55', kernel },
    });
    expect((await wekaState(bin)).packed).toEqual([]);
  });

  test('fails with what the command says', async () => {
    const { context, paths } = await image({ release: ['4.4.6.spec'] });
    const source = await findSource(context, paths);
    await expect(source.build(context, undefined as never)).rejects.toMatchObject({
      code: 'BuildFailed',
      parameters: { kernel, error: 'error: Version missing: 4.4.6' },
    });
  });

  test('too old to pack: driver sources are built, or their absence is told', async () => {
    const { context, paths } = await image({ canPack: false });
    await context.host.emptyScratch();
    await expect(findSource(context, paths)).rejects.toMatchObject({ code: 'DriverSourcesMissing' });
    await writeFiles({ [join(paths.driverSources, 'Kbuild')]: 'obj-m := a.o\n' });
    expect(await findSource(context, paths)).toBeInstanceOf(KbuildSource);
  });

  test('is preferred to driver sources', async () => {
    const { context, paths } = await image();
    await writeFiles({ [join(paths.driverSources, 'Kbuild')]: 'obj-m := a.o\n' });
    expect(await findSource(context, paths)).toBeInstanceOf(WekaCliSource);
  });
});

test.each([
  [['4.4.5.118.spec'], '4.4.5.118'],
  [['4.4.5.118.spec.bak'], '4.4.5.118'],
  [['4.4.5.spec', '4.4.6.spec'], undefined],
  [['notes'], undefined],
  [[], undefined],
])('the release files %j are version %s', (names, version) => {
  expect(releaseVersion(names)).toBe(version);
});

test.each([
  [['Commands:', '  pack    Creates driver package.'], true],
  [['Commands:', '  unpack'], false],
  [['a package'], false],
])('help %j lists pack: %s', (lines, expected) => {
  expect(listsPack(lines)).toBe(expected);
});
