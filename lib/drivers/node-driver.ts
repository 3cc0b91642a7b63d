/**
 * How the driver of one node stands. Pure: from what is wanted of the node, what its loader's Pod reports and what its
 * observer sees, under which boot. An observation of another boot is void.
 */
import type { WekaNodeSpec, WekaNodeStatus } from '../api/weka-node';
import { rfc3339 } from '../base/conditions';
import type { NodeFacts } from '../nodes/node-facts';
import type { AgentFailure, LoadedModule, LoadResult } from './agent-result';
import type { NodeObserved } from './agent-documents';
import { failureText, rowOf } from './failure-text';
import type { LoaderPod } from './loader-pod';

/** The driver that a node shall hold. */
export type WantedDriver = NonNullable<WekaNodeSpec['driver']>;

export interface NodeDriverInput {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly facts: Pick<NodeFacts, 'bootID' | 'kernel'>;
  readonly wanted: WantedDriver | undefined;
  /** What was reported before; it is what is known while nobody reports. */
  readonly before: WekaNodeStatus;
  readonly pods: readonly LoaderPod[];
  /** What the observer has told this operator process; `undefined`: nothing yet. */
  readonly observed: NodeObserved | undefined;
  /** Words in place of the table's for a failure, where the operator knows better which end is wrong. */
  readonly explain?: (failure: AgentFailure) => string | undefined;
}

/** What is wrong, since when, and when it is tried again. */
export interface DriverFailure {
  readonly reason: string;
  readonly message: string;
  /** When it first failed this way; RFC 3339. */
  readonly time: string;
  /** RFC 3339. Absent: an attempt is under way. */
  readonly nextRetry?: string;
}

/** How the driver of a node stands. */
export interface NodeDriver {
  /** Loaded under this boot, as the loader confirmed it. */
  readonly loaded?: { readonly wekaVersion: string; readonly digest: string };
  readonly failure?: DriverFailure;
  /** Whether the wanted driver is loaded, and why not. `undefined`: none is wanted. */
  readonly verdict?: { readonly ready: boolean; readonly reason: string; readonly message: string };
  /** A Pod to delete, so that another attempt is made. */
  readonly retry?: { readonly pod: LoaderPod; readonly reason: string };
  /** Look again after this many milliseconds. */
  readonly lookAgainMs?: number;
}

/** The first pause after a failed attempt; it doubles with the time that the failure lasts. */
const FIRST_RETRY_MS = 30_000;
const LAST_RETRY_MS = 10 * 60_000;
/** The watching container is given this long to see the modules for the first time. */
const WATCH_GRACE_MS = 30_000;

/** What was recorded before counts while the boot is the same and nobody sees that the modules have gone. */
const recordedDriver = (input: NodeDriverInput, result: LoadResult | undefined): NodeDriver['loaded'] => {
  const { facts, before } = input;
  const { wekaVersion, digest } = before.driver ?? {};
  if (before.bootID !== facts.bootID || wekaVersion === undefined || digest === undefined) return undefined;
  return modulesSeen(input, result)?.length === 0 ? undefined : { wekaVersion, digest };
};

/** The driver as the loader confirmed it under this boot, unless its own watch sees it gone. Nobody watches in a Pod that goes. */
const loadedDriver = (
  input: NodeDriverInput,
  { result, deleting }: Pick<LoaderPod, 'result' | 'deleting'>,
  trouble: AgentFailure | undefined,
): NodeDriver['loaded'] => {
  const confirmed = result?.kind === 'DriverLoaded' && result.bootID === input.facts.bootID;
  if (!confirmed || deleting) return recordedDriver(input, result);
  return trouble === undefined ? { wekaVersion: result.wekaVersion, digest: result.sha256 ?? '' } : undefined;
};

const modulesSeen = (
  { facts, observed }: NodeDriverInput,
  result: LoadResult | undefined,
): readonly LoadedModule[] | undefined => {
  if (observed?.bootID === facts.bootID) return observed.modules;
  return result?.bootID === facts.bootID ? result.modules : undefined;
};

/** What the last attempt of this boot failed with; `undefined`: it did not. */
const failureOf = (input: NodeDriverInput, pod: LoaderPod | undefined): AgentFailure | undefined => {
  const { now, facts } = input;
  if (pod === undefined || pod.deleting) return undefined;
  if (pod.died !== undefined) return { code: 'LoaderDied', parameters: { cause: pod.died } };
  if (pod.result === undefined || pod.result.bootID !== facts.bootID) return undefined;
  if (pod.result.kind === 'DriverLoadFailed') return pod.result.failure;
  const { watch } = pod;
  return watch !== undefined && !watch.loaded && now - watch.startedAt >= WATCH_GRACE_MS
    ? { code: 'DriverUnloaded', parameters: {} }
    : undefined;
};

/** How long to wait after a failure that has lasted for `lastedMs`: as long again, within bounds. */
const pauseAfter = (lastedMs: number, retry: boolean): number =>
  retry ? Math.min(Math.max(lastedMs, FIRST_RETRY_MS), LAST_RETRY_MS) : LAST_RETRY_MS;

const failed = (input: NodeDriverInput, failure: AgentFailure, pod: LoaderPod): Required<DriverFailure> => {
  const { before, now } = input;
  const message = input.explain?.(failure) ?? failureText(failure);
  const same = before.lastFailure?.reason === failure.code;
  const ended = pod.endedAt ?? now;
  // By the clock of the node, as the ends of later attempts are: the operator's may be minutes apart from it. That modules
  // are gone is found out long after the attempt that loaded them.
  const began = failure.code === 'DriverUnloaded' ? now : ended;
  const time = (same ? before.lastFailure?.time : undefined) ?? rfc3339(began);
  const pause = pauseAfter(ended - Date.parse(time), rowOf(failure)?.retry ?? true);
  return { reason: failure.code, message, time, nextRetry: rfc3339(Math.max(ended, Date.parse(time)) + pause) };
};

/** Whether the attempt of a Pod has come to an end under this boot. */
const hasEnded = (pod: LoaderPod | undefined, bootID: string): boolean =>
  pod !== undefined && !pod.deleting && pod.result?.bootID === bootID;

/** A failure stands until an attempt succeeds: what becomes of the next one is not known before it has ended. */
const standing = (
  { before, facts: { bootID }, wanted }: NodeDriverInput,
  pod: LoaderPod | undefined,
  loaded: NodeDriver['loaded'],
): DriverFailure | undefined => {
  if (before.bootID !== bootID || wanted?.target === undefined || hasEnded(pod, bootID)) return undefined;
  if (loaded !== undefined && loaded.digest === wanted.digest) return undefined;
  const { reason, message, time } = before.lastFailure ?? {};
  return reason === undefined || message === undefined || time === undefined ? undefined : { reason, message, time };
};

const waitingFor = ({ wekaVersion, waiting }: WantedDriver): NodeDriver['verdict'] => ({
  ready: false,
  reason: waiting?.reason ?? 'Loading',
  message: waiting?.message ?? `The driver of ${wekaVersion} is being loaded.`,
});

const verdictOf = (
  { wanted }: NodeDriverInput,
  loaded: NodeDriver['loaded'],
  failure: DriverFailure | undefined,
): NodeDriver['verdict'] => {
  if (wanted === undefined) return undefined;
  const { wekaVersion, digest, waiting } = wanted;
  if (failure !== undefined) return { ready: false, reason: failure.reason, message: failure.message };
  const next = waiting?.wekaVersion ?? wekaVersion;
  // A rebuilt package of the loaded version that waits for its turn takes nothing from anybody.
  const holds = loaded?.wekaVersion === next && (waiting !== undefined || digest === loaded.digest);
  return holds ? { ready: true, reason: 'Loaded', message: `The driver of ${next} is loaded.` } : waitingFor(wanted);
};

/** Whether another attempt is due: the bytes wanted are others than those it was about, or its pause is over. */
const retryOf = (
  { wanted, now, facts }: NodeDriverInput,
  pod: LoaderPod | undefined,
  failure: Required<DriverFailure> | undefined,
): Pick<NodeDriver, 'retry' | 'lookAgainMs'> => {
  if (pod === undefined || pod.deleting || wanted?.target === undefined) return {};
  const about = pod.result?.bootID === facts.bootID ? pod.result.sha256 : undefined;
  if (about !== undefined && wanted.digest !== undefined && about !== wanted.digest)
    return { retry: { pod, reason: 'another package is wanted than the one that its attempt was about' } };
  if (failure === undefined) return {};
  const wait = Date.parse(failure.nextRetry) - now;
  return wait <= 0 ? { retry: { pod, reason: 'the next attempt is due' } } : { lookAgainMs: wait };
};

/** The Pod whose word counts: of the loader that is wanted, or the last one while none is. */
const podOf = ({ wanted, pods }: NodeDriverInput): LoaderPod | undefined =>
  pods.find(({ target, deleting }) => target === wanted?.target && !deleting) ??
  pods.find(({ target }) => target === wanted?.target);

/** When the watching container may be believed that the modules are not there. */
const graceLeft = ({ now }: NodeDriverInput, pod: LoaderPod | undefined): number | undefined => {
  const { watch } = pod ?? {};
  if (watch === undefined || watch.loaded) return undefined;
  const left = watch.startedAt + WATCH_GRACE_MS - now;
  return left > 0 ? left : undefined;
};

/** How the driver of a node stands, what is to be said of it, and whether its loader shall try again. */
export const nodeDriver = (input: NodeDriverInput): NodeDriver => {
  const pod = podOf(input);
  const trouble = failureOf(input, pod);
  const loaded = loadedDriver(input, pod ?? { deleting: false }, trouble);
  const fresh = trouble === undefined || pod === undefined ? undefined : failed(input, trouble, pod);
  const failure = fresh ?? standing(input, pod, loaded);
  const verdict = verdictOf(input, loaded, failure);
  const grace = graceLeft(input, pod);
  const { retry, lookAgainMs = grace } = retryOf(input, pod, fresh);
  return {
    ...(loaded === undefined ? {} : { loaded }),
    ...(failure === undefined ? {} : { failure }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(retry === undefined ? {} : { retry }),
    ...(lookAgainMs === undefined ? {} : { lookAgainMs }),
  };
};
