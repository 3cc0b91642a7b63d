import type { EventEmitter } from 'node:events';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Header } from 'tar-stream';
import { pack } from 'tar-stream';
import { withLock } from '../../../agents/drivers-loader/lock';
import type { LoadResult } from '../../../lib/drivers/agent-result';
import { OperatorError } from '../../../lib/base/errors';
import { packageId } from '../../../lib/drivers/package';
import { createAuthority } from '../../cluster/certificates';
import { cuttingServer, goodServer, serveOn } from '../shared/misbehaving-server';
import { ENFORCING, KERNEL, RELEASE } from './fake-kernel';
import { aPackage, driver, KEY, manifestOf, moduleFile, packageOf, sha256, WEKA_VERSION } from './packages';
import { TestNode } from './test-node';

// Each test starts processes that hold the lock, on a machine that may be busy.
jest.setTimeout(60_000);

let node: TestNode;
beforeEach(async () => (node = await TestNode.start()));
afterEach(() => node.end());

const ID = packageId(KEY);
const FILE = `${ID}.tar.gz`;
const A = [
  { name: 'wekafsgw', srcversion: 'GWA' },
  { name: 'wekafsio', srcversion: 'IOA' },
];
const CHANGES = /^(insmod|rmmod)/;
const changes = (): string[] => node.kernel.log.filter((line) => CHANGES.test(line));
const why = ({ failure }: LoadResult): unknown => failure;

describe('a driver that is loaded', () => {
  test('comes from the distribution service, is in the kernel in the order of the manifest, and in the node’s cache', async () => {
    const offered = await aPackage();
    await node.offer(offered);
    expect(await node.load()).toEqual({
      kind: 'DriverLoaded',
      how: 'loaded',
      from: 'dist',
      bootID: KERNEL.bootID,
      kernel: RELEASE,
      wekaVersion: WEKA_VERSION,
      sha256: offered.entry.sha256,
      modules: A,
    });
    expect(changes()).toEqual(['insmod wekafsgw.ko', 'insmod wekafsio.ko']);
    expect(await node.cached()).toEqual([FILE, 'loaded.json']);
  });

  test('again is found unchanged: nothing is fetched, nothing is done to the kernel', async () => {
    await node.offer(await aPackage());
    await node.load();
    node.kernel.log.length = 0;
    expect(await node.load()).toMatchObject({ kind: 'DriverLoaded', how: 'unchanged', from: 'cache', modules: A });
    expect([node.kernel.log, node.fetches]).toEqual([[], 1]);
  });

  test('after a reboot comes from the cache, with nobody to fetch from', async () => {
    await node.offer(await aPackage());
    await node.load();
    await node.server.close();
    node.kernel.modules.clear();
    expect(await node.load()).toMatchObject({ kind: 'DriverLoaded', how: 'loaded', from: 'cache', modules: A });
  });

  test('is put where another version was, which goes first and in the order of holders', async () => {
    node.kernel.has('wekafsgw', 'GW0').has('wekafsio', 'IO0', { needs: ['wekafsgw'] });
    await node.offer(await aPackage());
    expect(await node.load()).toMatchObject({ kind: 'DriverLoaded', how: 'loaded', modules: A });
    expect(changes()).toEqual(['rmmod wekafsio', 'rmmod wekafsgw', 'insmod wekafsgw.ko', 'insmod wekafsio.ko']);
  });

  test('is completed where a crash left the first module only', async () => {
    node.kernel.has('wekafsgw', 'GWA');
    await node.offer(await aPackage());
    expect(await node.load()).toMatchObject({ how: 'loaded', modules: A });
    expect(changes()).toEqual(['insmod wekafsio.ko']);
  });

  test('has WEKA’s companions and what it needs of the kernel’s own before it; what is missing is only noted', async () => {
    node.kernel.own.delete('uio_pci_generic');
    node.kernel.own.add('mlx5_core');
    node.kernel.facts = { ...KERNEL, iommu: true };
    await node.offer(await aPackage([{ name: 'wekafsgw', srcversion: 'GWA', depends: ['mlx5_core'] }]));
    expect(await node.load()).toMatchObject({ kind: 'DriverLoaded', modules: [A[0]] });
    expect(node.kernel.log).toEqual([
      ...['mlx5_core', 'uio', 'uio_pci_generic', 'vfio-pci', 'arp_tables'].map((name) => `modprobe ${name}`),
      'insmod wekafsgw.ko',
    ]);
    expect(node.lines.join('\n')).toContain('Module uio_pci_generic not found');
  });

  test('without srcversions is believed to be the same only under the boot it was loaded in, with these bytes', async () => {
    const nameless = driver().map((module) => ({ ...module, srcversion: '' }));
    await node.offer(await aPackage(nameless));
    expect(await node.load()).toMatchObject({ how: 'loaded' });
    expect(await node.load()).toMatchObject({ how: 'unchanged' });
    node.kernel.facts = { ...KERNEL, bootID: 'another' };
    expect(await node.load()).toMatchObject({ how: 'loaded' });
    expect(changes().slice(2)).toEqual([
      'rmmod wekafsio',
      'rmmod wekafsgw',
      'insmod wekafsgw.ko',
      'insmod wekafsio.ko',
    ]);
  });
});

describe('nothing is done to the kernel', () => {
  afterEach(() => expect(node.kernel.log).toEqual([]));

  test('without an entry in the index', async () => {
    await node.index({ ...(await aPackage()).entry, kernel: `${RELEASE}+rt` });
    const { wekaVersion, kernel, architecture } = KEY;
    const result = await node.load();
    expect(why(result)).toEqual({ code: 'DriverNotIndexed', parameters: { wekaVersion, kernel, architecture } });
    expect(result).toMatchObject({ kind: 'DriverLoadFailed', bootID: KERNEL.bootID, kernel, wekaVersion, modules: [] });
    expect(result.sha256).toBeUndefined();
  });

  test('on an architecture that has no driver', async () => {
    node.kernel.facts = { ...KERNEL, machine: 'riscv64' };
    expect(why(await node.load())).toMatchObject({ code: 'DriverNotIndexed', parameters: { architecture: 'riscv64' } });
  });

  test('with other bytes than the index names: they are thrown away', async () => {
    const { bytes, entry } = await aPackage();
    const flipped = Buffer.from(bytes);
    flipped[bytes.length >> 1]! ^= 1;
    await node.offer({ bytes: flipped, entry });
    const result = await node.load();
    expect(why(result)).toMatchObject({
      code: 'DigestMismatch',
      parameters: { expected: entry.sha256, actual: sha256(flipped) },
    });
    expect(result.sha256).toBe(entry.sha256);
    expect(await node.cached()).toEqual([]);
  });

  test('with more bytes than the index names', async () => {
    const { bytes, entry } = await aPackage();
    await node.offer({ bytes: Buffer.concat([bytes, Buffer.alloc(1)]), entry });
    expect(why(await node.load())).toMatchObject({ code: 'PackageTooLarge' });
    expect(await node.cached()).toEqual([]);
  });

  test('with an archive that is cut off', async () => {
    const { bytes } = await aPackage();
    await node.offer(packageOf(bytes.subarray(0, -20)));
    expect(why(await node.load())).toEqual({
      code: 'ArchiveUnsafe',
      parameters: { package: ID, cause: 'it is cut off' },
    });
  });

  type EntryHeader = Pick<Header, 'name'> & Partial<Header>;
  const trick = async (header: EntryHeader): Promise<Buffer> => {
    const tar = pack();
    const chunks: Buffer[] = [];
    tar.on('data', (chunk) => chunks.push(chunk as Buffer));
    const ended = once(tar as unknown as EventEmitter, 'end');
    const manifest = Buffer.from(JSON.stringify(manifestOf(driver())));
    tar.entry({ name: 'manifest.json', size: manifest.length }, manifest);
    const content = header.type === undefined ? moduleFile(driver()[0]!) : Buffer.alloc(0);
    tar.entry({ ...header, size: content.length }, content);
    tar.finalize();
    await ended;
    return gzipSync(Buffer.concat(chunks));
  };

  test.each<[string, EntryHeader]>([
    ['climbs out', { name: '../wekafsgw.ko' }],
    ['climbs out below modules/', { name: 'modules/../../wekafsgw.ko' }],
    ['is absolute', { name: '/lib/modules/wekafsgw.ko' }],
    ['links to a file of the node', { name: 'modules/wekafsgw.ko', type: 'symlink', linkname: '/etc/shadow' }],
    ['is another name of a file', { name: 'modules/wekafsgw.ko', type: 'link', linkname: '/etc/shadow' }],
    ['is a device', { name: 'modules/wekafsgw.ko', type: 'block-device' }],
    ['is a directory', { name: 'modules', type: 'directory' }],
    ['comes twice', { name: 'manifest.json' }],
  ])('with an archive of which an entry %s', async (_, header) => {
    await node.offer(packageOf(await trick(header)));
    expect(why(await node.load())).toMatchObject({ code: 'ArchiveUnsafe', parameters: { package: ID } });
    expect(await node.cached()).toEqual([FILE]);
    expect(await readdir(node.root)).toEqual(['ca.crt', 'index', 'k8s-weka']);
  });

  test('while another loader is at work', async () => {
    await node.offer(await aPackage());
    await mkdir(node.cache, { recursive: true });
    const result = await withLock(node.cache, () => node.load());
    expect(why(result)).toEqual({ code: 'LoaderBusy', parameters: {} });
    expect(node.fetches).toBe(0);
  });

  test.each<[string, (manifest: { modules: readonly object[] }) => object, string]>([
    [
      'for another kernel',
      (m) => ({ ...m, kernel: 'x' }),
      `its manifest is for ${WEKA_VERSION} x amd64, not ${WEKA_VERSION} ${RELEASE} amd64`,
    ],
    ['of another schema', (m) => ({ ...m, schema: 2 }), 'manifest.json: schema 2 is not 1: upgrade the older side'],
    ['that names a module twice', (m) => ({ ...m, modules: [...m.modules, m.modules[0]] }), 'it names a module twice'],
    [
      'whose module has other bytes',
      (m) => ({ ...m, modules: m.modules.map((module) => ({ ...module, sha256: 'a'.repeat(64) })) }),
      'modules/wekafsgw.ko does not have the SHA-256 that its manifest names',
    ],
    [
      'that says another srcversion than its module',
      (m) => ({ ...m, modules: m.modules.map((module) => ({ ...module, srcversion: 'X' })) }),
      'modules/wekafsgw.ko has the srcversion "GWA", its manifest says "X"',
    ],
    [
      'whose module is not there',
      (m) => ({ ...m, modules: [...m.modules, { ...m.modules[1], name: 'mpin_user', file: 'modules/mpin_user.ko' }] }),
      'modules/mpin_user.ko is missing',
    ],
  ])('with a manifest %s', async (_, change, cause) => {
    await node.offer(await aPackage(driver(), { change }));
    expect(why(await node.load())).toEqual({ code: 'PackageInvalid', parameters: { package: ID, cause } });
    expect(await node.cached()).toEqual([FILE]);
  });

  test.each<[string, Parameters<typeof driver>[1], object]>([
    [
      'of another kernel',
      { vermagic: '5.10 SMP' },
      { code: 'VermagicMismatch', parameters: { module: 'wekafsgw', found: '5.10 SMP' } },
    ],
    [
      'of a kernel with other flags',
      { vermagic: `${RELEASE} SMP mod_unload` },
      { code: 'VermagicMismatch', parameters: { found: `${RELEASE} SMP mod_unload`, kernel: KERNEL.vermagic } },
    ],
    [
      'of another architecture',
      { machine: 183 },
      { code: 'PackageInvalid', parameters: { cause: 'wekafsgw is for arm64' } },
    ],
    [
      'built against other symbols',
      {
        versions: [
          ['module_layout', 1],
          ['unknown', 9],
          ['printk', 7],
        ],
      },
      { code: 'SymbolVersionMismatch', parameters: { module: 'wekafsgw', symbols: 'module_layout' } },
    ],
  ])('with a module %s', async (_, more, expected) => {
    node.kernel.symbols = new Map([
      ['module_layout', 2],
      ['printk', 7],
    ]);
    await node.offer(await aPackage(driver('A', more)));
    expect(why(await node.load())).toMatchObject(expected);
  });

  test('with modules that nobody signed, where the kernel demands a signature: the old version stays', async () => {
    node.kernel.facts = { ...KERNEL, signatures: ENFORCING };
    node.kernel.has('wekafsio', 'IO0');
    await node.offer(await aPackage());
    const result = await node.load();
    expect(why(result)).toEqual({ code: 'ModuleNotSigned', parameters: { module: 'wekafsgw', policy: ENFORCING.by } });
    expect(result.modules).toEqual([{ name: 'wekafsio', srcversion: 'IO0' }]);
  });

  test('on a kernel that takes no modules', async () => {
    node.kernel.facts = { ...KERNEL, modulesDisabled: 'kernel.modules_disabled is set' };
    await node.offer(await aPackage());
    expect(why(await node.load())).toMatchObject({ code: 'ModulesDisabled' });
  });

  test.each<[string, () => void, string, string]>([
    [
      'a module that is not ours',
      () => node.kernel.has('wekafsgw', 'GW0').has('metrics', '', { needs: ['wekafsgw'] }),
      'wekafsgw',
      'module metrics holds wekafsgw',
    ],
    [
      'mounts and processes',
      () => {
        node.kernel.has('wekafsio', 'IO0', { users: 3 });
        const pids = [7, 41, 100, 101, 102, 103];
        node.kernel.users_ = {
          mounts: ['/mnt/a', '/mnt/b'],
          processes: pids.map((pid) => ({ pid, name: 'wekanode' })),
        };
      },
      'wekafsio',
      'mount /mnt/a, mount /mnt/b, process 7 (wekanode), process 41 (wekanode), process 100 (wekanode), process 101 (wekanode), process 102 (wekanode), 1 more',
    ],
    [
      'somebody who cannot be seen',
      () => node.kernel.has('wekafsio', 'IO0', { users: 1 }),
      'wekafsio',
      'something unseen holds wekafsio',
    ],
  ])('while %s hold the old version', async (_, occupy, modules, users) => {
    occupy();
    await node.offer(await aPackage());
    expect(why(await node.load())).toEqual({ code: 'DriverInUse', parameters: { modules, users } });
  });

  test('when the Pod is deleted while it waits or fetches', async () => {
    await node.offer(await aPackage(), () => node.stop.abort(new OperatorError('LoaderStopped')));
    expect(why(await node.load())).toMatchObject({ code: 'LoaderStopped' });
    expect(await node.cached()).toEqual([]);
  });
});

describe('what the kernel says decides', () => {
  test('a signature of somebody it does not know', async () => {
    node.kernel.facts = { ...KERNEL, signatures: ENFORCING };
    await node.offer(await aPackage(driver('A', { signer: 'Site CA' })));
    expect(why(await node.load())).toEqual({
      code: 'SigningKeyNotTrusted',
      parameters: { module: 'wekafsgw', signer: 'Site CA', policy: ENFORCING.by },
    });
  });

  test('a signature that it trusts', async () => {
    node.kernel.facts = { ...KERNEL, signatures: ENFORCING };
    node.kernel.trusted.add('Site CA');
    await node.offer(await aPackage(driver('A', { signer: 'Site CA' })));
    expect(await node.load()).toMatchObject({ kind: 'DriverLoaded', modules: A });
  });

  test('other versions of symbols, where nothing on the node tells them: its own words', async () => {
    node.kernel.crcs = new Map([['module_layout', 2]]);
    await node.offer(await aPackage(driver('A', { versions: [['module_layout', 1]] })));
    expect(why(await node.load())).toEqual({
      code: 'ModuleRefused',
      parameters: {
        module: 'wekafsgw',
        cause: 'Invalid parameters; the kernel says "wekafsgw: disagrees about version of symbol module_layout"',
      },
    });
  });

  test('a second module that it refuses takes the first with it', async () => {
    await node.offer(await aPackage([driver()[0]!, { ...driver()[1]!, depends: ['wekafsgw', 'absent'] }]));
    const result = await node.load();
    expect(why(result)).toMatchObject({ code: 'ModuleRefused', parameters: { module: 'wekafsio' } });
    expect(changes()).toEqual(['insmod wekafsgw.ko', 'insmod wekafsio.ko', 'rmmod wekafsgw']);
    expect(result.modules).toEqual([]);
  });

  test('a second module that it refuses leaves the first where it was loaded before', async () => {
    node.kernel.has('wekafsgw', 'GWA');
    await node.offer(await aPackage([driver()[0]!, { ...driver()[1]!, depends: ['wekafsgw', 'absent'] }]));
    expect((await node.load()).modules).toEqual([A[0]]);
  });

  test('another who takes a module away again: not a success', async () => {
    node.kernel.before = (change) => {
      if (change === 'insmod wekafsio.ko') node.kernel.has('wekafsgw', 'GWX');
    };
    await node.offer(await aPackage());
    expect(why(await node.load())).toEqual({
      code: 'LoadNotConfirmed',
      parameters: { module: 'wekafsgw', expected: 'GWA', found: 'GWX' },
    });
  });

  test('a mount that comes at the last moment: looked at again before each rmmod', async () => {
    node.kernel.has('wekafsgw', 'GW0').has('wekafsio', 'IO0', { needs: ['wekafsgw'] });
    node.kernel.before = (change) => {
      if (change === 'modprobe arp_tables') node.kernel.modules.get('wekafsio')!.users = 1;
    };
    node.kernel.users_ = { mounts: ['/data'], processes: [] };
    await node.offer(await aPackage());
    expect(why(await node.load())).toEqual({
      code: 'DriverInUse',
      parameters: { modules: 'wekafsio', users: 'mount /data' },
    });
    expect(changes()).toEqual([]);
  });

  test('a mount that comes even later: rmmod is refused, and the result names the mount', async () => {
    node.kernel.has('wekafsio', 'IO0');
    node.kernel.before = (change) => {
      if (change === 'rmmod wekafsio') node.kernel.modules.get('wekafsio')!.users = 1;
    };
    node.kernel.users_ = { mounts: ['/data'], processes: [] };
    await node.offer(await aPackage());
    expect(why(await node.load())).toMatchObject({ code: 'DriverInUse', parameters: { users: 'mount /data' } });
  });
});

describe('the cache of the node', () => {
  test('with a byte that flipped is thrown away and fetched anew', async () => {
    const { bytes, entry } = await aPackage();
    await node.offer({ bytes, entry });
    await node.load();
    const flipped = Buffer.from(bytes);
    flipped[100]! ^= 1;
    await writeFile(join(node.cache, FILE), flipped);
    node.kernel.modules.clear();
    expect(await node.load()).toMatchObject({ kind: 'DriverLoaded', from: 'dist', modules: A });
    expect(sha256(await readFile(join(node.cache, FILE)))).toBe(entry.sha256);
  });

  test('is not believed when the index names another digest: a new package under the same key', async () => {
    await node.offer(await aPackage());
    await node.load();
    const next = await aPackage(driver('B'));
    await node.offer(next);
    expect(await node.load()).toMatchObject({ from: 'dist', how: 'loaded', sha256: next.entry.sha256 });
    expect(changes().slice(2)).toEqual([
      'rmmod wekafsio',
      'rmmod wekafsgw',
      'insmod wekafsgw.ko',
      'insmod wekafsio.ko',
    ]);
  });

  test('keeps the package that is wanted and the one before it, and what is not ours', async () => {
    for (const version of ['1.0', '1.1', '1.2']) {
      const key = { ...KEY, wekaVersion: version };
      await node.offer(await aPackage(driver(version), { key }));
      expect(await node.load({ wekaVersion: version })).toMatchObject({ kind: 'DriverLoaded' });
      if (version === '1.0') await writeFile(join(node.cache, 'notes.txt'), '');
    }
    expect(await node.cached()).toEqual([
      ...['1.1', '1.2'].map((version) => `${packageId({ ...KEY, wekaVersion: version })}.tar.gz`),
      'loaded.json',
      'notes.txt',
    ]);
  });

  test('is freed of what killed loaders left', async () => {
    await mkdir(join(node.cache, '.extracted'), { recursive: true });
    await writeFile(join(node.cache, '.extracted', 'wekafsgw.ko'), 'half');
    await writeFile(join(node.cache, `.${FILE}.0123456789ab.tmp`), 'half');
    await node.offer(await aPackage());
    expect(await node.load()).toMatchObject({ kind: 'DriverLoaded' });
    expect(await node.cached()).toEqual([FILE, 'loaded.json']);
  });

  test('that is a file is named, with what is wrong with it', async () => {
    await node.offer(await aPackage());
    await mkdir(join(node.root, 'k8s-weka'));
    await writeFile(node.cache, '');
    const result = await node.load();
    expect(why(result)).toEqual({
      code: 'NodeDirectoryUnusable',
      parameters: { directory: node.cache, cause: 'a file is in its place' },
    });
  });
});

test('a driver that is loaded is loaded, also where that cannot be recorded', async () => {
  await node.offer(await aPackage());
  await mkdir(join(node.cache, 'loaded.json'), { recursive: true });
  expect(await node.load()).toMatchObject({ kind: 'DriverLoaded', modules: A });
  expect(node.lines.join('\n')).toContain('what was loaded cannot be recorded');
});

describe('a distribution service that does not give', () => {
  const unreachable = (kind: string, cause: string, url = node.server.url): object => ({
    code: 'DistUnreachable',
    parameters: { url, kind, cause },
  });

  test('a connection that is cut goes on where it ended', async () => {
    const offered = await aPackage();
    await node.offer(offered, cuttingServer(offered.bytes, Math.ceil(offered.bytes.length / 2)));
    expect(await node.load()).toMatchObject({ kind: 'DriverLoaded', from: 'dist' });
    expect(node.fetches).toBe(2);
  });

  test('a connection that is cut each time is given up', async () => {
    const offered = await aPackage();
    await node.offer(offered, cuttingServer(offered.bytes, 10));
    expect(why(await node.load())).toEqual(unreachable('connection', 'it ended the package before its last byte'));
    expect(node.fetches).toBe(3);
    expect(await node.cached()).toEqual([]);
  });

  test.each([404, 401, 503])('an answer %i', async (status) => {
    await node.offer(await aPackage(), (_, response) => response.writeHead(status).end());
    expect(why(await node.load())).toEqual(unreachable('answer', `it answers HTTP ${status}`));
  });

  test('nobody listens', async () => {
    await node.offer(await aPackage());
    await node.server.close();
    expect(why(await node.load())).toEqual(unreachable('connection', 'the connection is refused'));
  });

  test('a name that nobody knows', async () => {
    await node.offer(await aPackage());
    const distUrl = 'https://dist.weka.invalid:60002';
    const { failure } = await node.load({ distUrl });
    expect(failure).toMatchObject({ code: 'DistUnreachable', parameters: { url: distUrl, kind: 'name' } });
  });

  test('an authority that is not the installation’s', async () => {
    await node.offer(await aPackage());
    await writeFile(node.settings.caFile, createAuthority('somebody').certificate);
    expect(why(await node.load())).toMatchObject({ code: 'DistUnreachable', parameters: { kind: 'trust' } });
    expect(node.fetches).toBe(0);
  });

  test('an authority file that is not there', async () => {
    await node.offer(await aPackage());
    expect(why(await node.load({ caFile: '/nowhere' }))).toEqual({
      code: 'AgentMisconfigured',
      parameters: { name: 'CA_FILE', cause: 'names /nowhere, which cannot be read' },
    });
  });

  test('a server that says nothing', async () => {
    node.limits = { attempts: 1, deadlineMs: 20_000, idleMs: 100 };
    await node.offer(await aPackage(), () => undefined);
    expect(why(await node.load())).toEqual(unreachable('silence', 'nothing was heard for 0.1 s'));
  });

  test('a server that goes on for ever', async () => {
    node.limits = { attempts: 3, deadlineMs: 300, idleMs: 10_000 };
    const { bytes, entry } = await aPackage();
    await node.offer({ bytes, entry }, (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'), 20);
      response.once('close', () => clearInterval(timer));
    });
    await node.index({ ...entry, size: 1 << 30 });
    expect(why(await node.load())).toEqual(unreachable('silence', 'the package did not arrive within 0.3 s'));
  });

  test('without TLS, where the endpoint says so: the digest decides all the same', async () => {
    const offered = await aPackage();
    const plain = await serveOn(goodServer(offered.bytes));
    await node.offer(offered);
    expect(await node.load({ distUrl: plain.url, caFile: '/nowhere' })).toMatchObject({ kind: 'DriverLoaded' });
    await plain.close();
  });
});
