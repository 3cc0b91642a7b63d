import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../artefacts/run-program';
import type { Environment, Say } from '../../artefacts/store';
import { cacheDirectory, makeOnce } from '../../artefacts/store';

/** A stock Debian kernel, unpacked outside the system: none of it is installed on this machine. Plain data. */
export interface Kernel {
  /** As `uname -r` says in the guest: `6.1.0-56-cloud-amd64`. */
  readonly release: string;
  /** File: what a boot loader loads. */
  readonly image: string;
  /** The kernel's own modules: `…/lib/modules/RELEASE`. */
  readonly modulesDirectory: string;
  /** For `make -C`: builds modules for this kernel, on this machine. */
  readonly headersDirectory: string;
  /** Program of the kernel's sources that signs a module: `sign-file sha256 KEY.pem CERTIFICATE.der MODULE.ko`. */
  readonly signFile: string;
  /** Directory of the packages (*.deb) that all this came from, unchanged: for `dpkg -x` into a node's file system. */
  readonly packages: string;
}

/** The package that always depends on the newest kernel for virtual machines. */
const NEWEST = 'linux-image-cloud-amd64';

/** Changes whenever `unpack` leaves something else behind. */
const LAYOUT = '1';

/** The newest kernel that apt knows: from the cache, or downloaded now (190 MB unpacked, a few seconds). */
export const prepareKernel = async (environment: Environment, say: Say): Promise<Kernel> => {
  const image = await newestImage(say);
  const release = image.replace(/^linux-image-/, '');
  const version = /^Version: (\S+)$/m.exec(await runProgram('apt-cache', ['show', image]))?.[1];
  if (version === undefined) throw new Error(`apt-cache show ${image} names no version`);
  const key = `${release}_${version.replace(/[^\w.+-]/g, '_')}_${LAYOUT}`;
  const directory = cacheDirectory(environment, 'kernel', key);
  await makeOnce(directory, async (unfinished) => {
    say(`downloading and unpacking ${image} ${version} and its headers, once`);
    await unpack(unfinished, image, release);
  });
  return describeKernel(directory, release);
};

const newestImage = async (say: Say): Promise<string> => {
  const known = await imageOf();
  if (known !== undefined) return known;
  if (process.getuid?.() === 0) {
    say('apt knows no kernel yet: apt-get update');
    await runProgram('apt-get', ['update', '-qq']);
  }
  const found = await imageOf();
  if (found === undefined) throw new Error(`apt knows no package ${NEWEST}; apt-get update (as root) may help`);
  return found;
};

const imageOf = async (): Promise<string | undefined> =>
  /Depends: (linux-image-\S+)/.exec(await runProgram('apt-cache', ['depends', NEWEST]).catch(() => ''))?.[1];

const unpack = async (directory: string, image: string, release: string): Promise<void> => {
  const packages = join(directory, 'packages');
  await mkdir(packages, { recursive: true });
  const headers = `linux-headers-${release}`;
  const depends = await runProgram('apt-cache', ['depends', headers]);
  const more = [...depends.matchAll(/Depends: (linux-(?:headers|kbuild)-\S+)/g)].map(([, name]) => name as string);
  const names = [image, headers, ...more];
  // Not installed: that would run scripts of packages on this machine. Unsandboxed: _apt can't write in a home directory.
  await runProgram('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...names], { cwd: packages });
  for (const name of await readdir(packages)) await runProgram('dpkg-deb', ['-x', join(packages, name), directory]);
  await relocate(directory, release);
  await runProgram('/sbin/depmod', ['-b', directory, release]);
};

/** The packages name each other under /usr/src; from here on they name each other relatively. */
const relocate = async (directory: string, release: string): Promise<void> => {
  const makefile = join(directory, 'usr', 'src', `linux-headers-${release}`, 'Makefile');
  const text = await readFile(makefile, 'utf8');
  await writeFile(makefile, text.replaceAll('/usr/src/', '../'));
  const modules = join(directory, 'lib', 'modules', release);
  for (const name of ['build', 'source']) await rm(join(modules, name), { force: true });
  await symlink(`../../../usr/src/linux-headers-${release}`, join(modules, 'build'));
};

const describeKernel = async (directory: string, release: string): Promise<Kernel> => {
  const libraries = join(directory, 'usr', 'lib');
  const kbuild = (await readdir(libraries)).find((name) => name.startsWith('linux-kbuild-'));
  if (kbuild === undefined) throw new Error(`${libraries} holds no linux-kbuild: remove ${directory} and try again`);
  return {
    release,
    image: join(directory, 'boot', `vmlinuz-${release}`),
    modulesDirectory: join(directory, 'lib', 'modules', release),
    headersDirectory: join(directory, 'usr', 'src', `linux-headers-${release}`),
    signFile: join(libraries, kbuild, 'scripts', 'sign-file'),
    packages: join(directory, 'packages'),
  };
};
