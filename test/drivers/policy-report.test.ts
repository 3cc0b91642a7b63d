import { conditionsOf } from '../../lib/base/conditions';
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
  builds: [],
  unknownVersions: [],
  failure: undefined,
  ...more,
});
const ready = (more: Partial<DistributionState>) =>
  conditionsOf({ status: distributionStatus(state(more)) }).find(({ type }) => type === 'Ready');

describe('the status of a driver distribution', () => {
  test.each([
    [
      'all built and served: ready',
      { builds: [{ slot: 'a', state: 'done' as const }] },
      'True',
      'Succeeded',
      'Done',
      '1/1',
    ],
    ['nothing to build: ready', {}, 'True', 'Succeeded', 'Done', '0/0'],
    [
      'a build under way',
      {
        builds: [
          { slot: 'a', state: 'done' as const },
          { slot: 'b', state: 'building' as const },
        ],
      },
      'False',
      'Building',
      'Running',
      '1/2',
    ],
    ['dist not ready', { distReady: false }, 'False', 'DistributionNotReady', 'Running', '0/0'],
    [
      'a failed build names its package',
      { builds: [{ slot: '4.4.5 6.1 amd64', state: 'failed' as const, message: 'no headers' }] },
      'False',
      'BuildFailed',
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
