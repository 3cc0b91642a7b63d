import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeObserved } from '../../../agents/node/decide';
import { linuxHost } from '../../../agents/node/linux-host';

/** A node as it is mounted into the observer's container, in a directory. */
class FakeNode {
  readonly root = mkdtempSync(join(tmpdir(), 'observer-test-'));

  constructor() {
    this.file('/proc/sys/kernel/random/boot_id', 'boot-1\n');
    this.file('/host/mountinfo', '22 27 0:21 / /proc rw - proc proc rw\n');
    this.directory('/host/sys/module').directory('/host/lib/modules').directory('/host/usr/src');
  }

  file(path: string, content: string | Buffer = ''): this {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
    return this;
  }

  directory(path: string): this {
    mkdirSync(join(this.root, path), { recursive: true });
    return this;
  }

  link(path: string, target: string): this {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    symlinkSync(target, join(this.root, path));
    return this;
  }

  module(name: string, srcversion: string, holders: readonly string[] = []): this {
    this.file(`/host/sys/module/${name}/initstate`, 'live\n').file(
      `/host/sys/module/${name}/srcversion`,
      `${srcversion}\n`,
    );
    for (const holder of holders) this.directory(`/host/sys/module/${name}/holders/${holder}`);
    return this;
  }

  kernel(release: string): this {
    return this.file(`/host/lib/modules/${release}/modules.order`);
  }

  async observed() {
    return nodeObserved(await linuxHost(this.root).look());
  }
}

describe('the node, read', () => {
  let node: FakeNode;
  beforeEach(() => (node = new FakeNode()));
  afterEach(() => rmSync(node.root, { recursive: true, force: true }));

  test('an empty one', async () => {
    expect(await node.observed()).toMatchObject({
      bootID: 'boot-1',
      modules: [],
      mounts: [],
      kernels: [],
      secureBoot: 'Unsupported',
    });
  });

  test('modules of WEKA that are loaded, with their holders; others and those built in are left out', async () => {
    node.module('wekafsgw', 'AAAA', ['wekafsio']).module('wekafsio', 'BBBB').module('ext4', 'CCCC');
    node.file('/host/sys/module/wekabuiltin/parameters/a');
    expect((await node.observed()).modules).toEqual([
      { name: 'wekafsgw', srcversion: 'AAAA', holders: ['wekafsio'] },
      { name: 'wekafsio', srcversion: 'BBBB', holders: [] },
    ]);
  });

  test('a module without srcversion', async () => {
    node.file('/host/sys/module/wekafsio/initstate', 'live\n');
    expect((await node.observed()).modules).toEqual([{ name: 'wekafsio', srcversion: '', holders: [] }]);
  });

  test('Secure Boot, lockdown and sig_enforce', async () => {
    const variable = '/host/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';
    node.file(variable, Buffer.from([6, 0, 0, 0, 1]));
    node.file('/host/sys/kernel/security/lockdown', 'none [integrity] confidentiality\n');
    expect(await node.observed()).toMatchObject({ secureBoot: 'Enabled', signaturesEnforced: true });
    node.file(variable, Buffer.from([6, 0, 0, 0, 0]));
    node.file('/host/sys/kernel/security/lockdown', '[none] integrity confidentiality\n');
    expect(await node.observed()).toMatchObject({ secureBoot: 'Disabled', signaturesEnforced: false });
    node.file('/host/sys/module/module/parameters/sig_enforce', 'Y\n');
    expect(await node.observed()).toMatchObject({ signaturesEnforced: true });
  });

  describe('kernels, and whether modules can be built for them', () => {
    const headers = '/host/usr/src/linux-headers-6.1/Makefile';
    test.each<[string, (node: FakeNode) => unknown, boolean | undefined]>([
      [
        'as Debian links them',
        (n) => n.link('/host/lib/modules/6.1/build', '/usr/src/linux-headers-6.1').file(headers),
        true,
      ],
      [
        'as a relative link',
        (n) => n.link('/host/lib/modules/6.1/build', '../../../usr/src/linux-headers-6.1').file(headers),
        true,
      ],
      [
        'through two links',
        (n) =>
          n
            .link('/host/lib/modules/6.1/build', '/usr/src/current')
            .link('/host/usr/src/current', 'linux-headers-6.1')
            .file(headers),
        true,
      ],
      ['as a directory', (n) => n.file('/host/lib/modules/6.1/build/Makefile'), true],
      [
        'a link into nothing: the headers were removed',
        (n) => n.link('/host/lib/modules/6.1/build', '/usr/src/linux-headers-6.1'),
        false,
      ],
      [
        'an empty directory',
        (n) => n.link('/host/lib/modules/6.1/build', '/usr/src/empty').directory('/host/usr/src/empty'),
        false,
      ],
      ['no link', () => undefined, false],
      ['a link to itself', (n) => n.link('/host/lib/modules/6.1/build', '/lib/modules/6.1/build'), false],
      [
        'a link out of what is mounted',
        (n) => n.link('/host/lib/modules/6.1/build', '/opt/src').file('/opt/src/Makefile'),
        false,
      ],
    ])('%s', async (_what, make, expected) => {
      node.kernel('6.1');
      make(node);
      expect((await node.observed()).kernels).toEqual([{ release: '6.1', headers: expected }]);
    });

    test('what was left behind by a kernel that was removed is none', async () => {
      node.kernel('6.1').directory('/host/lib/modules/5.10/updates').file('/host/lib/modules/README');
      expect((await node.observed()).kernels.map(({ release }) => release)).toEqual(['6.1']);
    });
  });

  test('the distribution', async () => {
    node.file('/host/usr/lib/os-release', 'ID=debian\nVERSION_ID="12"\n');
    expect((await node.observed()).system).toEqual({ id: 'debian', version: '12' });
  });

  test('mounts that can’t be seen are not taken for none', async () => {
    rmSync(join(node.root, '/host/mountinfo'));
    await expect(node.observed()).rejects.toThrow(/ENOENT.*mountinfo/);
  });

  test('a file that is there and can’t be read is not taken for none', async () => {
    node.directory('/host/sys/kernel/security/lockdown');
    await expect(node.observed()).rejects.toThrow(/EISDIR/);
    chmodSync(join(node.root, '/host/sys/kernel/security/lockdown'), 0o755);
  });
});

test('this very machine can be looked at, with what is not mounted here in its place', async () => {
  const node = new FakeNode();
  for (const [path, target] of [
    ['host/sys', '/sys'],
    ['host/usr', '/usr'],
    ['host/mountinfo', '/proc/1/mountinfo'],
    ['proc', '/proc'],
  ] as const) {
    rmSync(join(node.root, path), { recursive: true });
    symlinkSync(target, join(node.root, path));
  }
  const seen = await node.observed();
  expect(seen.bootID).toMatch(/^[0-9a-f-]{36}$/);
  expect(seen.kernel).toBe(release());
  rmSync(node.root, { recursive: true, force: true });
});
