import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { LoadResult } from '../../lib/drivers/agent-result';
import { readLoadResult } from '../../lib/drivers/agent-result';
import { LOAD_SECURITY_CONTEXT } from '../../lib/drivers/load-pod';
import { goodServer, serveOn } from '../agents/shared/misbehaving-server';
import type { TestServer } from '../agents/shared/misbehaving-server';
import { packageId } from '../../lib/drivers/package';
import { runProgram } from '../artefacts/run-program';
import { createAuthority, issue } from '../cluster/certificates';
import { copySampleDriver } from '../fixtures/sample-driver';
import type { RealPackage } from './real-package';
import { indexFiles, packModules } from './real-package';
import type { Disk, SampleDriver, VmResult, VmRun } from './vm/vm';
import { buildSampleDriver, describeVm, kernel, newDisk, runVm, signModule } from './vm/vm';

/** The loader as it is shipped, run by node as root with the capabilities that its Pod has, and no other. */
const CAPABILITIES = LOAD_SECURITY_CONTEXT.capabilities.add.map((name) => `+${name.toLowerCase()}`).join(',');

const PREAMBLE = `
  export PATH=/usr/bin:/sbin:/usr/sbin:/bin
  mkdir -p /opt/k8s-weka /run/weka-drivers; mount -t ext4 /dev/nvme0n1 /opt/k8s-weka 2>/dev/null || true
  restricted() { /usr/bin/setpriv --no-new-privs --bounding-set=-all,${CAPABILITIES} node /loader.js "$@"; }
  load() {
    WEKA_VERSION=$1 TERMINATION_LOG=/tmp/result restricted load > /tmp/log 2>&1 || { cat /tmp/log; false; }
    echo "@@ $(cat /tmp/result)"
  }
`;

const failed = (code: string, parameters: object): object => ({
  kind: 'DriverLoadFailed',
  failure: { code, parameters: expect.objectContaining(parameters) as object },
});

const resultsOf = ({ markers }: VmResult): (LoadResult | string)[] =>
  markers.map((marker) => readLoadResult(marker) ?? marker);

describeVm('the loader in a real kernel', () => {
  // Emulated processors, on a machine that may do much else.
  jest.setTimeout(900_000);

  let directory: string;
  let bundle: string;
  let disk: Disk;
  let server: TestServer;
  let first: SampleDriver;
  let packages: Record<string, RealPackage>;
  const authority = createAuthority('installation');

  const inGuest = (script: string, more: Partial<VmRun> = {}): Promise<VmResult> =>
    runVm({
      script: `${PREAMBLE}${script}`,
      programs: ['setpriv', 'flock', 'dmesg'],
      disks: [disk],
      timeoutMs: 800_000,
      ...more,
      files: {
        '/loader.js': bundle,
        '/etc/weka-operator/ca/ca.crt': { text: authority.certificate },
        ...indexFiles(Object.values(packages)),
        ...more.files,
      },
      env: { DIST_URL: `https://10.0.2.2:${server.port}`, NODE_NAME: 'guest', JITTER_SECONDS: '0', ...more.env },
    });

  const signedDriver = async (name: string, signer: 'trusted' | 'unknown'): Promise<SampleDriver> => {
    const driver = await buildSampleDriver(join(directory, name));
    await signModule(driver.wekafsgw, signer);
    await signModule(driver.wekafsio, signer);
    return driver;
  };

  const loaded = (version: string, how: string, from: string): object => ({
    kind: 'DriverLoaded',
    how,
    from,
    kernel: kernel().release,
    sha256: packages[version]!.entry.sha256,
    modules: ['wekafsgw', 'wekafsio'].map((name) => ({ name, srcversion: packages[version]!.srcversions[name] })),
  });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weka-operator-node-loader-'));
    bundle = join(directory, 'loader.js');
    await build({
      entryPoints: [join(__dirname, '../../agents/drivers-loader/main.ts')],
      ...{ outfile: bundle, bundle: true, platform: 'node', target: 'node20', format: 'cjs', logLevel: 'warning' },
    });
    first = await buildSampleDriver(join(directory, 'first'));
    const second = await buildSampleDriver(join(directory, 'second'), '4.4.5.1');
    const modules = ({ wekafsgw, wekafsio }: SampleDriver): string[] => [wekafsgw, wekafsio];
    const release = kernel().release;
    packages = {
      '4.4.2': await packModules('4.4.2', modules(first)),
      '4.4.5': await packModules('4.4.5', modules(second)),
      flipped: await packModules('flipped', modules(first)),
      foreign: await packModules('foreign', modules(second), (module) => replaced(module, `vermagic=${release}`, 'x')),
      stranger: await packModules('stranger', modules(await signedDriver('stranger', 'unknown'))),
      trusted: await packModules('trusted', modules(await signedDriver('trusted', 'trusted'))),
      skewed: await packModules('skewed', modules(second), (module, name) =>
        name === 'wekafsio' ? skewed(module, 'register_filesystem') : module,
      ),
    };
    const served = new Map(Object.values(packages).map(({ path, bytes }) => [path, bytes]));
    const flipped = Buffer.from(packages['flipped']!.bytes);
    flipped[flipped.length >> 1]! ^= 1;
    served.set(packages['flipped']!.path, flipped);
    const { key, certificate: cert } = issue(
      authority,
      { commonName: 'installation' },
      { subject: { commonName: 'dist' }, hosts: ['10.0.2.2'] },
    );
    server = await serveOn(
      (request, response) => {
        const bytes = served.get(request.url ?? '');
        if (bytes === undefined) response.writeHead(404).end();
        else goodServer(bytes)(request, response);
      },
      { key, cert },
    );
    disk = await newDisk(join(directory, 'disk.img'), { megabytes: 64, format: 'ext4' });
  });
  afterAll(async () => {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  test('refuses what is not right, loads, finds unchanged, names who holds it, upgrades', async () => {
    const holder = await buildHolder(join(directory, 'holder'));
    const run = await inGuest(
      `
        load flipped
        [ ! -e /sys/module/wekafsgw ] && echo "@@ nothing is loaded"
        load 4.4.2
        lsmod | grep -c -E '^(uio|uio_pci_generic|arp_tables) ' | sed 's/^/@@ companions: /'
        load 4.4.2
        load foreign
        /sbin/insmod /gwmetrics.ko; load 4.4.5; /sbin/rmmod gwmetrics
        exec 3< /dev/wekafsio; mkdir -p '/mnt/a b'; mount -t wekafs none '/mnt/a b'
        load 4.4.5
        umount '/mnt/a b'; exec 3<&-
        load skewed
        load 4.4.5
        ls /opt/k8s-weka/drivers | sed 's/^/@@ /'
      `,
      { files: { '/gwmetrics.ko': holder } },
    );
    const results = resultsOf(run);
    expect(results).toEqual([
      expect.objectContaining(failed('DigestMismatch', { expected: packages['flipped']!.entry.sha256 })),
      'nothing is loaded',
      expect.objectContaining(loaded('4.4.2', 'loaded', 'dist')),
      'companions: 3',
      expect.objectContaining(loaded('4.4.2', 'unchanged', 'cache')),
      expect.objectContaining(failed('VermagicMismatch', { module: 'wekafsgw' })),
      expect.objectContaining(failed('DriverInUse', { modules: 'wekafsgw', users: 'module gwmetrics holds wekafsgw' })),
      expect.objectContaining(
        failed('DriverInUse', {
          modules: 'wekafsio',
          users: expect.stringMatching(/^mount \/mnt\/a b, process \d+ \(sh\)/) as string,
        }),
      ),
      expect.objectContaining(
        failed('ModuleRefused', {
          module: 'wekafsio',
          cause: expect.stringContaining('disagrees about version of symbol register_filesystem') as string,
        }),
      ),
      expect.objectContaining(loaded('4.4.5', 'loaded', 'cache')),
      `${packageId(packages['4.4.5']!.entry)}.tar.gz`,
      'loaded.json',
      `${packageId(packages['skewed']!.entry)}.tar.gz`,
    ]);
    expect(results[8]).toMatchObject({ modules: [] });
  });

  test('loads after a reboot from the node’s cache, with nobody to ask; the watch sees modules go and come', async () => {
    const requests = server.requests.length;
    const run = await inGuest(
      `
        load 4.4.5
        load 4.4.5
        chmod 777 /run/weka-drivers
        until_() { until "$@"; do sleep 0.2; done; }
        WATCH_SECONDS=0.3 /usr/bin/setpriv --reuid=65532 --regid=65532 --clear-groups --no-new-privs --bounding-set=-all \
          node /loader.js watch > /tmp/watched 2>&1 & watch=$!
        until_ [ -e /run/weka-drivers/loaded ]; echo "@@ ready"
        /sbin/rmmod wekafsio
        until_ [ ! -e /run/weka-drivers/loaded ]; echo "@@ not ready"
        load 4.4.5
        until_ [ -e /run/weka-drivers/loaded ]; echo "@@ ready again"
        kill $watch; wait $watch; echo "@@ the watch ended with $?"
        [ ! -e /run/weka-drivers/loaded ] && [ -e /sys/module/wekafsio ] && echo "@@ modules stay"
      `,
      { env: { DIST_URL: 'https://10.0.2.2:1' } },
    );
    expect(resultsOf(run)).toEqual([
      expect.objectContaining(loaded('4.4.5', 'loaded', 'cache')),
      expect.objectContaining(loaded('4.4.5', 'unchanged', 'cache')),
      'ready',
      'not ready',
      expect.objectContaining(loaded('4.4.5', 'loaded', 'cache')),
      'ready again',
      'the watch ended with 0',
      'modules stay',
    ]);
    expect(server.requests.length).toBe(requests);
  });

  test('under module.sig_enforce refuses unsigned modules before the kernel is asked, and a stranger’s by its word', async () => {
    const run = await inGuest(
      `
        load 4.4.2
        dmesg | grep -c 'Loading of' | sed 's/^/@@ the kernel was asked: /' || true
        load stranger
        [ ! -e /sys/module/wekafsgw ] && echo "@@ nothing is loaded"
      `,
      { append: 'module.sig_enforce=1' },
    );
    const policy = 'module.sig_enforce';
    expect(resultsOf(run)).toEqual([
      expect.objectContaining(failed('ModuleNotSigned', { module: 'wekafsgw', policy })),
      'the kernel was asked: 0',
      expect.objectContaining(
        failed('SigningKeyNotTrusted', { module: 'wekafsgw', signer: 'nobody knows me', policy }),
      ),
      'nothing is loaded',
    ]);
  });

  test('under Secure Boot loads what a trusted key signed, and refuses the rest before it is touched', async () => {
    const run = await inGuest(
      `
        load 4.4.2
        dmesg | grep -c 'Loading of' | sed 's/^/@@ the kernel was asked: /' || true
        load trusted
      `,
      { secureBoot: true },
    );
    expect(resultsOf(run)).toEqual([
      expect.objectContaining(
        failed('ModuleNotSigned', {
          module: 'wekafsgw',
          policy: expect.stringMatching(/^Secure Boot, .*kernel lockdown integrity$/) as string,
        }),
      ),
      'the kernel was asked: 0',
      expect.objectContaining(loaded('trusted', 'loaded', 'dist')),
    ]);
  });
});

/** `text` in a file, its last characters overwritten by as many `filler`s. */
const replaced = (file: Buffer, text: string, filler: string): Buffer => {
  const at = file.indexOf(text);
  if (at < 0) throw new Error(`no ${text} in the file`);
  const copy = Buffer.from(file);
  copy.write(filler.repeat(2), at + text.length - 2);
  return copy;
};

/** A module that says that it was built against another version of `symbol`. */
const skewed = (file: Buffer, symbol: string): Buffer => {
  for (let at = file.indexOf(`${symbol}\0`); at >= 0; at = file.indexOf(`${symbol}\0`, at + 1)) {
    // An entry of __versions: eight bytes of CRC, then the name, zeros up to 64 bytes.
    const crc = file.readUInt32LE(at - 8);
    if (
      file.readUInt32LE(at - 4) !== 0 ||
      crc === 0 ||
      !file.subarray(at + symbol.length, at + 56).every((b) => b === 0)
    )
      continue;
    const copy = Buffer.from(file);
    copy.writeUInt32LE(crc ^ 1, at - 8);
    return copy;
  }
  throw new Error(`no version of ${symbol} in the module`);
};

/** A module of somebody else that uses a symbol of the driver. */
const buildHolder = async (directory: string): Promise<string> => {
  await copySampleDriver(directory);
  await appendFile(join(directory, 'Kbuild'), 'obj-m += gwmetrics.o\n');
  await writeFile(
    join(directory, 'gwmetrics.c'),
    `#include <linux/module.h>
     int wekafsgw_port(void);
     static int __init start(void) { return wekafsgw_port() == 0; }
     static void __exit end(void) {}
     module_init(start); module_exit(end);
     MODULE_LICENSE("GPL");`,
  );
  await runProgram('make', ['-s', '-C', directory, `KERNEL_HEADERS=${kernel().headersDirectory}`]);
  return join(directory, 'gwmetrics.ko');
};
