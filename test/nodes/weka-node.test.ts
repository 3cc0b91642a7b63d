import { conditionsOf } from '../../lib/base/conditions';
import type { NodeObserved } from '../../lib/drivers/agent-documents';
import type { WekaNodeState } from '../../lib/nodes/weka-node';
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
const state: WekaNodeState = {
  now: Date.parse('2026-01-01T00:00:00Z'),
  generation: 1,
  conditions: [],
  facts,
  goneSince: undefined,
  before: {},
  driver: {},
  watched: true,
  observed: undefined,
};
const seen: NodeObserved = {
  bootID: 'boot-1',
  kernel: '6.1',
  architecture: 'amd64',
  secureBoot: 'Disabled',
  signaturesEnforced: false,
  modules: [{ name: 'wekafsio', srcversion: 'A1', holders: ['x'] }],
  mounts: ['/mnt/weka'],
  kernels: [{ release: '6.1', headers: true }],
};

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

  it('keeps nothing of what an observer saw when nobody looks any more', () => {
    const before = wekaNodeStatus({ ...state, observed: seen });
    const status = wekaNodeStatus({ ...state, before, watched: false });
    expect(status).not.toHaveProperty('secureBoot');
    expect(status).not.toHaveProperty('installedKernels');
  });

  it('says what its observer sees', () => {
    expect(wekaNodeStatus({ ...state, observed: seen })).toMatchObject({
      secureBoot: 'Disabled',
      signaturesEnforced: false,
      modules: [{ name: 'wekafsio', srcversion: 'A1', holders: ['x'] }],
      mounts: ['/mnt/weka'],
      installedKernels: [{ release: '6.1', headers: true }],
    });
  });

  it('goes on saying what was seen while nobody tells more', () => {
    const before = wekaNodeStatus({ ...state, observed: seen });
    expect(wekaNodeStatus({ ...state, before })).toMatchObject({
      modules: [{ name: 'wekafsio' }],
      secureBoot: 'Disabled',
    });
  });

  it('voids what was seen under another boot, but for what lies on the disk', () => {
    const before = wekaNodeStatus({ ...state, observed: seen });
    const status = wekaNodeStatus({ ...state, before, facts: { ...facts, bootID: 'boot-2' }, observed: seen });
    expect(status).not.toHaveProperty('modules');
    expect(status).not.toHaveProperty('mounts');
    expect(status).toMatchObject({ installedKernels: [{ release: '6.1', headers: true }] });
  });

  it('voids all of it when the Node is another one', () => {
    const before = wekaNodeStatus({ ...state, observed: seen });
    const status = wekaNodeStatus({ ...state, before, facts: { ...facts, uid: 'uid-2' } });
    expect(status).not.toHaveProperty('installedKernels');
  });

  it('says why the driver is not loaded, and when it is tried again', () => {
    const failure = { reason: 'X', message: 'Why.', time: '2026-01-01T00:00:00Z', nextRetry: '2026-01-01T00:00:30Z' };
    const verdict = { ready: false, reason: 'X', message: 'Why.' };
    const status = wekaNodeStatus({ ...state, driver: { failure, verdict } });
    expect(status).toMatchObject({ lastFailure: { reason: 'X' }, nextRetry: '2026-01-01T00:00:30Z' });
    expect(conditionsOf({ status }).map(({ type, status: is, reason }) => `${type} ${is} ${reason}`)).toEqual([
      'Ready False X',
      'Reconciling True X',
      'DriversReady False X',
    ]);
  });

  it('says nothing of drivers while none is wanted', () =>
    expect(conditionsOf({ status: wekaNodeStatus(state) }).map(({ type }) => type)).toEqual(['Ready']));

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
