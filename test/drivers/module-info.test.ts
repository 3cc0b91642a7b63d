import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import type { ModuleInfo } from '../../lib/drivers/module-info';
import { compareVermagic, readModuleInfo } from '../../lib/drivers/module-info';
import { runProgram } from '../artefacts/run-program';
import { aModule } from './module-file';
import { kernelHeaders, makeSampleDriver, requireHeaders, scratch } from './sample-driver';

const read = (file: Buffer): ModuleInfo => {
  const result = readModuleInfo(file);
  if ('problem' in result) throw new Error(result.problem);
  return result.module;
};
const problem = (file: Buffer): string => {
  const result = readModuleInfo(file);
  return 'problem' in result ? result.problem : 'taken';
};

describe('readModuleInfo, on a file made by hand', () => {
  const modinfo = {
    name: 'wekafsio',
    version: '4.4.5',
    srcversion: 'ABCDEF',
    vermagic: '6.1.0 SMP mod_unload ',
    depends: 'wekafsgw,i2c-algo-bit',
    license: 'GPL',
  };

  test('says all that the file says of itself', () => {
    expect(read(aModule({ modinfo, aliases: ['fs-wekafs', 'net-pf-1'], exports: ['a', 'b'] }))).toEqual({
      name: 'wekafsio',
      architecture: 'amd64',
      version: '4.4.5',
      srcversion: 'ABCDEF',
      vermagic: '6.1.0 SMP mod_unload',
      depends: ['wekafsgw', 'i2c_algo_bit'],
      license: 'GPL',
      aliases: ['fs-wekafs', 'net-pf-1'],
      signed: false,
      imports: new Map(),
      exports: ['a', 'b'],
    });
  });

  test('reads aarch64, and a module without version, srcversion and dependencies', () => {
    const { name, vermagic } = modinfo;
    const module = read(aModule({ modinfo: { name, vermagic, depends: '' }, machine: 183 }));
    expect(module).toMatchObject({ architecture: 'arm64', srcversion: '', depends: [], license: '' });
    expect(module).not.toHaveProperty('version');
  });

  test('reads the CRCs of symbols, in the old form and in that of kernels from 6.14 on', () => {
    const imports = [
      ['module_layout', 0xdeadbeef],
      ['__proto__', 1],
    ] as const;
    expect([...read(aModule({ modinfo, versions: imports })).imports]).toEqual(imports);
    expect([...read(aModule({ modinfo, extendedVersions: imports })).imports]).toEqual(imports);
  });

  test.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'it is not an ELF file'],
    ['text', Buffer.from('<html>not found</html>'), 'it is not an ELF file'],
    ['gzip', Buffer.from('1f8b0800', 'hex'), 'it is compressed (gzip)'],
    ['xz', Buffer.from('fd377a585a0000', 'hex'), 'it is compressed (xz)'],
    ['zstd', Buffer.from('28b52ffd00', 'hex'), 'it is compressed (zstd)'],
    ['32 bits', Buffer.from('7f454c460101'.padEnd(200, '0'), 'hex'), 'it is not 64-bit little-endian'],
    ['big-endian', Buffer.from('7f454c460202'.padEnd(200, '0'), 'hex'), 'it is not 64-bit little-endian'],
    ['the first bytes', aModule({ modinfo }).subarray(0, 40), 'it is cut off'],
    ['another machine', aModule({ modinfo, machine: 243 }), 'it is for neither x86-64 nor aarch64'],
    ['half a file', aModule({ modinfo }).subarray(0, 300), 'its section table is damaged'],
    ['no name', aModule({ modinfo: { vermagic: 'x' } }), 'its .modinfo names no module'],
    ['a name that is a path', aModule({ modinfo: { ...modinfo, name: '../x' } }), 'its .modinfo names no module'],
    ['no vermagic', aModule({ modinfo: { name: 'x' } }), 'its .modinfo has no vermagic'],
    ['no .modinfo', aModule({}), 'its .modinfo names no module'],
  ])('gives the problem with %s', (_, file, expected) => {
    expect(problem(file)).toBe(expected);
  });

  test('a signature is seen, and one whose length lies is none', () => {
    const trailer = (length: number): Buffer => {
      const bytes = Buffer.alloc(12);
      bytes.writeUInt32BE(length, 8);
      return Buffer.concat([bytes, Buffer.from('~Module signature appended~\n')]);
    };
    const signature = Buffer.from('junk');
    expect(read(Buffer.concat([aModule({ modinfo }), signature, trailer(4)]))).toMatchObject({ signed: true });
    expect(read(Buffer.concat([aModule({ modinfo }), trailer(0xffffffff)]))).toMatchObject({ signed: false });
  });

  test('no bytes make it throw', () => {
    const whole = aModule({ modinfo, aliases: ['a'], exports: ['b'], versions: [['c', 1]] });
    const place = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(place, { maxLength: 12 }), fc.nat(whole.length), (places, length) => {
        const file = Buffer.from(whole);
        for (const { at, byte } of places) file[at] = byte;
        expect(Object.keys(readModuleInfo(file.subarray(0, length)))).toHaveLength(1);
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const file = Buffer.concat([Buffer.from('7f454c460201', 'hex'), bytes]);
        expect(Object.keys(readModuleInfo(file))).toHaveLength(1);
      }),
    );
  });
});

describe('readModuleInfo, on modules of a real kernel', () => {
  test('says what modinfo says, signed and not', async () => {
    const found = await kernelHeaders();
    if (!requireHeaders(found)) return;
    const { path, remove } = await scratch();
    try {
      const { gateway, io } = await makeSampleDriver(found.kernel, join(path, 'driver'));
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const [key, certificate] = [join(path, 'key.pem'), join(path, 'certificate.pem')];
      await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
      const subject = ['-subj', '/O=Test/CN=Drivers of the test'];
      await runProgram('openssl', ['req', '-x509', '-new', '-key', key, '-out', certificate, '-days', '2', ...subject]);
      const signed = join(path, 'signed.ko');
      await runProgram(found.kernel.signFile, ['sha256', key, certificate, gateway, signed]);

      for (const file of [gateway, io, signed]) {
        const field = async (name: string): Promise<string> =>
          (await runProgram('/sbin/modinfo', ['-F', name, file])).trim();
        const module = read(await readFile(file));
        expect(module).toMatchObject({
          name: await field('name'),
          architecture: 'amd64',
          version: await field('version'),
          srcversion: await field('srcversion'),
          vermagic: await field('vermagic'),
          license: await field('license'),
          signed: file === signed,
        });
        expect(module.depends.join()).toBe(await field('depends'));
        expect(module.aliases.join()).toBe(await field('alias'));
        expect(module.signer).toBe(file === signed ? 'Drivers of the test' : undefined);
        expect(compareVermagic(module.vermagic, found.kernel.release)).toBeUndefined();
      }
      const kernelSymbols = await readFile(join(found.kernel.headersDirectory, 'Module.symvers'), 'utf8');
      const crcs = new Map(
        kernelSymbols.split('\n').map((line) => {
          const [crc = '', symbol = ''] = line.split('\t');
          return [symbol, Number.parseInt(crc, 16)];
        }),
      );
      const [first, second] = [read(await readFile(gateway)), read(await readFile(io))];
      expect(first.exports).toEqual(['wekafsgw_port']);
      expect(second.imports.size).toBeGreaterThan(5);
      for (const [symbol, crc] of second.imports) {
        if (!first.exports.includes(symbol)) expect([symbol, crc]).toEqual([symbol, crcs.get(symbol)]);
      }
    } finally {
      await remove();
    }
  }, 300_000);
});

describe('compareVermagic', () => {
  const release = '6.1.0-56-cloud-amd64';
  const flags = 'SMP preempt mod_unload modversions';
  test.each<[string, string, string | undefined, ReturnType<typeof compareVermagic>]>([
    ['the same release', `${release} ${flags} `, undefined, undefined],
    ['the same, spaces aside', ` ${release}  ${flags}`, `${release} ${flags}`, undefined],
    ['another release', `6.1.0-55 ${flags}`, undefined, { part: 'release', module: '6.1.0-55', kernel: release }],
    [
      'a release that only begins the same',
      `${release}-rt ${flags}`,
      undefined,
      { part: 'release', module: `${release}-rt`, kernel: release },
    ],
    ['other flags', `${release} SMP`, `${release} ${flags}`, { part: 'flags', module: 'SMP', kernel: flags }],
    ['other flags of a kernel that nobody knows', `${release} SMP`, undefined, undefined],
    ['nothing', '', undefined, { part: 'release', module: '', kernel: release }],
  ])('%s', (_, module, kernel, expected) => {
    expect(compareVermagic(module, release, kernel)).toEqual(expected);
  });
});
