import type { WekaContainerStatus } from '../api/weka-container';
import type { JsonObject } from '../base/json';
import type { KubeObject } from '../base/kube-object';
import { rfc3339 } from '../base/conditions';
import type { HeldPackage } from '../drivers/agent-documents';
import type { AgentFailure } from '../drivers/agent-result';
import type { PackageKey } from '../drivers/package';
import type { BuildEnd } from './build-end';
import { attemptOf, buildEnd, inputsOf, nextAttempt } from './build-end';
import { buildResultText, builtDigest } from '../drivers/build-result-text';
import type { Phase } from './phase';
import { done, failing, going } from './phase';
import { podPhase, startTrouble, unscheduled } from './pod-status';

/** All that the next step of a builder depends on. */
export interface BuilderInput {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly pod: KubeObject | undefined;
  /** As it was reported before. */
  readonly status: WekaContainerStatus;
  /** Since when it has been Ready, milliseconds since the epoch; NaN: it is not. */
  readonly readySince: number;
  /** A digest of what the next Pod would be given. */
  readonly inputs: string;
  /** What it builds. `undefined`: known when its Pod has a node. */
  readonly key: PackageKey | undefined;
  /** Why nobody takes what it builds; `undefined`: somebody does. */
  readonly noTarget: AgentFailure | undefined;
  /** How the distribution service holds the package; `untold`: it has said nothing since this operator leads. */
  readonly held: HeldPackage | 'missing' | 'untold';
  /** The node of the Pod does not answer, or is not there. */
  readonly nodeSilent: boolean;
  /** The record of the node of the Pod says that it has the headers of the kernel. */
  readonly headersAppeared: boolean;
  /** Its turn among the builders of the cluster has come. */
  readonly hasSlot: boolean;
  readonly maxBuilds: number;
  /** What its agent is at; `undefined`: it has not said. */
  readonly step: string | undefined;
}

/** What happens next, and what is said meanwhile. */
export interface BuilderStep {
  /**
   * `keep`: the Pod as it is; `create`: a new one; `replace`: the Pod goes, so that another can be made; `abandon`: it is
   * going, and not waited for any more; `none`: nothing.
   */
  readonly pod: 'keep' | 'create' | 'replace' | 'abandon' | 'none';
  /** Of the Pod that is made. */
  readonly attempt: number;
  readonly phase: Phase;
  /** Parts of the status. */
  readonly status: JsonObject;
  /** Look again after this many milliseconds. */
  readonly lookAgainMs?: number;
}

/** A service may need this long to tell that it has what was uploaded. */
const CONFIRM_MS = 60_000;

/** A Pod whose time to end is over for this long is not waited for any more when its node is silent. */
const LOST_MS = 60_000;

/** A record of the node that contradicts the builder is believed this often. */
const HOPEFUL_ATTEMPTS = 5;

/** What a builder does next. Pure: from its Pod, what it said before, and what became of its package. */
export const builderStep = (input: BuilderInput): BuilderStep => {
  const { pod } = input;
  if (pod === undefined) return withoutPod(input);
  if (pod.metadata.deletionTimestamp !== undefined) return waitForPod(input, pod);
  const end = buildEnd(pod);
  if (end === undefined) return atWork(input, pod);
  return end.result.kind === 'DriverBuilt'
    ? built(input, end)
    : failed(input, pod, { ...end, failure: end.result.failure });
};

const withoutPod = (input: BuilderInput): BuilderStep => {
  const { status } = input;
  if (status.status === 'Completed') {
    const lost = lossOf(input, builtDigest(status.result));
    if (lost !== 'lost') return completed(status.result, lost);
  }
  const attempts = status.status === 'Completed' ? 0 : (status.attempts ?? 0);
  const nothing = { attempt: attempts + 1, status: countOf(attempts) };
  if (input.noTarget !== undefined) return { pod: 'none', phase: failing('Init', input.noTarget), ...nothing };
  if (!input.hasSlot) return { pod: 'none', phase: queued(input), ...nothing };
  return { pod: 'create', phase: starting(undefined), ...nothing };
};

const countOf = (attempts: number): JsonObject => (attempts === 0 ? {} : { attempts });

const queued = ({ maxBuilds }: BuilderInput): Phase =>
  going('Init', 'BuildQueued', `It waits for its turn: at most ${maxBuilds} builds run at the same time.`);

const starting = (pod: KubeObject | undefined): Phase => {
  const nowhere = unscheduled(pod);
  if (nowhere !== undefined) return going('PodNotRunning', 'PodNotRunning', `No node takes the Pod: ${nowhere}`);
  const trouble = startTrouble(pod);
  return trouble === undefined
    ? going('PodNotRunning', 'PodStarting', 'The Pod is not running yet.')
    : going('PodNotRunning', 'PodNotRunning', `The Pod does not start: ${trouble}.`);
};

/**
 * A Pod that is going is waited for, but not for ever: only its kubelet can say that it has ended, and where that is silent
 * nobody would build until somebody repairs the node. A builder that still runs there does no harm: it shares no directory
 * with the next one, and what it uploads counts only if the operator comes to name it.
 */
const waitForPod = ({ status, nodeSilent, now }: BuilderInput, pod: KubeObject): BuilderStep => {
  const patience = Date.parse(pod.metadata.deletionTimestamp ?? '') + LOST_MS - now;
  return {
    pod: nodeSilent && patience <= 0 ? 'abandon' : 'keep',
    attempt: attemptOf(pod),
    phase: going('PodTerminating', 'PodTerminating', 'The Pod is being deleted; another one is made when it is gone.'),
    status: countOf(status.attempts ?? 0),
    ...(patience > 0 ? { lookAgainMs: patience } : {}),
  };
};

const atWork = (input: BuilderInput, pod: KubeObject): BuilderStep => {
  const attempt = attemptOf(pod);
  const shared = { attempt, status: countOf(attempt - 1) };
  // Nothing has begun yet: a Pod that no node takes makes room for one with what is wanted now.
  if (unscheduled(pod) !== undefined && isOutdated(pod, input))
    return { pod: 'replace', phase: starting(pod), ...shared };
  if (podPhase(pod) !== 'Running') return { pod: 'keep', phase: starting(pod), ...shared };
  const progress: JsonObject = input.step === undefined ? {} : { printer: { progress: input.step } };
  const phase = going('Building', 'Building', 'The build is running.');
  return { pod: 'keep', phase, attempt, status: { ...shared.status, ...progress } };
};

const isOutdated = (pod: KubeObject, { inputs }: BuilderInput): boolean =>
  inputsOf(pod) !== '' && inputsOf(pod) !== inputs;

const built = (input: BuilderInput, { result }: BuildEnd): BuilderStep => {
  const text = buildResultText(result, input.key);
  const lost = lossOf(input, result.kind === 'DriverBuilt' ? result.sha256 : undefined);
  if (lost !== 'lost') return completed(text, lost);
  const phase = going('Building', 'PackageLost', 'The distribution service has lost the package: it is built again.');
  return { pod: 'replace', attempt: 1, phase, status: {} };
};

/** Whether what was built is gone from where it was put; a number: milliseconds until that is certain. */
const lossOf = ({ held, readySince, now }: BuilderInput, sha256: string | undefined): 'lost' | number | undefined => {
  if (held === 'untold') return undefined;
  // The result of another operator: its package lies with a service of its kind.
  if (sha256 === undefined) return 'lost';
  if (held !== 'missing' && held.state !== 'quarantined') return undefined;
  // What the service told last may be older than what was built: it is asked to tell of that first.
  const certain = (Number.isNaN(readySince) ? now : readySince) + CONFIRM_MS;
  return now >= certain ? 'lost' : certain - now;
};

const completed = (result: string | undefined, lookAgainMs: number | undefined): BuilderStep => ({
  pod: 'none',
  attempt: 1,
  phase: done('Completed', 'The build has completed.'),
  status: result === undefined ? {} : { result },
  ...(lookAgainMs === undefined ? {} : { lookAgainMs }),
});

const failed = (
  input: BuilderInput,
  pod: KubeObject,
  { result, failure, at }: BuildEnd & { readonly failure: AgentFailure },
): BuilderStep => {
  const phase = failing('Error', failure);
  const attempts = isOutdated(pod, input) ? 0 : attemptOf(pod);
  const appeared = failure.code === 'HeadersMissing' && input.headersAppeared;
  const hopeful = attempts === 0 || (appeared && attempts <= HOPEFUL_ATTEMPTS);
  const due = hopeful ? input.now : nextAttempt(failure, attempts, at);
  const status: JsonObject = {
    ...countOf(attempts),
    ...(due === undefined ? {} : { nextRetry: rfc3339(due) }),
    result: buildResultText(result, input.key),
  };
  const shared = { attempt: attempts + 1, phase, status };
  if (due === undefined) return { pod: 'none', ...shared };
  if (due > input.now) return { pod: 'none', lookAgainMs: due - input.now, ...shared };
  return { pod: 'replace', ...shared };
};
