import type { DriverPackage } from '../../lib/api/driver-package';
import type { LiveObject } from '../../lib/base/kube-object';
import type { BuildDemand } from '../../lib/drivers/demand';
import { packageId, packageKeyString } from '../../lib/drivers/package';
import { recordedPackages } from '../../lib/drivers/package-plan';
import type { PolicyPackagesInput } from '../../lib/drivers/policy-packages';
import { policyPackages, UNUSED_GRACE_MS } from '../../lib/drivers/policy-packages';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const at = (ms: number): string => new Date(ms).toISOString().replace('.000', '');
const SHA = 'a'.repeat(64);
const key = (wekaVersion = '4.4.5', kernel = '6.1') => ({ wekaVersion, kernel, architecture: 'amd64' });

const demand = (more: Partial<BuildDemand> = {}): BuildDemand => ({
  ...key(),
  image: 'i:4.4.5',
  wantedBy: ['ensureImages'],
  nodes: ['n1'],
  placement: { kind: 'labels', nodeSelector: {} },
  ...more,
});

const builder = (of = key(), built = true, metadata: object = {}): [string, LiveObject] => [
  packageKeyString(of),
  {
    apiVersion: 'weka.weka.io/v1alpha1',
    kind: 'WekaContainer',
    metadata: { name: 'b', uid: 'b', resourceVersion: '1', ...metadata },
    spec: {},
    status: built
      ? { status: 'Completed', result: JSON.stringify({ driver_built: true, sha256: SHA, size: 10, seconds: 5 }) }
      : { status: 'Building' },
  },
];
const stored = (of = key()) => ({ id: packageId(of), state: 'stored' as const, sha256: SHA, size: 10 });
const entry = (of = key(), more: Partial<DriverPackage> = {}): DriverPackage => ({
  id: packageId(of),
  ...of,
  state: 'Stored',
  source: 'built',
  sha256: SHA,
  size: 10,
  ...more,
});

const plan = (more: Partial<PolicyPackagesInput> = {}) =>
  policyPackages({
    now: NOW,
    mode: 'Local',
    offline: false,
    observed: { packages: [], certificateRequest: '', full: false },
    recorded: recordedPackages([]),
    answer: () => undefined,
    demands: [demand()],
    builders: new Map(),
    versionsInUse: new Set(['4.4.5']),
    osImageOf: () => 'Debian GNU/Linux 12 (bookworm)',
    ...more,
  });
const observed = (...packages: ReturnType<typeof stored>[]) => ({ packages, certificateRequest: '', full: false });

describe('the packages of a policy', () => {
  it('are built where nobody has them, and the service is told to expect them', () => {
    const { builds, holdings, entries } = plan();
    expect(builds).toEqual([demand()]);
    expect(holdings).toEqual([{ id: packageId(key()), ...key() }]);
    expect(entries).toMatchObject([{ state: 'Building', since: at(NOW) }]);
  });

  it('are written down with digest, size, time and witness once they are stored', () => {
    const { entries, holdings } = plan({ builders: new Map([builder()]), observed: observed(stored()) });
    expect(entries).toEqual([
      {
        id: packageId(key()),
        ...key(),
        state: 'Stored',
        reason: 'Stored',
        sha256: SHA,
        source: 'built',
        size: 10,
        buildSeconds: 5,
        since: at(NOW),
      },
    ]);
    expect(holdings).toMatchObject([{ sha256: SHA }]);
  });

  it('keep the time since when they are as they are', () => {
    const recorded = recordedPackages([entry(key(), { since: at(NOW - 1_000) })]);
    const { entries } = plan({ recorded, observed: observed(stored()) });
    expect(entries).toMatchObject([{ state: 'Stored', since: at(NOW - 1_000) }]);
  });

  it('are what was written down, while the service has told this operator nothing', () => {
    const { entries, builds } = plan({ recorded: recordedPackages([entry()]), observed: undefined });
    expect(entries).toMatchObject([{ state: 'Stored' }]);
    expect(builds).toEqual([]);
  });

  it('are not built without headers, and say which package brings them to which node', () => {
    const placement = { kind: 'nowhere', lacking: ['n1', 'n2'] } as const;
    const { builds, entries } = plan({ demands: [demand({ placement })] });
    expect(builds).toEqual([]);
    expect(entries[0]?.message).toContain('Install linux-headers-6.1 on n1 and 1 more');
  });

  test.each([
    ['nobody misses it', 'Local' as const, undefined, 0],
    ['nobody misses it, though a registry lacks it', 'RegistryThenLocal' as const, { state: 'absent' as const }, 0],
    [
      'it is mirrored where a registry has it',
      'RegistryThenLocal' as const,
      { state: 'found' as const, url: 'https://r.example/x', sha256: SHA },
      1,
    ],
  ])('for a kernel that is neither booted nor has headers: %s', (_sentence, mode, answer, count) => {
    const idle = demand({ nodes: [], placement: { kind: 'nowhere', lacking: ['n1'] } });
    expect(plan({ demands: [idle], mode, answer: () => answer }).demanded).toHaveLength(count);
  });

  it('tell the service where to mirror from, and with which digest', () => {
    const url = 'https://registry.example/x';
    const { holdings } = plan({
      mode: 'RegistryThenLocal',
      answer: () => ({ state: 'found', url, sha256: SHA }),
    });
    expect(holdings).toMatchObject([{ sha256: SHA, mirror: { url, sha256: SHA } }]);
  });
});

describe('packages that are not demanded any more', () => {
  const old = key('4.4.4');
  const gone = (more: Partial<PolicyPackagesInput> = {}) =>
    plan({ builders: new Map([builder(old)]), observed: observed(stored(old)), ...more });

  it('stay for a day when nobody uses their version, and then go', () => {
    const first = gone();
    expect(first.entries.find(({ wekaVersion }) => wekaVersion === '4.4.4')).toMatchObject({
      state: 'Unused',
      unusedSince: at(NOW),
    });
    expect([first.lookAgainMs, first.expired.size]).toEqual([UNUSED_GRACE_MS, 0]);
    const recorded = recordedPackages(first.entries);
    const later = gone({ recorded, now: NOW + UNUSED_GRACE_MS - 1 });
    expect([later.lookAgainMs, later.expired.size]).toEqual([1, 0]);
    const last = gone({ recorded, now: NOW + UNUSED_GRACE_MS });
    expect([...last.expired]).toEqual([packageKeyString(old)]);
    expect(last.entries.map(({ wekaVersion }) => wekaVersion)).toEqual(['4.4.5']);
    expect(last.holdings.map(({ wekaVersion }) => wekaVersion)).toEqual(['4.4.5']);
  });

  it('do not begin another day while their builder is going', () => {
    const going = builder(old, true, { deletionTimestamp: at(NOW) });
    expect(gone({ builders: new Map([going]) }).entries.map(({ wekaVersion }) => wekaVersion)).toEqual(['4.4.5']);
  });

  it('count from the beginning when they were needed in between', () => {
    const recorded = recordedPackages([entry(old, { state: 'Stored' })]);
    expect(gone({ recorded }).entries.find(({ wekaVersion }) => wekaVersion === '4.4.4')).toMatchObject({
      unusedSince: at(NOW),
    });
  });

  it('stay as long as their version is in use, whatever their kernel', () => {
    const other = key('4.4.5', '5.15');
    const { entries, expired, builds } = plan({
      builders: new Map([builder(other)]),
      observed: observed(stored(other)),
      now: NOW + 100 * UNUSED_GRACE_MS,
    });
    expect(entries).toContainEqual(expect.objectContaining({ kernel: '5.15', state: 'Stored' }));
    expect([expired.size, builds.length]).toEqual([0, 1]);
  });
});
