import { inContainer, intervalOf, isWekaModule, nodeObserved } from '../../../agents/node/decide';
import type { NodeFiles } from '../../../agents/node/host';
import { bodyOf } from '../../../lib/drivers/agent-documents';
import { readNodeObserved } from '../../../lib/drivers/read-documents';

const files: NodeFiles = {
  bootID: '6a2d9b9e-5a0c-4d2c-9c6b-0a5b0c6f2b11\n',
  release: '6.1.0-18-amd64',
  machine: 'x86_64',
  signatures: {},
  modules: [],
  mountinfo: '',
  kernels: [],
};
const secureBoot = (value: number): Buffer => Buffer.from([6, 0, 0, 0, value]);

describe('what the operator is told of a node', () => {
  test('what every node has', () => {
    expect(nodeObserved(files)).toEqual({
      bootID: '6a2d9b9e-5a0c-4d2c-9c6b-0a5b0c6f2b11',
      kernel: '6.1.0-18-amd64',
      architecture: 'amd64',
      secureBoot: 'Unsupported',
      signaturesEnforced: false,
      modules: [],
      mounts: [],
      kernels: [],
    });
  });

  test.each([
    ['x86_64', 'amd64'],
    ['aarch64', 'arm64'],
    ['riscv64', 'riscv64'],
  ])('the machine %s is %s', (machine, architecture) => {
    expect(nodeObserved({ ...files, machine }).architecture).toBe(architecture);
  });

  test.each<[string, NodeFiles['signatures'], string, boolean]>([
    ['no firmware variables', {}, 'Unsupported', false],
    ['Secure Boot off', { secureBoot: secureBoot(0) }, 'Disabled', false],
    [
      'Secure Boot on, and a kernel that takes everything',
      { secureBoot: secureBoot(1), lockdown: '[none] integrity confidentiality\n' },
      'Enabled',
      false,
    ],
    [
      'Secure Boot on, and lockdown',
      { secureBoot: secureBoot(1), lockdown: 'none [integrity] confidentiality\n' },
      'Enabled',
      true,
    ],
    ['sig_enforce without Secure Boot', { sigEnforce: 'Y\n' }, 'Unsupported', true],
    ['sig_enforce off', { sigEnforce: 'N\n', secureBoot: secureBoot(0) }, 'Disabled', false],
    ['a variable of a strange length', { secureBoot: Buffer.from([1]) }, 'Unsupported', false],
  ])('%s', (_what, signatures, state, enforced) => {
    expect(nodeObserved({ ...files, signatures })).toMatchObject({ secureBoot: state, signaturesEnforced: enforced });
  });

  test('equal files in any order give an equal report', () => {
    const modules = [
      { name: 'wekafsgw', srcversion: 'A', holders: ['z', 'wekafsio'] },
      { name: 'wekafsio', srcversion: 'B', holders: [] },
    ];
    const kernels = [
      { release: '6.1.0-18-amd64', headers: true },
      { release: '6.1.0-20-amd64', headers: false },
    ];
    const one = nodeObserved({ ...files, modules, kernels });
    const other = nodeObserved({
      ...files,
      modules: [...modules].reverse().map((module) => ({ ...module, holders: [...module.holders].reverse() })),
      kernels: [...kernels].reverse(),
    });
    expect(other).toEqual(one);
    expect(one.modules[0]).toEqual({ name: 'wekafsgw', srcversion: 'A', holders: ['wekafsio', 'z'] });
  });

  test('WEKA mounts, and no others', () => {
    const mountinfo = [
      '22 27 0:21 / /proc rw,relatime - proc proc rw',
      '90 27 0:55 / /mnt/my\\040weka rw,relatime shared:1 - wekafs cluster/fs rw',
      '91 27 0:55 / /mnt/my\\040weka rw,relatime shared:1 - wekafs cluster/fs rw',
    ].join('\n');
    expect(nodeObserved({ ...files, mountinfo }).mounts).toEqual(['/mnt/my weka']);
  });

  test.each<[string | undefined, object | undefined]>([
    ['NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\nID_LIKE=none\n', { id: 'debian', version: '12' }],
    ["ID='rocky'\nVERSION_ID='9.4'\n", { id: 'rocky', version: '9.4' }],
    ['ID=arch\n', { id: 'arch', version: '' }],
    ['NAME=Nothing\n', undefined],
    [undefined, undefined],
  ])('the distribution in %j', (osRelease, system) => {
    expect(nodeObserved({ ...files, ...(osRelease === undefined ? {} : { osRelease }) }).system).toEqual(system);
  });

  test('is what the operator reads', () => {
    const full = nodeObserved({
      ...files,
      osRelease: 'ID=debian\n',
      modules: [{ name: 'wekafsio', srcversion: '', holders: [] }],
    });
    expect(readNodeObserved(bodyOf(full))).toEqual({ body: full });
  });
});

test.each([
  ['wekafsio', true],
  ['wekafsgw', true],
  ['mpin_user', true],
  ['igb_uio', true],
  ['igb', false],
  ['ext4', false],
  ['notweka', false],
])('a module %s is one of WEKA: %s', (name, ours) => {
  expect(isWekaModule(name)).toBe(ours);
});

test.each([
  [{ intervalSeconds: 60 }, 60],
  [{ intervalSeconds: 1 }, 5],
  [{ intervalSeconds: 86_400 }, 3600],
  [{ intervalSeconds: -5 }, 30],
  [{ intervalSeconds: 'often' }, 30],
  [{}, 30],
])('told %j the node is looked at every %d seconds', (desired, seconds) => {
  expect(intervalOf(desired)).toBe(seconds);
});

test.each([
  ['/usr/src/linux-headers-6.1.0-18-amd64', '/host/usr/src/linux-headers-6.1.0-18-amd64'],
  ['/lib/modules/6.1/build', '/host/lib/modules/6.1/build'],
  ['/usr/src/../../etc/shadow', undefined],
  ['/usr', undefined],
  ['/usrlocal/a', undefined],
  ['/opt/headers', undefined],
])('%s of the node is %s in the container', (path, expected) => {
  expect(inContainer(path)).toBe(expected);
});
