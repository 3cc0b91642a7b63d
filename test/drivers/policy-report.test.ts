import { conditionsOf } from '../../lib/base/conditions';
import type { DriverPackage } from '../../lib/api/driver-package';
import type { DistributionState } from '../../lib/drivers/policy-report';
import { distributionStatus } from '../../lib/drivers/policy-report';
import { assertConditionsConform } from '../conformance/conditions';

const state = (more: Partial<DistributionState> = {}): DistributionState => ({
  now: Date.parse('2026-01-01T00:00:00Z'),
  generation: 3,
  conditions: [],
  lastRunTime: undefined,
  previousResult: undefined,
  serviceUrl: 'https://drivers-dist.ns.svc.cluster.local:60002',
  distReady: true,
  full: undefined,
  demanded: [],
  packages: [],
  unknownVersions: [],
  waitingFor: [],
  storage: undefined,
  failure: undefined,
  ...more,
});
const aPackage = (state: NonNullable<DriverPackage['state']>, reason = 'Any', message = 'words'): DriverPackage => ({
  id: 'x',
  wekaVersion: '4.4.5',
  kernel: '6.1',
  architecture: 'amd64',
  state,
  reason,
  message,
});
const ready = (more: Partial<DistributionState>) =>
  conditionsOf({ status: distributionStatus(state(more)) }).find(({ type }) => type === 'Ready');

describe('the status of a driver distribution', () => {
  test.each([
    ['all built and served: ready', { demanded: [aPackage('Stored')] }, 'True', 'Succeeded', 'Done', '1/1'],
    ['nothing to build: ready', {}, 'True', 'Succeeded', 'Done', '0/0'],
    [
      'a build under way',
      {
        demanded: [aPackage('Stored'), aPackage('Building')],
      },
      'False',
      'Building',
      'Running',
      '1/2',
    ],
    ['dist not ready', { distReady: false }, 'False', 'DistributionNotReady', 'Running', '0/0'],
    [
      'a failed build names its package',
      { demanded: [aPackage('Failed', 'HeadersMissing', 'no headers')] },
      'False',
      'HeadersMissing',
      'Running',
      '0/1',
    ],
    [
      'an image without a version is named',
      { unknownVersions: ['registry.example/weka'] },
      'False',
      'ImageVersionUnknown',
      'Running',
      '0/0',
    ],
    [
      'a package that cannot be had is named after one that failed',
      { demanded: [aPackage('Unavailable', 'PackageUnavailable'), aPackage('Failed', 'CompilerMissing')] },
      'False',
      'CompilerMissing',
      'Running',
      '0/2',
    ],
    [
      'a registry that says nothing',
      { demanded: [aPackage('Waiting', 'RegistryFailed'), aPackage('Building')] },
      'False',
      'RegistryFailed',
      'Running',
      '0/2',
    ],
    [
      'nonsense that no retry cures',
      { demanded: [aPackage('Failed', 'BuildInstructionsInvalid')] },
      'False',
      'BuildInstructionsInvalid',
      'Failed',
      '0/1',
    ],
    [
      'no room for what is missing',
      { full: 'full', demanded: [aPackage('Uploading')] },
      'False',
      'StorageFull',
      'Running',
      '0/1',
    ],
    [
      'no room, and nothing is missing',
      { full: 'full', demanded: [aPackage('Stored')] },
      'True',
      'Succeeded',
      'Done',
      '1/1',
    ],
    [
      'a StorageClass that does not exist',
      { storage: { code: 'StorageClassMissing', parameters: { name: 'fast', claim: 'drivers-dist' } } },
      'False',
      'StorageClassMissing',
      'Running',
      '0/0',
    ],
    ['another policy comes first', { waitingFor: ['nics'] }, 'False', 'WaitingForPolicies', 'Running', '0/0'],
    [
      'what stopped the round wins',
      { failure: { state: 'stalled' as const, reason: 'InvalidSpec', message: 'x' } },
      'False',
      'InvalidSpec',
      'Failed',
      '0/0',
    ],
  ])('%s', (_sentence, more, status, reason, phase, progress) => {
    const written = distributionStatus(state(more));
    expect(ready(more)).toMatchObject({ status, reason, observedGeneration: 3 });
    expect(written).toMatchObject({ status: phase, progress });
    assertConditionsConform({
      apiVersion: 'v',
      kind: 'WekaPolicy',
      metadata: { name: 'p', generation: 3 },
      status: written,
    });
  });

  it('says where the packages are served', () => {
    expect(distributionStatus(state())['typedStatus']).toEqual({
      distService: { serviceUrl: 'https://drivers-dist.ns.svc.cluster.local:60002' },
    });
  });

  it('names the first package in trouble, and how many more there are', () => {
    const demanded = [aPackage('Failed', 'BuildFailed', 'It failed.'), aPackage('Failed', 'CompilerMissing')];
    expect(ready({ demanded })?.message).toBe('4.4.5 6.1 amd64: It failed. (1 more package is in this state.)');
  });

  it('lists packages, and no empty list', () => {
    const list = (packages: DriverPackage[]) =>
      (distributionStatus(state({ packages })) as { typedStatus: { distService: object } }).typedStatus.distService;
    expect(list([aPackage('Stored')])).toHaveProperty('packages', [aPackage('Stored')]);
    expect(list([])).not.toHaveProperty('packages');
  });

  it('moves lastRunTime with the outcome, not with the clock', () => {
    const first = distributionStatus(state());
    const later = (more: Partial<DistributionState>) =>
      distributionStatus(
        state({
          now: Date.parse('2026-01-02T00:00:00Z'),
          lastRunTime: first['lastRunTime'] as string,
          previousResult: first['result'] as string,
          conditions: conditionsOf({ status: first }),
          ...more,
        }),
      );
    expect(later({})).toEqual(first);
    expect(later({ distReady: false })['lastRunTime']).toBe('2026-01-02T00:00:00Z');
  });
});
