import type { LiveObject } from '../../lib/base/kube-object';
import type { LoadResult } from '../../lib/drivers/agent-result';
import { resultMessage } from '../../lib/drivers/agent-result';
import { loaderPod } from '../../lib/drivers/loader-pod';
import type { NodeDriverInput } from '../../lib/drivers/node-driver';
import { nodeDriver } from '../../lib/drivers/node-driver';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
const [BOOT, KERNEL] = ['boot-1', '6.1.0-56-cloud-amd64'];
const [DIGEST, OTHER] = ['a'.repeat(64), 'b'.repeat(64)];
const MODULES = [
  { name: 'wekafsgw', srcversion: '1' },
  { name: 'wekafsio', srcversion: '2' },
];
const WANTED = { wekaVersion: '4.4.5', kernel: KERNEL, architecture: 'amd64', digest: DIGEST, target: 'loader-a' };

const loaded = (more: Partial<LoadResult> = {}): LoadResult => ({
  kind: 'DriverLoaded',
  bootID: BOOT,
  kernel: KERNEL,
  wekaVersion: '4.4.5',
  sha256: DIGEST,
  how: 'loaded',
  modules: MODULES,
  ...more,
});
const failedWith = (
  code: string,
  parameters: Record<string, string> = {},
  more: Partial<LoadResult> = {},
): LoadResult => ({
  kind: 'DriverLoadFailed',
  bootID: BOOT,
  kernel: KERNEL,
  wekaVersion: '4.4.5',
  sha256: DIGEST,
  modules: [],
  failure: { code, parameters },
  ...more,
});

/** A loader's Pod as a kubelet reports it. */
const pod = (
  result: LoadResult | 'running' | 'killed',
  more: { endedAgo?: number; watching?: boolean; startedAgo?: number; target?: string; deleting?: boolean } = {},
): LiveObject => {
  const { endedAgo = 5, startedAgo = endedAgo, target = 'loader-a' } = more;
  const ended = { exitCode: 0, reason: 'Completed', finishedAt: ago(endedAgo) };
  const state =
    result === 'running'
      ? { running: { startedAt: ago(1) } }
      : {
          terminated:
            result === 'killed' ? { ...ended, reason: 'OOMKilled' } : { ...ended, message: resultMessage(result) },
        };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      namespace: 'weka-operator-system',
      uid: `uid-${target}`,
      resourceVersion: '1',
      labels: { 'weka.io/drivers-target': target },
      ...(more.deleting ? { deletionTimestamp: ago(1) } : {}),
    },
    status: {
      initContainerStatuses: [{ name: 'load', state }],
      containerStatuses:
        more.watching === undefined
          ? []
          : [{ name: 'watch', ready: more.watching, state: { running: { startedAt: ago(startedAgo) } } }],
    },
  };
};

const ask = (pods: readonly LiveObject[], more: Partial<NodeDriverInput> = {}) => {
  const { retry, ...rest } = nodeDriver({
    now: NOW,
    facts: { bootID: BOOT, kernel: KERNEL },
    wanted: WANTED,
    before: { bootID: BOOT },
    observed: undefined,
    pods: pods.flatMap((each) => loaderPod(each) ?? []),
    ...more,
  });
  return { ...rest, ...(retry === undefined ? {} : { retry: retry.reason }) };
};
const recorded = { bootID: BOOT, driver: { wekaVersion: '4.4.5', digest: DIGEST } };
const seen = (
  bootID: string,
  modules: readonly { name: string; srcversion: string }[],
): NodeDriverInput['observed'] => ({
  bootID,
  kernel: KERNEL,
  architecture: 'amd64',
  secureBoot: 'Disabled',
  signaturesEnforced: false,
  modules: modules.map((module) => ({ ...module, holders: [] })),
  mounts: [],
  kernels: [],
});

describe('the driver of a node', () => {
  test('is loaded when the loader confirms it under this boot', () => {
    expect(ask([pod(loaded())])).toEqual({
      loaded: { wekaVersion: '4.4.5', digest: DIGEST },
      verdict: { ready: true, reason: 'Loaded', message: 'The driver of 4.4.5 is loaded.' },
    });
  });

  test('is not loaded when the word is of another boot: the kubelet runs the loader again', () => {
    const { loaded: found, verdict, retry } = ask([pod(loaded({ bootID: 'boot-0' }))]);
    expect([found, verdict?.reason, retry]).toEqual([undefined, 'Loading', undefined]);
  });

  test('that was recorded before counts while nobody reports, under the same boot only', () => {
    expect(ask([], { before: recorded }).loaded).toEqual({ wekaVersion: '4.4.5', digest: DIGEST });
    expect(ask([], { before: { ...recorded, bootID: 'boot-0' } }).loaded).toBeUndefined();
  });

  test('that was recorded is gone when the observer of this boot sees no module', () => {
    expect(ask([], { before: recorded, observed: seen(BOOT, []) }).loaded).toBeUndefined();
    expect(ask([], { before: recorded, observed: seen('boot-0', []) }).loaded).toBeDefined();
    expect(ask([], { before: recorded, observed: seen(BOOT, MODULES) }).loaded).toBeDefined();
  });

  test('stays loaded when a later attempt fails before it touched anything', () => {
    const attempt = failedWith('DriverInUse', { holders: 'x' }, { modules: MODULES });
    expect(ask([pod(attempt)], { before: recorded }).loaded).toBeDefined();
    expect(ask([pod({ ...attempt, modules: [] })], { before: recorded }).loaded).toBeUndefined();
  });

  test('is waited for while the attempt runs, with what stands in the way if something does', () => {
    expect(ask([pod('running')]).verdict).toEqual({
      ready: false,
      reason: 'Loading',
      message: 'The driver of 4.4.5 is being loaded.',
    });
    const why = { reason: 'Building', message: 'It is being built.' };
    const waiting = { wekaVersion: '4.4.5', ...why };
    expect(ask([], { wanted: { wekaVersion: '4.4.5', waiting } }).verdict).toEqual({ ready: false, ...why });
  });

  test('of the wanted version counts as ready while its rebuilt package waits for its turn', () => {
    const waiting = { wekaVersion: '4.4.5', reason: 'WaitingForTurn', message: 'Others go first.' };
    expect(ask([], { before: recorded, wanted: { ...WANTED, waiting } }).verdict?.ready).toBe(true);
  });

  test('of the old version is not what is wanted while the new one waits', () => {
    const waiting = { wekaVersion: '4.4.6', reason: 'WaitingForTurn', message: 'Others go first.' };
    const { loaded: found, verdict } = ask([], { before: recorded, wanted: { ...WANTED, waiting } });
    expect([found?.wekaVersion, verdict?.ready, verdict?.reason]).toEqual(['4.4.5', false, 'WaitingForTurn']);
  });

  test('stays loaded while its Pod is replaced for the sake of something else', () => {
    expect(ask([pod(loaded(), { deleting: true })], { before: recorded }).loaded).toBeDefined();
  });

  test("is nobody's business when none is wanted", () => {
    expect(ask([], { wanted: undefined }).verdict).toBeUndefined();
  });
});

describe('an attempt that failed', () => {
  test('is told with reason and message, and made again after half a minute', () => {
    const { failure, verdict, retry, lookAgainMs } = ask([pod(failedWith('SomethingNewer', { what: 'x' }))]);
    expect(failure?.reason).toBe('SomethingNewer');
    expect(failure?.nextRetry).toBe('2026-01-01T12:00:25Z');
    expect(verdict).toEqual({ ready: false, reason: 'SomethingNewer', message: failure?.message });
    expect([retry, lookAgainMs]).toEqual([undefined, 25_000]);
  });

  test('is made again half a minute later by the clock of its node, however far that is ahead', () => {
    const { failure } = ask([pod(failedWith('SomethingNewer'), { endedAgo: -360 })]);
    expect(failure).toMatchObject({ time: '2026-01-01T12:06:00Z', nextRetry: '2026-01-01T12:06:30Z' });
  });

  test('is made again when its time has come', () => {
    const before = { bootID: BOOT, lastFailure: { reason: 'SomethingNewer', time: ago(31) } };
    expect(ask([pod(failedWith('SomethingNewer'), { endedAgo: 31 })], { before }).retry).toBe(
      'the next attempt is due',
    );
  });

  test.each([
    [10, 30],
    [60, 60],
    [300, 300],
    [86_400, 600],
  ])('having failed for %d seconds it waits for %d more', (lasted, pause) => {
    const before = { bootID: BOOT, lastFailure: { reason: 'SomethingNewer', time: ago(lasted) } };
    const { lookAgainMs } = ask([pod(failedWith('SomethingNewer'), { endedAgo: 0 })], { before });
    expect(lookAgainMs).toBe(pause * 1000);
  });

  test('for another reason begins to wait anew', () => {
    const before = { bootID: BOOT, lastFailure: { reason: 'Other', time: ago(5_000) } };
    expect(ask([pod(failedWith('SomethingNewer'), { endedAgo: 0 })], { before }).lookAgainMs).toBe(30_000);
  });

  test('is made again at once for other bytes: they may well load', () => {
    expect(ask([pod(failedWith('SomethingNewer'))], { wanted: { ...WANTED, digest: OTHER } }).retry).toMatch(
      /another package/,
    );
  });

  test('without a word is told with what the kubelet says', () => {
    expect(ask([pod('killed')]).failure?.reason).toBe('LoaderDied');
  });

  test('of another boot is void', () => {
    expect(ask([pod(failedWith('SomethingNewer', {}, { bootID: 'boot-0' }))]).failure).toBeUndefined();
  });

  test('is not made again while its Pod is going, nor for a loader that is not wanted any more', () => {
    expect(ask([pod(failedWith('X'), { deleting: true, endedAgo: 999 })]).retry).toBeUndefined();
    expect(ask([pod(failedWith('X'), { target: 'loader-b', endedAgo: 999 })]).retry).toBeUndefined();
  });
});

describe('while another attempt is under way, the failure of the last one', () => {
  const lastFailure = { reason: 'SomethingNewer', message: 'It failed.', time: ago(90) };
  const before = { bootID: BOOT, lastFailure, nextRetry: ago(1) };
  const between: readonly [string, LiveObject[]][] = [
    ['its Pod is going', [pod(failedWith('SomethingNewer'), { deleting: true })]],
    ['the next one is not there yet', []],
    ['the next one runs', [pod('running')]],
    ['the next one has seen another boot only', [pod(failedWith('X', {}, { bootID: 'boot-0' }))]],
  ];
  test.each(between)('stands, since the same time, with no time for a next try: %s', (_when, pods) => {
    const { failure, verdict, retry, lookAgainMs } = ask(pods, { before });
    expect(failure).toEqual(lastFailure);
    expect(verdict).toEqual({ ready: false, reason: 'SomethingNewer', message: 'It failed.' });
    expect([retry, lookAgainMs]).toEqual([undefined, undefined]);
  });

  test('is over when one succeeds, and lasts on when the next one fails alike', () => {
    expect(ask([pod(loaded())], { before }).failure).toBeUndefined();
    const { failure, lookAgainMs } = ask([pod(failedWith('SomethingNewer'), { endedAgo: 0 })], { before });
    expect([failure?.time, lookAgainMs]).toEqual([lastFailure.time, 90_000]);
  });

  test('says nothing of another boot, of what is loaded all the same, or when no loader is wanted', () => {
    expect(ask([], { before: { ...before, bootID: 'boot-0' } }).failure).toBeUndefined();
    expect(ask([], { before: { ...before, ...recorded } }).failure).toBeUndefined();
    expect(ask([], { before, wanted: { wekaVersion: '4.4.5' } }).failure).toBeUndefined();
  });
});

describe('modules that somebody unloads', () => {
  test('are not called loaded while the Pod that missed them is going', () => {
    const before = { bootID: BOOT, lastFailure: { reason: 'DriverUnloaded', message: 'Gone.', time: ago(31) } };
    const { loaded: found, verdict } = ask([pod(loaded(), { watching: false, deleting: true })], { before });
    expect([found, verdict?.ready, verdict?.reason]).toEqual([undefined, false, 'DriverUnloaded']);
  });

  test('are missed by the watch, and loaded again', () => {
    const pods = [pod(loaded(), { watching: false, endedAgo: 90 })];
    const { loaded: found, failure, retry, lookAgainMs } = ask(pods);
    expect([found, failure?.reason, retry, lookAgainMs]).toEqual([undefined, 'DriverUnloaded', undefined, 30_000]);
    const before = { bootID: BOOT, lastFailure: { reason: 'DriverUnloaded', time: ago(31) } };
    expect(ask(pods, { before }).retry).toBe('the next attempt is due');
  });

  test('are not missed before the watch has had time to look', () => {
    const { verdict, lookAgainMs } = ask([pod(loaded(), { watching: false, endedAgo: 10 })]);
    expect([verdict?.ready, lookAgainMs]).toEqual([true, 20_000]);
  });
});
