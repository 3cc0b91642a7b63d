import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { BuiltPackage } from '../../../agents/drivers-builder/build';
import { buildPackage } from '../../../agents/drivers-builder/build';
import type { BuilderSettings } from '../../../agents/drivers-builder/settings';
import type { ArchiveFile } from '../../../agents/shared/archive';
import { readArchive, readEntry } from '../../../agents/shared/archive';
import { failureOf } from '../../../agents/shared/failure';
import { readModuleInfo } from '../../../lib/drivers/module-info';
import type { PackageManifest } from '../../../lib/drivers/package-manifest';
import { readManifest } from '../../../lib/drivers/package-manifest';
import { failureText } from '../../../lib/drivers/failure-text';
import type { Kernel } from '../../node/vm/kernel';
import { kernelHeaders, requireHeaders, scratch } from '../../drivers/sample-driver';
import type { containerPaths } from './container';
import { partsFor, prepareContainer, settingsFor, writeFiles } from './container';

jest.setTimeout(300_000);

const unpack = async ({ archive }: BuiltPackage): Promise<{ manifest: PackageManifest; modules: ArchiveFile[] }> => {
  const files: ArchiveFile[] = [];
  for await (const entry of readArchive(Readable.from([archive])))
    files.push({ name: entry.name, content: await readEntry(entry) });
  const [first, ...modules] = files;
  const read = readManifest(first?.content.toString() ?? '');
  if ('problem' in read) throw new Error(read.problem);
  return { manifest: read.manifest, modules };
};

/** Runs of one test, each in a container of its own. */
let kernel: Kernel | undefined;
const roots: (() => Promise<void>)[] = [];
beforeAll(async () => {
  const found = await kernelHeaders();
  if (requireHeaders(found)) kernel = found.kernel;
});
afterAll(() => Promise.all(roots.map((remove) => remove())));

const withKernel = (name: string, run: (kernel: Kernel) => Promise<void>): void =>
  test(name, async () => {
    if (kernel !== undefined) await run(kernel);
  });

interface Attempt {
  readonly settings?: Partial<BuilderSettings>;
  /** Changes the container before the build. */
  readonly change?: (paths: ReturnType<typeof containerPaths>) => Promise<unknown>;
  readonly searchPath?: string;
  readonly place?: string;
}

const attempt = async (on: Kernel, { settings, change, searchPath, place = '' }: Attempt = {}) => {
  const { path, remove } = await scratch();
  roots.push(remove);
  const paths = await prepareContainer(join(path, place), on);
  await change?.(paths);
  const { parts, said, steps, stopping } = partsFor(paths, searchPath);
  const building = buildPackage(settingsFor(on.release, settings), parts);
  return { building, said, steps, stopping, paths };
};

/** The text that a user reads of a build that fails. */
const failing = async (on: Kernel, what: Attempt): Promise<string> => {
  const { building } = await attempt(on, what);
  return building.then(
    () => 'it was built',
    (error: unknown) => failureText(failureOf(error)),
  );
};

const script = (text: string): Partial<BuilderSettings> => ({ preRunScript: text });

describe('a build with the headers of a real kernel', () => {
  let reference: BuiltPackage;
  withKernel('gives a package whose modules are stripped, described and in the order of loading', async (on) => {
    const { building, steps, said } = await attempt(on);
    reference = await building;
    const { manifest, modules } = await unpack(reference);
    expect(manifest).toMatchObject({
      schema: 1,
      wekaVersion: '4.4.2.118',
      kernel: on.release,
      architecture: 'amd64',
      toolchain: { compiler: reference.compiler, builder: 'kbuild', make: expect.stringContaining('Make') },
    });
    expect(manifest.modules.map(({ name, depends }) => [name, depends])).toEqual([
      ['wekafsgw', []],
      ['wekafsio', ['wekafsgw']],
    ]);
    for (const { content, name } of modules) {
      expect(content.includes('.debug_info')).toBe(false);
      const read = readModuleInfo(content);
      const described = manifest.modules.find(({ file }) => file === name);
      expect(described).toMatchObject({ version: '4.4.2.118', srcversion: expect.stringMatching(/^[0-9A-F]{23}$/) });
      expect('module' in read && read.module.vermagic).toBe(described?.vermagic);
    }
    expect(steps).toEqual(['validating', 'preparing', 'building']);
    expect(said.some(({ line }) => String(line).includes('LD [M]'))).toBe(true);
  });

  withKernel('gives the same bytes in another directory, environment, and over what a killed run left', async (on) => {
    const before = { ...process.env };
    try {
      Object.assign(process.env, { KCFLAGS: '-DNOISE', LANG: 'de_DE.UTF-8', TZ: 'Asia/Tokyo', M: '/nowhere' });
      const { building } = await attempt(on, {
        place: 'a/much-longer/path',
        change: ({ scratch: directory }) =>
          writeFiles({
            [join(directory, 'source/wekafsgw.ko')]: 'half a module',
            [join(directory, 'source/.wekafsgw.o.cmd')]: 'savedcmd',
            [join(directory, 'source/stale.ko')]: 'of another build',
          }),
      });
      const again = await building;
      expect(again.sha256).toBe(reference.sha256);
      expect(again.archive.equals(reference.archive)).toBe(true);
    } finally {
      process.env = before;
    }
  });

  withKernel('gives other bytes for other sources; each of extraBuildArgs is one argument', async (on) => {
    const extraBuildArgs = ['KCFLAGS=-DSAMPLE_EXTRA -DOTHER=$(id)', 'NAME=two words; exit 1', 'V=1'];
    const { building, said } = await attempt(on, {
      settings: { extraBuildArgs },
      change: async ({ driverSources }) => {
        const file = join(driverSources, 'wekafsgw.c');
        await writeFile(file, `#ifndef SAMPLE_EXTRA\n#error no flag\n#endif\n${await readFile(file, 'utf8')}`);
        await writeFile(join(driverSources, 'Kbuild'), 'obj-m := wekafsgw.o wekafsio.o\n$(info name is $(NAME))\n');
        await writeFile(join(driverSources, 'version.h'), '#define SAMPLE_DRIVER_VERSION "4.4.5"\n');
      },
    });
    const other = await building;
    expect(other.sha256).not.toBe(reference.sha256);
    expect((await unpack(other)).manifest.modules.map(({ version }) => version)).toEqual(['4.4.5', '4.4.5']);
    expect(said.map(({ line }) => line)).toContain('name is two words; exit 1');
  });

  withKernel('runs the pre-run script before, by its own interpreter or by sh, and tells it the kernel', async (on) => {
    for (const first of ['#!/bin/sh -e\n', '']) {
      const { building, said } = await attempt(on, {
        settings: script(`${first}echo "for $TARGET_KERNEL as $(id -u), url $GATEWAY_URL"; exit 3\n`),
      });
      await expect(building).rejects.toMatchObject({ code: 'PreRunScriptFailed' });
      expect(said.map(({ line }) => line)).toContain(`for ${on.release} as ${process.getuid?.() ?? ''}, url `);
    }
  });
});

describe('a build that fails says why, and what helps', () => {
  const cases: Record<string, [Attempt, string | RegExp]> = {
    'another kernel': [
      { settings: { target: { wekaVersion: '1', kernel: '6.6.6-gone', architecture: 'amd64' } } },
      /^Kernel 6\.6\.6-gone is not installed on node-1: .*\/lib\/modules\/6\.6\.6-gone is not there\./,
    ],
    'another architecture': [
      { settings: { target: { wekaVersion: '1', kernel: 'x', architecture: 'arm64' } } },
      /^Drivers for arm64 are not built on node-1, which is amd64\./,
    ],
    'a script that fails': [
      { settings: script('echo "E: Unable to locate package gcc-99" >&2; exit 100') },
      /^The pre-run script ended with 100: E: Unable to locate package gcc-99\. Correct builderPreRunScript/,
    ],
    'a script whose interpreter is not there': [
      { settings: script('#!/usr/bin/no-such-shell\n') },
      /^The pre-run script could not be started \(spawn .*pre-run-script ENOENT\): it said nothing\./,
    ],
    'no headers': [
      {
        change: async (paths) => {
          const modules = join(paths.scratch, '../own-modules');
          await writeFiles({ [join(modules, kernel?.release ?? '', 'modules.dep')]: '' });
          Object.assign(paths, { modules });
        },
      },
      /^The headers of kernel \S+ are missing on node-1: \S+\/build is not there\. Install linux-headers-\S+ on node-1;/,
    ],
    'no compiler': [
      { searchPath: '/nowhere' },
      /no gcc-12, make, ld; kernel \S+ was built with gcc-12 .*apt-get install -y gcc-12 make binutils\)/,
    ],
    'no sources': [
      { change: ({ driverSources }) => rm(driverSources, { recursive: true }) },
      /^The image of the builder has neither a weka command that packs drivers nor driver sources in \S+\/sources\./,
    ],
    'sources that do not compile': [
      {
        change: async ({ driverSources }) => {
          const files = { 'wekafsio.c': 'int b = gone;\n', 'wekafsgw.c': '\nint a = inode->i_gone;\n' };
          for (const [name, text] of Object.entries(files)) await writeFile(join(driverSources, name), text);
        },
      },
      /^Building for kernel \S+ failed: wekafsgw\.c:2:9: error: .inode. undeclared here .*\. Make sure that the image of the builder supports this kernel, else name another one in builderImageOverride; .*extraBuildArgs/,
    ],
    'a symbol that nobody has': [
      {
        change: ({ driverSources }) =>
          writeFile(
            join(driverSources, 'wekafsgw.c'),
            '#include <linux/module.h>\nint gone(void);\nstatic int __init start(void) { return gone(); }\nmodule_init(start);\nMODULE_LICENSE("GPL");\n',
          ),
      },
      /failed: ERROR: modpost: "gone" \[.*wekafsgw\.ko\] undefined!\./,
    ],
    'an argument that the compiler does not know': [
      { settings: { extraBuildArgs: ['KCFLAGS=-fno-such-flag'] } },
      /failed: gcc\S*: error: unrecognized command-line option .-fno-such-flag./,
    ],
    'nothing to build': [
      { change: ({ driverSources }) => writeFile(join(driverSources, 'Kbuild'), '# nothing\n') },
      /^What was built for kernel \S+ cannot be used: no module came of it\./,
    ],
    'time that is up in the script': [
      { settings: { ...script('sleep 600 & sleep 600'), timeout: { text: '1s', ms: 1000 } } },
      /^Building for kernel \S+ was not done within 1s; it was busy with the pre-run script and the check of headers and compiler\. Verify with uname -r on node-1 that the headers match the kernel, and that linux-headers-\$\(uname -r\) is present there before the build starts;/,
    ],
    'time that is up in the build': [
      {
        settings: { timeout: { text: '5s', ms: 5000 } },
        change: ({ driverSources }) =>
          writeFile(join(driverSources, 'Kbuild'), 'obj-m := wekafsgw.o\n$(info $(shell sleep 600))\n'),
      },
      /^Building for kernel \S+ was not done within 5s; it was busy with the build\./,
    ],
  };
  for (const [name, [what, expected]] of Object.entries(cases)) {
    withKernel(name, async (on) => expect(await failing(on, what)).toMatch(expected));
  }

  withKernel('and says the same each time', async (on) => {
    const [what] = cases['sources that do not compile'] as [Attempt, RegExp];
    const texts = [await failing(on, what), await failing(on, what)];
    expect(new Set(texts).size).toBe(1);
  });

  withKernel('a Pod that is deleted is no failed build: nothing is left running, nothing is told', async (on) => {
    const { building, stopping, said } = await attempt(on, { settings: script('echo begun; sleep 600') });
    const outcome = building.catch((error: unknown) => error);
    while (!said.some(({ line }) => line === 'begun')) await new Promise((resolve) => setTimeout(resolve, 5));
    stopping.abort(new Error('stopped by SIGTERM'));
    expect(await outcome).toEqual(new Error('stopped by SIGTERM'));
  });

  withKernel('tools of the headers that do not run in this image', async (on) => {
    const text = await failing(on, {
      change: async (paths) => {
        const modules = join(paths.scratch, '../own-modules');
        const own = join(modules, on.release, 'build');
        await writeFiles({ [join(own, 'scripts/basic/fixdep')]: '\x7fELF of another world' }, 0o755);
        await writeFiles({ [join(own, 'scripts/mod/modpost')]: '' });
        for (const name of ['Makefile', 'include', '.config'])
          await symlink(join(on.headersDirectory, name), join(own, name));
        Object.assign(paths, { modules });
      },
    });
    expect(text).toMatch(
      /^The build tools of kernel \S+ on node-1 do not run in the image of the builder: they are no programs for this machine\. Name an image in builderImageOverride/,
    );
  });
});
