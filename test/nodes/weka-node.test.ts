import { conditionsOf } from '../../lib/base/conditions';
import { GONE_KEEP_MS, keepFor, wekaNodeManifest, wekaNodeStatus } from '../../lib/nodes/weka-node';

const facts = {
  name: 'n1',
  uid: 'uid-1',
  labels: {},
  kernel: '6.1',
  architecture: 'amd64',
  osImage: 'Debian',
  bootID: 'boot-1',
  ready: true,
  unschedulable: false,
};
const state = { now: Date.parse('2026-01-01T00:00:00Z'), generation: 1, conditions: [], facts, goneSince: undefined };

describe('the record of a node', () => {
  it('has no owner: it outlives the Node object', () =>
    expect(wekaNodeManifest('n1').metadata).toEqual({ name: 'n1' }));

  it('says what the Node reports', () => {
    expect(wekaNodeStatus(state)).toMatchObject({
      nodeUID: 'uid-1',
      bootID: 'boot-1',
      kernel: '6.1',
      architecture: 'amd64',
      osImage: 'Debian',
    });
  });

  it('voids the facts of a Node that is gone, and says since when', () => {
    const status = wekaNodeStatus({ ...state, facts: undefined });
    expect(status).not.toHaveProperty('kernel');
    expect(status).toMatchObject({ goneSince: '2026-01-01T00:00:00Z' });
    expect(conditionsOf({ status })[0]).toMatchObject({ type: 'Ready', status: 'False', reason: 'NodeGone' });
  });

  it('keeps the first time at which the Node was missed', () => {
    expect(wekaNodeStatus({ ...state, facts: undefined, goneSince: '2025-12-30T00:00:00Z' })).toMatchObject({
      goneSince: '2025-12-30T00:00:00Z',
    });
  });

  test.each([
    ['is kept while the Node lives', { ...state }, undefined],
    ['is kept for seven days from now when just missed', { ...state, facts: undefined }, GONE_KEEP_MS],
    [
      'is kept for the rest of the seven days',
      { ...state, facts: undefined, goneSince: '2025-12-30T00:00:00Z' },
      GONE_KEEP_MS - 2 * 86_400_000,
    ],
    ['may go after seven days', { ...state, facts: undefined, goneSince: '2025-12-20T00:00:00Z' }, 0],
  ])('%s', (_sentence, input, expected) => expect(keepFor(input)).toBe(expected));
});
