import {
  companions,
  confirmationProblem,
  foreignNeeds,
  isSame,
  jitter,
  moduleProblem,
  someOf,
  wantedKey,
} from '../../../agents/drivers-loader/decide';
import { loadRefusal, unloadRefusal } from '../../../agents/drivers-loader/kernel-refusal';
import type { LiveModule } from '../../../agents/drivers-loader/host';
import type { ModuleInfo } from '../../../lib/drivers/module-info';
import { readModuleInfo } from '../../../lib/drivers/module-info';
import { KERNEL } from './fake-kernel';
import { driver, manifestOf, moduleFile } from './packages';

const live = (name: string, srcversion: string): [string, LiveModule] => [
  name,
  { name, srcversion, holders: [], references: 0 },
];

test.each([
  ['x86_64', 'amd64'],
  ['aarch64', 'arm64'],
  ['ppc64le', 'ppc64le'],
])('a machine %s is looked up as %s', (machine, architecture) => {
  expect(wantedKey('4.4', { release: '6.1', machine })).toEqual({ wekaVersion: '4.4', kernel: '6.1', architecture });
});

describe('a loaded module is that of the package', () => {
  const [withVersion] = manifestOf(driver()).modules;
  const without = { ...withVersion!, srcversion: '' };
  test.each<[string, boolean, boolean]>([
    ['GWA', false, true],
    ['GWB', false, false],
    ['GWB', true, false],
    ['', true, false],
  ])('with srcversion "%s", recorded %s: %s', (srcversion, recorded, same) => {
    expect(isSame(withVersion!, live('wekafsgw', srcversion)[1], recorded)).toBe(same);
  });
  test.each<[string, boolean, boolean]>([
    ['', false, false],
    ['', true, true],
    ['X', true, false],
  ])('without one of its own: the kernel’s "%s", recorded %s: %s', (srcversion, recorded, same) => {
    expect(isSame(without, live('wekafsgw', srcversion)[1], recorded)).toBe(same);
  });
  test('not when it is not loaded', () => expect(isSame(withVersion!, undefined, true)).toBe(false));
});

test.each<[string, [string, LiveModule][], object | undefined]>([
  ['all as they should be', [live('wekafsgw', 'GWA'), live('wekafsio', 'IOA')], undefined],
  ['one missing', [live('wekafsgw', 'GWA')], { module: 'wekafsio', expected: 'IOA', found: 'no such module' }],
  [
    'one of another version',
    [live('wekafsgw', 'X'), live('wekafsio', 'IOA')],
    { module: 'wekafsgw', expected: 'GWA', found: 'X' },
  ],
  [
    'one without a version',
    [live('wekafsgw', ''), live('wekafsio', 'IOA')],
    { module: 'wekafsgw', expected: 'GWA', found: 'none' },
  ],
])('the kernel shows %s', (_, modules, parameters) => {
  expect(confirmationProblem(manifestOf(driver()), new Map(modules))?.parameters).toEqual(parameters);
});

test('needs of a package are those that it does not bring, each once', () => {
  const modules = [
    { name: 'a', depends: ['uio', 'ib_core'] },
    { name: 'b', depends: ['a', 'uio'] },
  ];
  expect(foreignNeeds(manifestOf(modules))).toEqual(['ib_core', 'uio']);
});

test('vfio-pci is a companion only behind an IOMMU', () => {
  expect(companions({ iommu: false })).toEqual(['uio', 'uio_pci_generic', 'arp_tables']);
  expect(companions({ iommu: true })).toEqual(['uio', 'uio_pci_generic', 'vfio-pci', 'arp_tables']);
});

test('a long list names the first and counts the rest', () => {
  expect([someOf([], 2), someOf(['a', 'b'], 2), someOf(['a', 'b', 'c', 'd'], 2)]).toEqual(['', 'a, b', 'a, b, 2 more']);
});

test('jitter is the same for a node each time, below its bound, and spreads nodes', () => {
  const waits = Array.from({ length: 1000 }, (_, node) => jitter(`node-${node}`, 10));
  expect(waits).toEqual(Array.from({ length: 1000 }, (_, node) => jitter(`node-${node}`, 10)));
  expect([Math.min(...waits) >= 0, Math.max(...waits) < 10_000]).toEqual([true, true]);
  const perSecond = Array.from(
    { length: 10 },
    (_, second) => waits.filter((ms) => Math.floor(ms / 1000) === second).length,
  );
  expect(Math.min(...perSecond)).toBeGreaterThan(60);
  expect(Math.max(...perSecond)).toBeLessThan(140);
  expect(jitter('node-1', 0)).toBe(0);
});

const infoOf = (more: Parameters<typeof moduleFile>[0]): ModuleInfo => {
  const read = readModuleInfo(moduleFile(more));
  if ('problem' in read) throw new Error(read.problem);
  return read.module;
};

test.each<[string, Partial<Parameters<typeof moduleFile>[0]>, string | undefined]>([
  ['as the manifest says', {}, undefined],
  ['of another name', { name: 'other' }, 'modules/wekafsgw.ko has the name "other", its manifest says "wekafsgw"'],
  [
    'of another kernel',
    { vermagic: '5 SMP' },
    `modules/wekafsgw.ko has the vermagic "5 SMP", its manifest says "${KERNEL.vermagic}"`,
  ],
])('a module file %s', (_, change, problem) => {
  const [packaged] = manifestOf(driver()).modules;
  expect(moduleProblem(packaged!, infoOf({ ...driver()[0]!, ...change }))).toBe(problem);
});

describe('what insmod and the kernel said becomes', () => {
  const enforcing = { ...KERNEL.signatures, enforced: true, by: 'module.sig_enforce' };
  const said = (reason: string): string =>
    `could not insert module /opt/k8s-weka/drivers/.extracted/wekafsio.ko: ${reason}`;
  const signed = infoOf({ name: 'wekafsio', signer: 'Site CA' });
  const unsigned = infoOf({ name: 'wekafsio' });

  test.each<[string, ModuleInfo, readonly string[], object]>([
    ['Key was rejected by service', signed, [], { code: 'SigningKeyNotTrusted', parameters: { signer: 'Site CA' } }],
    [
      'Required key not available',
      signed,
      [],
      { code: 'SigningKeyNotTrusted', parameters: { policy: 'module.sig_enforce' } },
    ],
    ['Key was rejected by service', unsigned, [], { code: 'ModuleNotSigned', parameters: { module: 'wekafsio' } }],
    ['File exists', unsigned, [], { code: 'ModuleRefused', parameters: { module: 'wekafsio', cause: 'File exists' } }],
    [
      'Invalid parameters',
      unsigned,
      ['wekafsio: disagrees about version of symbol printk', 'wekafsio: Unknown symbol printk (err -22)'],
      {
        code: 'ModuleRefused',
        parameters: {
          cause:
            'Invalid parameters; the kernel says "wekafsio: disagrees about version of symbol printk", "wekafsio: Unknown symbol printk (err -22)"',
        },
      },
    ],
  ])('%s', (reason, info, kernelLog, expected) => {
    expect(loadRefusal({ ok: false, said: said(reason), kernelLog }, info, enforcing)).toMatchObject(expected);
  });

  test('a kernel that never ends talking is cut short', () => {
    const { parameters } = unloadRefusal({ ok: false, said: 'x', kernelLog: ['y'.repeat(5000)] }, 'wekafsio');
    expect(parameters['cause']?.length).toBeLessThan(310);
  });
});
