import type { Condition, Verdict } from '../base/conditions';
import { conclude, rfc3339 } from '../base/conditions';
import type { JsonObject } from '../base/json';

/** How a build stands. */
export interface BuildState {
  readonly slot: string;
  readonly state: 'missing' | 'building' | 'done' | 'failed';
  /** Of a failed build. */
  readonly message?: string;
}

export interface DistributionState {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly generation: number | undefined;
  /** The conditions that this operator has written before. */
  readonly conditions: readonly Condition[];
  readonly lastRunTime: string | undefined;
  readonly previousResult: string | undefined;
  readonly serviceUrl: string;
  readonly distReady: boolean;
  readonly builds: readonly BuildState[];
  /** Images whose version nobody can tell. */
  readonly unknownVersions: readonly string[];
  /** What stopped the round. */
  readonly failure: Verdict | undefined;
}

/** The status of a driver distribution policy. Pure; equal states give equal texts. */
export const distributionStatus = (state: DistributionState): JsonObject => {
  const verdict = state.failure ?? distributionVerdict(state);
  const result = JSON.stringify({ message: verdict.message ?? 'All builds completed' });
  return {
    ...(state.generation === undefined ? {} : { observedGeneration: state.generation }),
    conditions: conclude(state.conditions, verdict, state) as unknown as JsonObject[],
    status: phaseOf(verdict),
    progress: `${state.builds.filter(({ state: build }) => build === 'done').length}/${state.builds.length}`,
    result,
    // Moves with the outcome, not with the clock: a policy that has nothing to do writes nothing.
    lastRunTime:
      result === state.previousResult && state.lastRunTime !== undefined ? state.lastRunTime : rfc3339(state.now),
    typedStatus: { distService: { serviceUrl: state.serviceUrl } },
  };
};

const phaseOf = (verdict: Verdict): string =>
  ({ ready: 'Done', reconciling: 'Running', stalled: 'Failed' })[verdict.state];

const distributionVerdict = ({ distReady, builds, unknownVersions }: DistributionState): Verdict => {
  const failed = builds.find(({ state }) => state === 'failed');
  if (failed !== undefined)
    return waiting(
      'BuildFailed',
      `Building ${failed.slot} failed: ${(failed.message ?? 'no reason given').replace(/\.$/, '')}.`,
    );
  if (unknownVersions.length > 0) {
    return waiting(
      'ImageVersionUnknown',
      `No driver can be chosen for ${unknownVersions.join(', ')}: give the image a tag or a digest.`,
    );
  }
  if (!distReady) return waiting('DistributionNotReady', 'The distribution service has no ready Pod yet.');
  const open = builds.filter(({ state }) => state !== 'done').length;
  return open === 0
    ? { state: 'ready', message: 'All builds completed' }
    : waiting('Building', `${open} of ${builds.length} packages are still to be built.`);
};

const waiting = (reason: string, message: string): Verdict => ({ state: 'reconciling', reason, message });
