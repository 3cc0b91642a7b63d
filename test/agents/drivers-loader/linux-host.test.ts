import { chmod, mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { machine, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelCommand } from '../../../agents/drivers-loader/kernel-commands';
import { linuxHost } from '../../../agents/drivers-loader/linux-host';

// Processes, on a machine that may be busy.
jest.setTimeout(60_000);

let directory: string;
const path = process.env['PATH'];
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'weka-operator-host-'))));
afterEach(async () => {
  process.env['PATH'] = path;
  await rm(directory, { recursive: true, force: true });
});

const put = async (name: string, text: string): Promise<void> => {
  await mkdir(join(directory, name, '..'), { recursive: true });
  await writeFile(join(directory, name), text);
};

describe('sysfs', () => {
  const addModule = async (name: string, files: Record<string, string>, holders: string[] = []): Promise<void> => {
    for (const [file, text] of Object.entries(files)) await put(`module/${name}/${file}`, text);
    await mkdir(join(directory, 'module', name, 'holders'), { recursive: true });
    for (const holder of holders) await symlink(`../../${holder}`, join(directory, 'module', name, 'holders', holder));
  };

  test('shows what is loaded, and who holds it, over any number of steps', async () => {
    await addModule('wekafsgw', { initstate: 'live\n', srcversion: 'GW\n', refcnt: '1\n' }, ['wekafsio']);
    await addModule('wekafsio', { initstate: 'live\n', srcversion: 'IO\n', refcnt: '3\n' }, ['spy']);
    await addModule('spy', { initstate: 'live\n' });
    await addModule('other', { initstate: 'live\n', srcversion: 'X\n', refcnt: '0\n' });
    await addModule('uio', { version: 'built in' });
    expect([...(await linuxHost(directory).loaded(['wekafsgw', 'uio', 'absent'])).values()]).toEqual([
      { name: 'wekafsgw', srcversion: 'GW', holders: ['wekafsio'], references: 1 },
      { name: 'wekafsio', srcversion: 'IO', holders: ['spy'], references: 3 },
      { name: 'spy', srcversion: '', holders: [] },
    ]);
  });

  test('shows what the kernel demands of modules; an IOMMU shows by its groups', async () => {
    await put('module/module/parameters/sig_enforce', 'Y\n');
    await put('kernel/security/lockdown', 'none [integrity] confidentiality\n');
    await put(
      'firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c',
      Buffer.from([6, 0, 0, 0, 1]).toString('latin1'),
    );
    await mkdir(join(directory, 'kernel/iommu_groups/0'), { recursive: true });
    expect(await linuxHost(directory).kernel()).toMatchObject({
      release: release(),
      machine: machine(),
      bootID: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
      signatures: {
        secureBoot: 'Enabled',
        enforced: true,
        by: 'Secure Boot, module.sig_enforce, kernel lockdown integrity',
      },
      iommu: true,
    });
  });

  test('of a kernel that demands nothing is empty', async () => {
    expect(await linuxHost(directory).kernel()).toMatchObject({ signatures: { enforced: false }, iommu: false });
  });
});

test('a process that has a device open is found and named', async () => {
  const device = await open('/dev/zero');
  try {
    const { processes } = await linuxHost(directory).users(['zero', 'wekafsio']);
    const name = (await readFile('/proc/self/comm', 'utf8')).trim();
    expect(processes).toContainEqual({ pid: process.pid, name });
    expect(processes.map(({ pid }) => pid)).toEqual(processes.map(({ pid }) => pid).sort((a, b) => a - b));
  } finally {
    await device.close();
  }
});

test('a kernel whose symbols nothing on the node tells', async () => {
  expect(await linuxHost(directory).symbolVersions('no such kernel')).toBeUndefined();
});

describe('a command to the kernel', () => {
  const program = async (name: string, script: string): Promise<void> => {
    await put(`bin/${name}`, `#!/bin/sh\n${script}\n`);
    await chmod(join(directory, 'bin', name), 0o755);
  };
  beforeEach(async () => {
    process.env['PATH'] = `${join(directory, 'bin')}:${path}`;
    await put('log', '[    1.0] wekafsio: loaded long ago\n');
    await program('dmesg', `cat ${directory}/log`);
  });

  test('that succeeds', async () => {
    await program('insmod', `printf '%s|' "$@" > ${directory}/given`);
    expect(await kernelCommand('insmod', ['/a b/$(id).ko', '; reboot'], 'x')).toEqual({ ok: true });
    expect(await readFile(join(directory, 'given'), 'utf8')).toBe('/a b/$(id).ko|; reboot|');
  });

  test('that fails tells the reason, and what the kernel has said of it since, without times', async () => {
    const lines = [
      '[   12.345678] eth0: link up',
      '[   12.345679] wekafsio: loading out-of-tree module taints kernel.',
      '[   12.345680] wekafsio: disagrees about version of symbol printk',
      '[   12.345681] Loading of unsigned module is rejected',
    ];
    await program(
      'insmod',
      `echo '${lines.join('\n')}' >> ${directory}/log; echo 'insmod: ERROR: could not insert module /x/wekafsio.ko: Invalid parameters' >&2; exit 1`,
    );
    expect(await kernelCommand('insmod', ['/x/wekafsio.ko'], 'wekafsio')).toEqual({
      ok: false,
      said: 'could not insert module /x/wekafsio.ko: Invalid parameters',
      kernelLog: ['wekafsio: disagrees about version of symbol printk', 'Loading of unsigned module is rejected'],
    });
  });

  test('is told in English by a program of any language', async () => {
    await program('rmmod', 'echo "rmmod: ERROR: $LC_ALL" >&2; exit 1');
    await program('dmesg', 'exit 1');
    expect(await kernelCommand('rmmod', ['x'], 'x')).toEqual({ ok: false, said: 'C', kernelLog: [] });
  });

  test('modprobe of what is there already starts no process', async () => {
    await program('modprobe', `touch ${directory}/started; exit 1`);
    await put('module/vfio_pci/initstate', 'live\n');
    const host = linuxHost(directory);
    expect(await host.modprobe('vfio-pci')).toEqual({ ok: true });
    await expect(readFile(join(directory, 'started'))).rejects.toThrow('ENOENT');
    expect(await host.modprobe('uio')).toMatchObject({ ok: false });
  });
});
