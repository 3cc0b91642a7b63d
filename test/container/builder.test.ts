import type { BuilderInput } from '../../lib/container/builder';
import { builderStep } from '../../lib/container/builder';
import { attemptOf, buildInputs, nextAttempt } from '../../lib/container/build-end';
import { readBuilt } from '../../lib/drivers/build-result-text';
import type { SlotBuilder } from '../../lib/container/build-slots';
import { hasSlot } from '../../lib/container/build-slots';
import type { KubeObject } from '../../lib/base/kube-object';
import { failureText } from '../../lib/drivers/failure-text';
import { resultMessage } from '../../lib/drivers/agent-result';
import type { AgentFailure, BuildResult } from '../../lib/drivers/agent-result';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();
const SHA = 'a'.repeat(64);
const key = { wekaVersion: '4.4.5', kernel: '6.1.0-18-amd64', architecture: 'amd64' };
const INPUTS = 'inputs';

const builtResult: BuildResult = { kind: 'DriverBuilt', sha256: SHA, size: 4_096, seconds: 42, compiler: 'gcc 12.2.0' };
const failure = (code: string, parameters: Record<string, string> = {}): AgentFailure => ({ code, parameters });
const failedResult = (code: string): BuildResult => ({
  kind: 'DriverBuildFailed',
  failure: failure(code, { kernel: key.kernel, node: 'n1' }),
  seconds: 3,
});

interface PodState {
  readonly phase?: string;
  readonly result?: BuildResult;
  readonly status?: object;
  readonly attempt?: number;
  readonly inputs?: string;
  readonly endedAgo?: number;
  readonly deleting?: boolean;
  /** Seconds since it should have been gone. Default 1. */
  readonly overdue?: number;
  readonly exitCode?: number;
  readonly reason?: string;
}

const pod = (state: PodState = {}): KubeObject => {
  const {
    phase = 'Running',
    result,
    attempt = 1,
    inputs = INPUTS,
    endedAgo = 0,
    exitCode = 0,
    reason = 'Completed',
  } = state;
  const terminated = {
    exitCode,
    reason,
    finishedAt: at(-endedAgo),
    ...(result === undefined ? {} : { message: resultMessage(result) }),
  };
  const ended = ['Succeeded', 'Failed'].includes(phase);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'builder',
      creationTimestamp: at(-7_200),
      annotations: { 'weka.io/build-attempt': String(attempt), 'weka.io/build-inputs': inputs },
      ...(state.deleting ? { deletionTimestamp: at(-(state.overdue ?? 1)) } : {}),
    },
    status: {
      phase,
      ...(ended ? { containerStatuses: [{ name: 'weka-container', state: { terminated } }] } : {}),
      ...state.status,
    },
  };
};

const nowhere = { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }] };
const noImage = {
  containerStatuses: [{ name: 'weka-container', image: 'weka:1', state: { waiting: { reason: 'ImagePullBackOff' } } }],
};

const input = (more: Partial<BuilderInput> = {}): BuilderInput => ({
  now: NOW,
  pod: undefined,
  status: {},
  readySince: Number.NaN,
  inputs: INPUTS,
  key,
  noTarget: undefined,
  held: 'untold',
  nodeSilent: false,
  headersAppeared: false,
  hasSlot: true,
  maxBuilds: 4,
  step: undefined,
  ...more,
});

const stored = { id: 'x', state: 'stored' as const, sha256: SHA };
const quarantined = { id: 'x', state: 'quarantined' as const };
const ok = { pod: pod({ phase: 'Succeeded', result: builtResult, endedAgo: 300 }), readySince: NOW - 300_000 };
const wrong = (code: string, more: PodState = {}) => ({
  pod: pod({ phase: 'Succeeded', result: failedResult(code), ...more }),
});
const completedBefore = { status: 'Completed', result: JSON.stringify({ driver_built: true, sha256: SHA, size: 1 }) };

describe('what a builder does next', () => {
  test.each<[string, Partial<BuilderInput>, string, string, string]>([
    ['it has just been made', {}, 'create', 'PodNotRunning', 'PodStarting'],
    ['its turn has not come', { hasSlot: false }, 'none', 'Init', 'BuildQueued'],
    [
      'nobody takes what it builds',
      { noTarget: failure('UploadTargetMissing', { cause: 'there is none', namespace: 'ns' }) },
      'none',
      'Init',
      'UploadTargetMissing',
    ],
    ['its Pod is starting', { pod: pod({ phase: 'Pending' }) }, 'keep', 'PodNotRunning', 'PodStarting'],
    [
      'no node takes its Pod',
      { pod: pod({ phase: 'Pending', status: nowhere }) },
      'keep',
      'PodNotRunning',
      'PodNotRunning',
    ],
    [
      'no node takes its Pod, and another place is wanted now',
      { pod: pod({ phase: 'Pending', status: nowhere, inputs: 'old' }) },
      'replace',
      'PodNotRunning',
      'PodNotRunning',
    ],
    [
      'its image is missing',
      { pod: pod({ phase: 'Pending', status: noImage }) },
      'keep',
      'PodNotRunning',
      'PodNotRunning',
    ],
    ['it builds', { pod: pod() }, 'keep', 'Building', 'Building'],
    ['it builds, with what was wanted before', { pod: pod({ inputs: 'old' }) }, 'keep', 'Building', 'Building'],
    ['its Pod is going', { pod: pod({ deleting: true }) }, 'keep', 'PodTerminating', 'PodTerminating'],
    [
      'its Pod is going, on a node that has just fallen silent',
      { pod: pod({ deleting: true }), nodeSilent: true },
      'keep',
      'PodTerminating',
      'PodTerminating',
    ],
    [
      'its Pod takes long to go, on a node that answers',
      { pod: pod({ deleting: true, overdue: 600 }) },
      'keep',
      'PodTerminating',
      'PodTerminating',
    ],
    [
      'its Pod should be gone, and its node is silent',
      { pod: pod({ deleting: true, overdue: 60 }), nodeSilent: true },
      'abandon',
      'PodTerminating',
      'PodTerminating',
    ],
    ['it has built', ok, 'none', 'Completed', 'Succeeded'],
    ['it has built, and dist has it', { ...ok, held: stored }, 'none', 'Completed', 'Succeeded'],
    ['it has built, and dist has lost it', { ...ok, held: 'missing' }, 'replace', 'Building', 'PackageLost'],
    ['it has built, and the bytes changed at dist', { ...ok, held: quarantined }, 'replace', 'Building', 'PackageLost'],
    [
      'it has built just now, and dist has not told of it yet',
      { ...ok, readySince: NOW - 10_000, held: 'missing' },
      'none',
      'Completed',
      'Succeeded',
    ],
    [
      'it has built just now in place of bytes that had changed, and dist has not told of it yet',
      { ...ok, readySince: NOW - 10_000, held: quarantined },
      'none',
      'Completed',
      'Succeeded',
    ],
    ['its Pod was cleaned up after it had built', { status: completedBefore }, 'none', 'Completed', 'Succeeded'],
    [
      'its Pod was cleaned up, and dist has lost the package',
      { status: completedBefore, readySince: NOW - 90_000, held: 'missing' },
      'create',
      'PodNotRunning',
      'PodStarting',
    ],
    [
      'another operator has built for a service of its kind',
      { status: { status: 'Completed', result: '{"driver_built":true,"kernel_signature":"abc"}' }, held: 'missing' },
      'create',
      'PodNotRunning',
      'PodStarting',
    ],
    ['it has failed just now', wrong('BuildFailed'), 'none', 'Error', 'BuildFailed'],
    ['it has failed, and the pause is over', wrong('BuildFailed', { endedAgo: 31 }), 'replace', 'Error', 'BuildFailed'],
    [
      'it has failed for the third time',
      wrong('BuildTimedOut', { endedAgo: 60, attempt: 3 }),
      'none',
      'Error',
      'BuildTimedOut',
    ],
    [
      '… and the longer pause is over',
      wrong('BuildTimedOut', { endedAgo: 121, attempt: 3 }),
      'replace',
      'Error',
      'BuildTimedOut',
    ],
    [
      '… no pause is longer than half an hour',
      wrong('CompilerMissing', { endedAgo: 1_801, attempt: 40 }),
      'replace',
      'Error',
      'CompilerMissing',
    ],
    [
      'it has failed, and gets something else now',
      wrong('BuildFailed', { attempt: 9, inputs: 'old' }),
      'replace',
      'Error',
      'BuildFailed',
    ],
    [
      'headers were missing and are there',
      { ...wrong('HeadersMissing'), headersAppeared: true },
      'replace',
      'Error',
      'HeadersMissing',
    ],
    [
      'headers are said to be there, and the builder has not found them often',
      { ...wrong('HeadersMissing', { attempt: 6 }), headersAppeared: true },
      'none',
      'Error',
      'HeadersMissing',
    ],
    [
      'what it is told to do is nonsense',
      wrong('BuildInstructionsInvalid', { endedAgo: 9_999 }),
      'none',
      'Error',
      'BuildInstructionsInvalid',
    ],
    [
      'it was killed',
      { pod: pod({ phase: 'Failed', exitCode: 137, reason: 'OOMKilled' }) },
      'none',
      'Error',
      'BuilderDied',
    ],
    [
      'it was evicted',
      { pod: pod({ phase: 'Failed', status: { reason: 'Evicted' } }) },
      'none',
      'Error',
      'BuilderDied',
    ],
    [
      'it failed and somebody deleted its Pod',
      { status: { status: 'Error', attempts: 3 } },
      'create',
      'PodNotRunning',
      'PodStarting',
    ],
  ])('%s', (_sentence, more, action, phase, reason) => {
    const step = builderStep(input(more));
    const { verdict } = step.phase;
    expect([step.pod, step.phase.phase, verdict.state === 'ready' ? 'Succeeded' : verdict.reason]).toEqual([
      action,
      phase,
      reason,
    ]);
    expect(JSON.stringify(step)).not.toMatch(/\{cause\}|\{namespace\}/);
  });

  it('counts attempts over Pods, and forgets them when it is given something else', () => {
    expect(builderStep(input({ status: { status: 'Error', attempts: 3 } }))).toMatchObject({ attempt: 4 });
    expect(builderStep(input(wrong('BuildFailed', { attempt: 4 })))).toMatchObject({ status: { attempts: 4 } });
    const fresh = builderStep(input(wrong('BuildFailed', { attempt: 4, inputs: 'old' })));
    expect([fresh.attempt, fresh.status['attempts']]).toEqual([1, undefined]);
  });

  it('says when it tries again, and waits until then', () => {
    const { status, lookAgainMs } = builderStep(input(wrong('BuildFailed', { attempt: 2, endedAgo: 10 })));
    expect([status['nextRetry'], lookAgainMs]).toEqual([at(50).replace('.000', ''), 50_000]);
  });

  it('reports in WEKA’s form, with the digest beside it', () => {
    const result = builderStep(input(ok)).status['result'] as string;
    expect(JSON.parse(result)).toEqual({
      driver_built: true,
      err: null,
      weka_version: '4.4.5',
      kernel_signature: '',
      weka_pack_not_supported: false,
      no_weka_drivers_handling: false,
      ...key,
      sha256: SHA,
      size: 4_096,
      seconds: 42,
      compiler: 'gcc 12.2.0',
    });
    expect(readBuilt(result)).toEqual({ sha256: SHA, size: 4_096, seconds: 42 });
    const told = JSON.parse(builderStep(input(wrong('CompilerMissing'))).status['result'] as string) as object;
    expect(told).toMatchObject({
      driver_built: false,
      err: expect.stringContaining('The image of the builder') as string,
    });
  });

  it('says the same of the same failure, whenever it happens', () => {
    const message = (endedAgo: number) => builderStep(input(wrong('BuildFailed', { endedAgo }))).phase.verdict.message;
    expect(message(1)).toBe(message(20));
    expect(message(1)).toBe(failureText(failure('BuildFailed', { kernel: key.kernel, node: 'n1' })));
  });

  it('shows what the agent is at', () => {
    expect(builderStep(input({ pod: pod(), step: 'uploading' })).status).toEqual({
      printer: { progress: 'uploading' },
    });
  });
});

describe('pauses between attempts', () => {
  it('double from half a minute to half an hour', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 99].map(
      (attempt) => (nextAttempt(failure('BuildFailed'), attempt, 0) ?? 0) / 1000,
    );
    expect(pauses).toEqual([30, 60, 120, 240, 480, 960, 1_800, 1_800, 1_800]);
  });

  it('follow from what a newer agent says too', () => expect(nextAttempt(failure('SomethingNew'), 1, 0)).toBe(30_000));

  it('count from one for Pods that do not say', () =>
    expect(attemptOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } })).toBe(1));
});

describe('what a builder is given', () => {
  const spec = { image: 'i', mode: 'drivers-builder', name: 'dist', numCores: 1 } as const;
  test.each<[string, object, boolean]>([
    ['the same', {}, true],
    ['another image', { image: 'j' }, false],
    ['a script', { overrides: { preRunScript: 'x' } }, false],
    ['arguments', { instructions: { type: 'build-drivers', payload: '{"extraBuildArgs":["a"]}' } }, false],
    ['another place', { nodeSelector: { a: 'b' } }, false],
    ['another pull secret', { imagePullSecret: 's' }, true],
  ])('%s', (_what, more, same) => expect(buildInputs({ ...spec, ...more }) === buildInputs(spec)).toBe(same));
});

describe('the turns of builders', () => {
  const builder = (name: string, state: SlotBuilder['state'], created = '2026-01-01T00:00:00Z'): SlotBuilder => ({
    uid: name,
    name,
    created,
    state,
  });

  test.each<[string, SlotBuilder[], string[]]>([
    [
      'the first four of six',
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => builder(name, 'waits')),
      ['a', 'b', 'c', 'd'],
    ],
    [
      'two beside two that run',
      [builder('x', 'runs'), builder('y', 'runs'), ...['a', 'b', 'c'].map((name) => builder(name, 'waits'))],
      ['a', 'b'],
    ],
    ['none beside four that run', [...'wxyz'].map((name) => builder(name, 'runs')).concat(builder('a', 'waits')), []],
    [
      'those that rest do not count',
      [...'wxyz'].map((name) => builder(name, 'rests')).concat(builder('a', 'waits')),
      ['a'],
    ],
    [
      'the older one first',
      [builder('a', 'waits', '2026-01-02T00:00:00Z'), ...[...'wxyz'].map((name) => builder(name, 'waits'))],
      [...'wxyz'],
    ],
  ])('%s', (_sentence, builders, chosen) => {
    const waiting = builders.filter(({ state }) => state === 'waits');
    expect(waiting.filter(({ uid }) => hasSlot(builders, uid, 4)).map(({ uid }) => uid)).toEqual(chosen);
  });

  it('come to one that builds again too, though it looks finished to the others', () =>
    expect(hasSlot([builder('a', 'rests')], 'a', 1)).toBe(true));
});
