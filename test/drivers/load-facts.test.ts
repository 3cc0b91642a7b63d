import { architectureOf, readSymbolVersions, signaturePolicy, wekaMounts } from '../../lib/drivers/load-facts';
import type { SignatureFiles, SignaturePolicy } from '../../lib/drivers/load-facts';
import { PLATFORMS, platformOf } from '../../lib/drivers/load-platforms';

const secureBoot = (value: number): Buffer => Buffer.from([6, 0, 0, 0, value]);

test.each<[string, SignatureFiles, SignaturePolicy]>([
  [
    'a kernel that demands nothing',
    { sigEnforce: 'N\n', lockdown: '[none] integrity confidentiality\n' },
    { secureBoot: 'Unsupported', lockdown: 'none', enforced: false, by: '' },
  ],
  ['a kernel without any of the files', {}, { secureBoot: 'Unsupported', lockdown: 'none', enforced: false, by: '' }],
  [
    'module.sig_enforce',
    { sigEnforce: 'Y\n' },
    { secureBoot: 'Unsupported', lockdown: 'none', enforced: true, by: 'module.sig_enforce' },
  ],
  [
    'Secure Boot with lockdown',
    { sigEnforce: 'N', lockdown: 'none [integrity] confidentiality', secureBoot: secureBoot(1) },
    { secureBoot: 'Enabled', lockdown: 'integrity', enforced: true, by: 'Secure Boot, kernel lockdown integrity' },
  ],
  [
    'Secure Boot whose kernel demands nothing',
    { lockdown: '[none] integrity', secureBoot: secureBoot(1) },
    { secureBoot: 'Enabled', lockdown: 'none', enforced: false, by: '' },
  ],
  [
    'lockdown by hand',
    { lockdown: 'none integrity [confidentiality]', secureBoot: secureBoot(0) },
    { secureBoot: 'Disabled', lockdown: 'confidentiality', enforced: true, by: 'kernel lockdown confidentiality' },
  ],
  [
    'a variable cut short',
    { secureBoot: Buffer.from([6, 0]) },
    { secureBoot: 'Unsupported', lockdown: 'none', enforced: false, by: '' },
  ],
])('%s', (_, files, policy) => expect(signaturePolicy(files)).toEqual(policy));

test('mounts of WEKA are found by type, each once, sorted, their names as they are', () => {
  const lines = [
    '22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw',
    '50 22 0:50 / /mnt/b rw - wekafs weka/fs rw',
    '51 22 0:51 / /mnt/a\\040b\\134c rw,relatime shared:9 master:2 - wekafs weka/fs rw',
    '52 22 0:50 / /mnt/b rw - wekafs weka/fs rw',
    '53 22 0:53 / /mnt/wekafs rw - tmpfs wekafs rw',
    '',
    'nonsense',
  ];
  expect(wekaMounts(lines.join('\n'))).toEqual(['/mnt/a b\\c', '/mnt/b']);
  const many = Array.from({ length: 100 }, (_, at) => `${at} 1 0:1 / /m${at} rw - wekafs x rw`);
  expect(wekaMounts(many.join('\n')).length).toBe(20);
});

test('symbol versions are read from both ways of writing them; other lines count for nothing', () => {
  const text =
    '0x12ab34cd\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n0x00000000\tfree\tvmlinux\tEXPORT_SYMBOL\nbad line\n0xffffffff  kfree  vmlinux\n\n';
  expect([...readSymbolVersions(text)]).toEqual([
    ['printk', 0x12ab34cd],
    ['kfree', 0xffffffff],
  ]);
});

test('architectures', () =>
  expect(['x86_64', 'aarch64', 's390x'].map(architectureOf)).toEqual(['amd64', 'arm64', undefined]));

test.each([
  ['Debian GNU/Linux 12 (bookworm)', 'Debian'],
  ['Ubuntu 22.04.5 LTS', 'Ubuntu'],
  ['Red Hat Enterprise Linux 9.4 (Plow)', 'Red Hat Enterprise Linux'],
  ['Rocky Linux 9.3 (Blue Onyx)', 'Rocky Linux'],
  ['Red Hat Enterprise Linux CoreOS 416.94.202409040013-0', 'Red Hat CoreOS'],
  ['Red Hat CoreOS 9.6', 'Red Hat CoreOS'],
  ['Container-Optimized OS from Google', 'Container-Optimized OS'],
  ['Talos (v1.8)', undefined],
])('%s is %s', (osImage, name) => expect(platformOf(osImage)?.name).toBe(name));

test('every platform says what an administrator must know, and each is recognised by one rule only', () => {
  for (const platform of PLATFORMS) {
    expect(platform.notes.length).toBeGreaterThan(0);
    expect(platform.headers === undefined || platform.headers.includes('{kernel}')).toBe(true);
  }
  const images = [
    'debian',
    'ubuntu',
    'red hat enterprise linux 9',
    'rocky linux 9',
    'red hat coreos',
    'container-optimized os',
  ];
  expect(images.map((image) => PLATFORMS.filter(({ osImage }) => osImage.test(image)).length)).toEqual(
    images.map(() => 1),
  );
});
