import { constants } from 'node:fs';
import {
  access,
  chmod,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { release } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { OsRelease } from '../../lib/drivers/build-headers';
import { readOsRelease } from '../../lib/drivers/build-headers';
import type { BuilderHost, Command, Ended, HeaderFacts, MachineFacts, Watch } from './host';
import { runProcess } from './linux-process';
import { modulesInArchive } from './packed-modules';
import type { BuilderPaths } from './settings';

/** What a directory of headers must hold, by its path below it. */
const REQUIRED = ['Makefile', 'include/generated/autoconf.h', 'scripts/mod/modpost', 'scripts/basic/fixdep'];
/** Programs of the headers that every build runs, where the kernel has them. */
const TOOLS = ['scripts/basic/fixdep', 'tools/objtool/objtool'];
const UTS_RELEASE = /^#define UTS_RELEASE\s+"(.*)"$/m;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The container that the agent runs in. The only file of this agent that touches the machine. */
export class LinuxHost implements BuilderHost {
  constructor(
    private readonly paths: BuilderPaths,
    private readonly searchPath = process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ) {}

  machine(): MachineFacts {
    const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
    const glibc = header?.glibcVersionRuntime;
    return {
      architecture: ARCHITECTURES[process.arch] ?? process.arch,
      runningKernel: release(),
      libc: glibc === undefined ? '' : `glibc ${glibc}`,
    };
  }

  async nodeOs(): Promise<OsRelease> {
    return readOsRelease(await textOf(join(this.paths.nodeLibraries, 'os-release')));
  }

  async kernelDirectory(kernel: string): Promise<{ path: string; there: boolean }> {
    const path = join(this.paths.modules, kernel);
    return { path, there: await exists(path) };
  }

  async headers(kernel: string): Promise<HeaderFacts> {
    const directory = join(this.paths.modules, kernel, 'build');
    const missing: string[] = [];
    for (const path of [directory, ...REQUIRED.map((name) => join(directory, name))]) {
      if (missing.length === 0 && !(await exists(path))) missing.push(await whereItLeads(path));
    }
    const tools: string[] = [];
    for (const name of TOOLS) if (await exists(join(directory, name))) tools.push(join(directory, name));
    return {
      directory,
      missing,
      // What vermagic is made of. Debian's include/config/kernel.release is another number.
      release: UTS_RELEASE.exec(await textOf(join(directory, 'include/generated/utsrelease.h')))?.[1] ?? '',
      compiler: await this.kernelCompiler(directory),
      tools,
    };
  }

  private async kernelCompiler(directory: string): Promise<string> {
    const configured = /^CONFIG_CC_VERSION_TEXT="(.*)"$/m;
    const generated = /^#define LINUX_COMPILER\s+"(.*)"$/m;
    for (const [file, pattern] of [
      ['include/config/auto.conf', configured],
      ['.config', configured],
      ['include/generated/compile.h', generated],
    ] as const) {
      const text = pattern.exec(await textOf(join(directory, file)))?.[1];
      if (text !== undefined) return text;
    }
    return '';
  }

  /** A crash in between leaves some links, which the next start finds and keeps. */
  async linkNodeLibraries(): Promise<readonly string[]> {
    const { nodeLibraries, libraries } = this.paths;
    const links: string[] = [];
    for (const name of (await this.namesIn(nodeLibraries)).filter((entry) => entry.startsWith('linux-kbuild-'))) {
      const [source, link] = [join(nodeLibraries, name), join(libraries, name)];
      if (await exists(link)) continue;
      // Where it is a link itself, its target is relative to the node's /usr/lib, and so must ours be.
      const target = await readlink(source).catch(() => source);
      await rm(link, { force: true });
      await symlink(target, link);
      links.push(name);
    }
    return links;
  }

  async findProgram(names: readonly string[]): Promise<string | undefined> {
    for (const name of names) {
      for (const directory of this.searchPath.split(delimiter).filter(Boolean)) {
        const path = join(directory, name);
        if (await isProgram(path)) return path;
      }
    }
    return undefined;
  }

  run(command: Command, watch: Watch): Promise<Ended> {
    return runProcess(command, watch);
  }

  /** The directory itself stays: it is a mount point. */
  async emptyScratch(): Promise<void> {
    const { scratch } = this.paths;
    await mkdir(scratch, { recursive: true });
    for (const name of await readdir(scratch)) await rm(join(scratch, name), { recursive: true, force: true });
  }

  async writeScript(text: string): Promise<string> {
    const path = join(this.paths.scratch, 'pre-run-script');
    await writeFile(path, text, { mode: 0o700 });
    await chmod(path, 0o700);
    return path;
  }

  async copySources(): Promise<string | undefined> {
    const { driverSources, scratch } = this.paths;
    const names = await this.namesIn(driverSources);
    if (!names.includes('Kbuild') && !names.includes('Makefile')) return undefined;
    const copy = join(scratch, 'source');
    await cp(driverSources, copy, { recursive: true, verbatimSymlinks: true });
    return copy;
  }

  async moduleFiles(directory: string): Promise<readonly string[]> {
    return (await filesBelow(directory)).filter((path) => path.endsWith('.ko'));
  }

  async readModules(directory: string): Promise<readonly Buffer[]> {
    const contents: Buffer[] = [];
    for (const path of await filesBelow(directory)) {
      if (path.endsWith('.ko')) contents.push(await readFile(path));
      else contents.push(...(await modulesInArchive(path)));
    }
    return contents;
  }

  async namesIn(directory: string): Promise<readonly string[]> {
    return (await readdir(directory).catch(() => [])).sort();
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const isProgram = (path: string): Promise<boolean> =>
  access(path, constants.X_OK)
    .then(() => stat(path))
    .then(
      (entry) => entry.isFile(),
      () => false,
    );

/** Empty when it isn't there. */
const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** `path`, or, when a link on the way to it leads nowhere, where that one leads: that is what has to be installed. */
const whereItLeads = async (path: string, links = 0): Promise<string> => {
  let there = path;
  while (there !== dirname(there) && !(await lstat(there).catch(() => undefined))) there = dirname(there);
  const target = await readlink(there).catch(() => undefined);
  if (target === undefined || links === MAX_LINKS || (await exists(there))) return path;
  return whereItLeads(resolve(await realpath(dirname(there)), target), links + 1);
};

/** Links that lead to each other would be followed for ever. */
const MAX_LINKS = 20;

/** Paths of all plain files below a directory, sorted; links are not followed. */
const filesBelow = async (directory: string): Promise<string[]> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
};
