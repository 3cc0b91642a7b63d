import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Ended } from '../../../agents/drivers-builder/host';
import { LinuxHost } from '../../../agents/drivers-builder/linux-host';
import type { BuilderPaths } from '../../../agents/drivers-builder/settings';
import { scratch } from '../../drivers/sample-driver';
import { containerPaths, writeFiles } from './container';

jest.setTimeout(60_000);

let root: string;
let remove: () => Promise<void>;
let paths: BuilderPaths;
let host: LinuxHost;
beforeEach(async () => {
  ({ path: root, remove } = await scratch());
  paths = containerPaths(root);
  host = new LinuxHost(paths, `${join(root, 'bin')}::/nowhere`);
});
afterEach(() => remove());

const kernel = '6.1.0-56';
const build = (name = ''): string => join(root, 'usr/src', `linux-headers-${kernel}`, name);
const headerFiles = (): Record<string, string> => ({
  [build('Makefile')]: '',
  [build('include/generated/autoconf.h')]: '',
  [build('include/config/kernel.release')]: '6.1.192\n',
  [build('include/generated/utsrelease.h')]: `#define UTS_RELEASE "${kernel}"\n`,
  [build('include/config/auto.conf')]: 'CONFIG_X=y\nCONFIG_CC_VERSION_TEXT="gcc-12 (Debian 12.2.0-14) 12.2.0"\n',
});
const kbuild = (name: string): string => join(root, 'usr/lib/linux-kbuild-6.1', name);
const installHeaders = async (): Promise<void> => {
  await writeFiles(headerFiles());
  await symlink('../../lib/linux-kbuild-6.1/scripts', build('scripts'));
  await mkdir(join(paths.modules, kernel), { recursive: true });
  await symlink(build(), join(paths.modules, kernel, 'build'));
};

describe('headers', () => {
  const missing = async (): Promise<readonly string[]> => (await host.headers(kernel)).missing;

  test('are whole when all that a build needs is there', async () => {
    await installHeaders();
    await writeFiles({ [kbuild('scripts/mod/modpost')]: '', [kbuild('scripts/basic/fixdep')]: '' });
    const directory = join(paths.modules, kernel, 'build');
    expect(await host.headers(kernel)).toEqual({
      directory,
      missing: [],
      release: kernel,
      compiler: 'gcc-12 (Debian 12.2.0-14) 12.2.0',
      tools: [join(directory, 'scripts/basic/fixdep')],
    });
  });

  test('missing altogether: the directory that is not there is named', async () => {
    await mkdir(join(paths.modules, kernel), { recursive: true });
    expect(await missing()).toEqual([join(paths.modules, kernel, 'build')]);
  });

  test('a link that leads nowhere: what is missing is where it leads', async () => {
    await mkdir(join(paths.modules, kernel), { recursive: true });
    await symlink('/usr/src/linux-headers-gone', join(paths.modules, kernel, 'build'));
    expect(await missing()).toEqual(['/usr/src/linux-headers-gone']);
  });

  test('a link inside of them that leads nowhere, too', async () => {
    await installHeaders();
    expect(await missing()).toEqual([join(root, 'usr/lib/linux-kbuild-6.1/scripts')]);
  });

  test('a file of them that is not there', async () => {
    await installHeaders();
    await writeFiles({ [kbuild('scripts/basic/fixdep')]: '' });
    expect(await missing()).toEqual([join(paths.modules, kernel, 'build/scripts/mod/modpost')]);
  });

  test('links that lead to each other end', async () => {
    await mkdir(join(paths.modules, kernel), { recursive: true });
    await symlink('build', join(paths.modules, kernel, 'build'));
    expect(await missing()).toEqual([join(paths.modules, kernel, 'build')]);
  });

  test('the compiler of the kernel is found in each of the places where it may be told', async () => {
    const directory = join(paths.modules, kernel, 'build');
    await writeFiles({
      [join(directory, 'include/generated/compile.h')]: '#define LINUX_COMPILER "gcc 9.4.0, GNU ld"\n',
    });
    expect((await host.headers(kernel)).compiler).toBe('gcc 9.4.0, GNU ld');
    await writeFiles({ [join(directory, '.config')]: 'CONFIG_CC_VERSION_TEXT="gcc-11 11.4.0"\n' });
    expect((await host.headers(kernel)).compiler).toBe('gcc-11 11.4.0');
  });
});

describe('what lies in /usr/lib of the node', () => {
  test('is linked where the headers look for it, whether it is a directory or a link there; what the image has stays', async () => {
    await writeFiles({
      [join(paths.nodeLibraries, 'linux-kbuild-6.1/scripts/mod/modpost')]: '',
      [join(paths.nodeLibraries, 'linux-kbuild-6.12/x')]: '',
      [join(paths.nodeLibraries, 'libc.so')]: '',
      [join(paths.libraries, 'linux-kbuild-6.12/own')]: '',
    });
    await symlink('../src/linux-kbuild-5.10', join(paths.nodeLibraries, 'linux-kbuild-5.10'));
    expect(await host.linkNodeLibraries()).toEqual(['linux-kbuild-5.10', 'linux-kbuild-6.1']);
    expect(await readlink(join(paths.libraries, 'linux-kbuild-5.10'))).toBe('../src/linux-kbuild-5.10');
    expect(await readlink(join(paths.libraries, 'linux-kbuild-6.1'))).toBe(
      join(paths.nodeLibraries, 'linux-kbuild-6.1'),
    );
    expect(await readdir(join(paths.libraries, 'linux-kbuild-6.12'))).toEqual(['own']);
    expect((await readdir(paths.libraries)).sort()).toEqual([
      'linux-kbuild-5.10',
      'linux-kbuild-6.1',
      'linux-kbuild-6.12',
    ]);
  });

  test('is done again after a crash, and nothing where nothing is mounted', async () => {
    expect(await host.linkNodeLibraries()).toEqual([]);
    await writeFiles({ [join(paths.nodeLibraries, 'linux-kbuild-6.1/x')]: '', [join(paths.libraries, 'y')]: '' });
    await host.linkNodeLibraries();
    expect(await host.linkNodeLibraries()).toEqual([]);
  });

  test('tells the distribution', async () => {
    expect(await host.nodeOs()).toEqual({ id: '', like: [] });
    await writeFiles({ [join(paths.nodeLibraries, 'os-release')]: 'ID=ubuntu\nID_LIKE=debian\n' });
    expect(await host.nodeOs()).toEqual({ id: 'ubuntu', like: ['debian'] });
  });
});

test('a program is an executable file on the search path, the first of the names that is there', async () => {
  await writeFiles({ [join(root, 'bin/gcc-12')]: '' });
  await mkdir(join(root, 'bin/gcc'));
  expect(await host.findProgram(['gcc-12', 'gcc'])).toBeUndefined();
  await chmod(join(root, 'bin/gcc-12'), 0o755);
  expect(await host.findProgram(['gcc-13', 'gcc-12', 'gcc'])).toBe(join(root, 'bin/gcc-12'));
});

test('the machine tells its architecture, kernel and libc', () => {
  const { architecture, runningKernel, libc } = host.machine();
  expect(architecture).toMatch(/^(amd64|arm64)$/);
  expect(runningKernel).not.toBe('');
  expect(libc).toMatch(/^(glibc \d+\.\d+)?$/);
});

describe('the scratch directory', () => {
  test('is emptied, and stays', async () => {
    await host.emptyScratch();
    await writeFiles({ [join(paths.scratch, 'source/.left/over')]: '' });
    const { ino } = await stat(paths.scratch);
    await host.emptyScratch();
    expect(await readdir(paths.scratch)).toEqual([]);
    expect((await stat(paths.scratch)).ino).toBe(ino);
  });

  test('takes a script that only root may read and run', async () => {
    await host.emptyScratch();
    const path = await host.writeScript('#!/bin/sh\n');
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  test('takes a copy of driver sources, if there are any', async () => {
    await host.emptyScratch();
    expect(await host.copySources()).toBeUndefined();
    await writeFiles({ [join(paths.driverSources, 'README')]: '' });
    expect(await host.copySources()).toBeUndefined();
    await writeFiles({ [join(paths.driverSources, 'Makefile')]: 'obj-m', [join(paths.driverSources, 'a/b.c')]: 'b' });
    const copy = await host.copySources();
    expect(copy).toBe(join(paths.scratch, 'source'));
    expect(await readFile(join(copy ?? '', 'a/b.c'), 'utf8')).toBe('b');
  });
});

describe('modules', () => {
  test('are found in any depth, in files and in archives, in the order of their paths', async () => {
    const tar = pack();
    const chunks: Buffer[] = [];
    tar.on('data', (chunk) => chunks.push(chunk as Buffer));
    tar.entry({ name: 'drivers/', type: 'directory' });
    tar.entry({ name: 'drivers/z.ko' }, 'tar z');
    tar.entry({ name: 'drivers/link.ko', type: 'symlink', linkname: '/etc/shadow' });
    tar.entry({ name: '../a.ko' }, 'tar a');
    tar.entry({ name: 'drivers/notes' }, 'x'.repeat(5000));
    tar.finalize();
    await new Promise<void>((resolve) => tar.on('end', () => resolve()));
    await writeFiles({
      [join(root, 'm/b/wekafsio.ko')]: 'b',
      [join(root, 'm/c.txt')]: 'c',
      [join(root, 'm/a.ko')]: 'a',
    });
    await writeFile(join(root, 'm/b.tar.gz'), gzipSync(Buffer.concat(chunks)));
    await symlink('/etc/passwd', join(root, 'm/passwd.ko'));
    const texts = (await host.readModules(join(root, 'm'))).map(String);
    expect(texts).toEqual(['a', 'tar a', 'tar z', 'b']);
    expect(await host.moduleFiles(join(root, 'm'))).toEqual([join(root, 'm/a.ko'), join(root, 'm/b/wekafsio.ko')]);
  });

  test('of an archive that is damaged are none: it fails', async () => {
    await writeFiles({ [join(root, 'm/a.zip')]: 'no zip' });
    await expect(host.readModules(join(root, 'm'))).rejects.toThrow();
    await writeFiles({ [join(root, 'n/a.tar.gz')]: 'no gzip' });
    await expect(host.readModules(join(root, 'n'))).rejects.toThrow();
  });
});

/** Whether a process runs; one that has ended and that nobody has asked for its exit code doesn't. */
const runs = async (pid: number): Promise<boolean> =>
  /\) [^ZX] /.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));

describe('running a program', () => {
  const run = async (
    program: string,
    args: string[],
    signal = new AbortController().signal,
  ): Promise<{ ended: Ended; lines: string[] }> => {
    const lines: string[] = [];
    const ended = await host.run({ program, args, env: { A: 'b' } }, { onLine: (line) => lines.push(line), signal });
    return { ended, lines };
  };

  test('gives its end and its lines, from both outputs', async () => {
    expect(await run('/bin/sh', ['-c', 'echo one; echo two >&2; printf three; exit 7'])).toEqual({
      ended: { how: 'exited', code: 7 },
      lines: expect.arrayContaining(['one', 'two', 'three']),
    });
  });

  test('hands its arguments over as they are, and no more environment than it is given', async () => {
    const { lines } = await run('/usr/bin/env', [
      '--',
      '/bin/sh',
      '-c',
      'echo "$1"; env | grep -v ^PWD= | grep -v ^_= | grep -v ^SHLVL=',
      'sh',
      '$(id); *',
    ]);
    expect(lines).toEqual(['$(id); *', 'A=b']);
  });

  test('cuts a line without an end', async () => {
    const { lines } = await run('/bin/sh', ['-c', 'head -c 10000 /dev/zero | tr "\\0" x']);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(4096);
  });

  test('that is not there, or is killed', async () => {
    expect((await run('/nowhere/program', [])).ended).toEqual({
      how: 'not started',
      cause: 'spawn /nowhere/program ENOENT',
    });
    expect((await run('/bin/sh', ['-c', 'kill -9 $$'])).ended).toEqual({ how: 'killed', signal: 'SIGKILL' });
  });

  test('ends with all that it started when time is up', async () => {
    const stopping = new AbortController();
    const pids: number[] = [];
    const running = host.run(
      {
        program: '/bin/sh',
        args: ['-c', 'sleep 600 & echo $!; (trap "" TERM; echo $$; sleep 600)'],
        env: process.env as Record<string, string>,
      },
      {
        signal: stopping.signal,
        onLine: (line) => {
          pids.push(Number(line));
          if (pids.length === 2) stopping.abort(new Error('time is up'));
        },
      },
    );
    await expect(running).rejects.toThrow('time is up');
    expect(await Promise.all(pids.map(runs))).toEqual([false, false]);
  });

  test('does not wait for what it left behind, which is killed', async () => {
    const { lines, ended } = await run('/bin/sh', ['-c', '/bin/sleep 600 & echo $!']);
    expect(ended).toEqual({ how: 'exited', code: 0 });
    expect(await runs(Number(lines[0]))).toBe(false);
  });

  test('does not begin once time is up', async () => {
    await expect(
      run('/bin/sh', ['-c', `touch ${join(root, 'touched')}`], AbortSignal.abort(new Error('time is up'))),
    ).rejects.toThrow('time is up');
    expect(await readdir(root)).toEqual([]);
  });
});
