import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SampleDriver } from './vm';
import { buildSampleDriver, describeVm, kernel, newDisk, runVm, signModule } from './vm';

describeVm('a virtual machine', () => {
  let directory: string;
  let driver: SampleDriver;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weka-operator-vm-test-'));
    driver = await buildSampleDriver(join(directory, 'driver'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const driverFiles = (of: SampleDriver) => ({ '/root/wekafsgw.ko': of.wekafsgw, '/root/wekafsio.ko': of.wekafsio });

  test('loads modules built from the headers of its kernel, in the order of their need', async () => {
    const { markers } = await runVm({
      files: driverFiles(driver),
      script: `
        echo "@@ $(uname -r)"
        /sbin/insmod wekafsio.ko || echo "@@ the second alone: refused"
        /sbin/insmod wekafsgw.ko; /sbin/insmod wekafsio.ko
        cat /sys/module/wekafsgw/version /sys/module/wekafsio/version | sed 's/^/@@ /'
        exec 3< /dev/wekafsio; /sbin/rmmod wekafsio || echo "@@ in use: not unloaded"; exec 3<&-
        mount -t wekafs none /mnt; /sbin/rmmod wekafsio || echo "@@ mounted: not unloaded"; umount /mnt
        /sbin/rmmod wekafsio wekafsgw; [ -e /sys/module/wekafsgw ] || echo "@@ unloaded"`,
    });
    expect(markers).toEqual([
      ...[kernel().release, 'the second alone: refused', '4.4.2.118', '4.4.2.118'],
      ...['in use: not unloaded', 'mounted: not unloaded', 'unloaded'],
    ]);
  });

  test('runs node, reaches a server of this machine, and has what the environment says', async () => {
    const server = createServer((request, response) => response.end(`you asked for ${request.url}`));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { markers } = await runVm({
        env: { URL: `http://10.0.2.2:${(server.address() as AddressInfo).port}/a`, QUOTED: `it's "$HOME"` },
        script: `node -e 'fetch(process.env.URL).then((r) => r.text()).then((t) => console.log("@@ " + t))'; echo "@@ $QUOTED"`,
      });
      expect(markers).toEqual(['you asked for /a', `it's "$HOME"`]);
    } finally {
      server.close();
    }
  });

  test('keeps a drive through a reboot, with what was synced, and it is another boot', async () => {
    const disks = [
      { ...(await newDisk(join(directory, 'disk.img'), { megabytes: 64, format: 'ext4' })), serial: 'WEKA0001' },
    ];
    const first = await runVm({
      disks,
      script: `
        echo "@@ $(cat /sys/block/nvme0n1/device/serial)"
        mount -t ext4 /dev/nvme0n1 /mnt; echo kept > /mnt/kept; sync; echo "@@ boot $(cat /proc/sys/kernel/random/boot_id)"`,
    });
    const second = await runVm({
      disks,
      script:
        'mount -t ext4 /dev/nvme0n1 /mnt; echo "@@ $(cat /mnt/kept)"; echo "@@ boot $(cat /proc/sys/kernel/random/boot_id)"',
    });
    expect([first.markers[0]?.trim(), second.markers[0]]).toEqual(['WEKA0001', 'kept']);
    expect(second.markers[1]).not.toBe(first.markers[1]);
  });

  test('under Secure Boot loads a module with a trusted signature, and neither an unsigned one nor a stranger’s', async () => {
    const [unsigned, stranger, trusted] = await Promise.all(
      ['unsigned', 'stranger', 'trusted'].map((name) => buildSampleDriver(join(directory, name))),
    );
    await signModule(stranger!.wekafsgw, 'unknown');
    await signModule(trusted!.wekafsgw, 'trusted');
    const { markers } = await runVm({
      secureBoot: true,
      files: {
        '/m/unsigned.ko': unsigned!.wekafsgw,
        '/m/stranger.ko': stranger!.wekafsgw,
        '/m/trusted.ko': trusted!.wekafsgw,
      },
      script: `
        echo "@@ lockdown $(cat /sys/kernel/security/lockdown)"
        for m in unsigned stranger trusted; do
          if said=$(/sbin/insmod /m/$m.ko 2>&1); then echo "@@ $m loaded"; else echo "@@ $said"; fi
        done`,
    });
    expect(markers).toEqual([
      'lockdown none [integrity] confidentiality',
      'insmod: ERROR: could not insert module /m/unsigned.ko: Key was rejected by service',
      'insmod: ERROR: could not insert module /m/stranger.ko: Key was rejected by service',
      'trusted loaded',
    ]);
  });

  test('says how it went wrong: a script that fails, a kernel that panics', async () => {
    await expect(runVm({ script: 'echo before; false; echo after' })).rejects.toThrow(
      /the script failed \(END 1\)[^]*before/,
    );
    const panic = runVm({ script: 'echo c > /proc/sysrq-trigger' });
    await expect(panic).rejects.toThrow(/went down before the script ended[^]*Kernel panic/);
  });
});
