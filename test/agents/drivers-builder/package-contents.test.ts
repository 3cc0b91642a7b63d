import fc from 'fast-check';
import { packageContents } from '../../../agents/drivers-builder/package-contents';
import { readManifest } from '../../../lib/drivers/package-manifest';
import { aModule } from '../../drivers/module-file';

jest.setTimeout(60_000);

const target = { wekaVersion: '4.4.5', kernel: '6.1.0-56', architecture: 'amd64' };
const toolchain = { compiler: 'gcc 12.2.0', builder: 'kbuild' };
const aDriver = (name: string, depends = '', more: Record<string, string> = {}): Buffer =>
  aModule({ modinfo: { name, depends, vermagic: '6.1.0-56 SMP mod_unload ', ...more } });
const contents = (modules: readonly Buffer[]): { names: string[]; manifest: string } | string => {
  const packed = packageContents(target, modules, toolchain);
  if ('problem' in packed) return packed.problem;
  const [manifest, ...files] = packed.files;
  return { names: files.map(({ name }) => name), manifest: manifest?.content.toString() ?? '' };
};

describe('the contents of a package', () => {
  const wekafs = [
    aDriver('wekafsio', 'wekafsgw,mpin-user'),
    aDriver('mpin_user'),
    aDriver('wekafsgw'),
    aDriver('apart'),
  ];

  test('are a manifest, and modules in the order of loading, whatever order they came in', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(wekafs, { minLength: wekafs.length }), (modules) => {
        expect(contents(modules)).toEqual(contents(wekafs));
      }),
    );
    const { names } = contents(wekafs) as { names: string[] };
    expect(names).toEqual(['apart', 'mpin_user', 'wekafsgw', 'wekafsio'].map((name) => `modules/${name}.ko`));
  });

  test('are described so that the reader of manifests takes them', () => {
    const packed = contents([aDriver('wekafsio', 'libcrc32c', { version: '4.4.5', srcversion: 'ABC' })]);
    const read = readManifest((packed as { manifest: string }).manifest);
    expect(read).toEqual({
      manifest: {
        schema: 1,
        ...target,
        modules: [
          {
            name: 'wekafsio',
            file: 'modules/wekafsio.ko',
            sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
            srcversion: 'ABC',
            vermagic: '6.1.0-56 SMP mod_unload',
            depends: ['libcrc32c'],
            version: '4.4.5',
          },
        ],
        toolchain,
      },
    });
  });

  test.each<[string, Buffer[], string]>([
    ['nothing', [], 'no module came of it'],
    ['what is no module', [Buffer.from('x')], 'one of the modules is none: it is not an ELF file'],
    ['a module for another kernel', [aDriver('a', '', { vermagic: '6.1.0-55 SMP' })], 'a is for kernel 6.1.0-55'],
    [
      'a module for another architecture',
      [aModule({ modinfo: { name: 'a', vermagic: '6.1.0-56' }, machine: 183 })],
      'a is for arm64, not amd64',
    ],
    ['the same module twice', [aDriver('a'), aDriver('a')], 'a was built twice'],
    ['modules that need each other', [aDriver('a', 'b'), aDriver('b', 'a'), aDriver('c')], 'a, b need each other'],
  ])('cannot be %s', (_, modules, problem) => {
    expect(contents(modules)).toBe(problem);
  });
});
