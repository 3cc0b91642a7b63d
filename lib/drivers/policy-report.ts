import type { DriverPackage } from '../api/driver-package';
import type { Condition, Verdict } from '../base/conditions';
import { conclude, rfc3339 } from '../base/conditions';
import type { JsonObject } from '../base/json';
import type { AgentFailure } from './agent-result';
import { failureText, rowOf } from './failure-text';
import { packageKeyString } from './package';

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
  /** Why new packages are refused. */
  readonly full: string | undefined;
  /** Packages that are demanded. */
  readonly demanded: readonly DriverPackage[];
  /** All packages, for the list. */
  readonly packages: readonly DriverPackage[];
  /** Images whose version nobody can tell. */
  readonly unknownVersions: readonly string[];
  /** Policies that have to be Ready first and are not. */
  readonly waitingFor: readonly string[];
  /** What is wrong with its storage. */
  readonly storage: AgentFailure | undefined;
  /** What stopped the round. */
  readonly failure: Verdict | undefined;
}

/** The status of a driver distribution policy. Pure; equal states give equal texts. */
export const distributionStatus = (state: DistributionState): JsonObject => {
  const verdict = state.failure ?? distributionVerdict(state);
  const result = JSON.stringify({ message: verdict.message ?? DONE });
  const { demanded, packages, serviceUrl } = state;
  return {
    ...(state.generation === undefined ? {} : { observedGeneration: state.generation }),
    conditions: conclude(state.conditions, verdict, state) as unknown as JsonObject[],
    status: phaseOf(verdict),
    progress: `${demanded.filter(isStored).length}/${demanded.length}`,
    result,
    // Moves with the outcome, not with the clock: a policy that has nothing to do writes nothing.
    lastRunTime:
      result === state.previousResult && state.lastRunTime !== undefined ? state.lastRunTime : rfc3339(state.now),
    typedStatus: {
      distService: {
        serviceUrl,
        // An empty list is never applied: taking the last entry out of one that is owned leaves null, which no schema takes.
        ...(packages.length === 0 ? {} : { packages: packages as unknown as JsonObject[] }),
      },
    },
  };
};

const DONE = 'All builds completed';

const phaseOf = (verdict: Verdict): string =>
  ({ ready: 'Done', reconciling: 'Running', stalled: 'Failed' })[verdict.state];

const isStored = ({ state }: DriverPackage): boolean => state === 'Stored';

/** What needs somebody's eye before what is merely on its way. */
const TROUBLES: readonly DriverPackage['state'][] = ['Failed', 'Unavailable', 'Waiting'];

const distributionVerdict = (state: DistributionState): Verdict => {
  const { demanded, unknownVersions, waitingFor, storage, full } = state;
  if (waitingFor.length > 0)
    return waiting('WaitingForPolicies', `It starts when these policies are Ready: ${waitingFor.join(', ')}.`);
  if (storage !== undefined) return failing(storage);
  const trouble = troubleOf(demanded);
  if (trouble !== undefined) return trouble;
  if (unknownVersions.length > 0)
    return failing({ code: 'ImageVersionUnknown', parameters: { images: unknownVersions.join(', ') } });
  if (!state.distReady) return waiting('DistributionNotReady', 'The distribution service has no ready Pod yet.');
  const open = demanded.filter((each) => !isStored(each));
  if (open.length === 0) return { state: 'ready', message: DONE };
  if (full !== undefined) return waiting('StorageFull', full);
  return waiting('Building', `${open.length} of ${demanded.length} packages are still to be built.`);
};

/** The first package that does not get on, by state and key. */
const troubleOf = (demanded: readonly DriverPackage[]): Verdict | undefined => {
  for (const state of TROUBLES) {
    const [first, ...more] = demanded.filter((each) => each.state === state);
    if (first === undefined) continue;
    const { reason = state ?? '', message = '' } = first;
    const others =
      more.length === 0
        ? ''
        : ` (${more.length} more ${more.length === 1 ? 'package is' : 'packages are'} in this state.)`;
    const verdict = { reason, message: `${nameOf(first)}: ${message}${others}` };
    const hopeless = rowOf({ code: reason, parameters: {} })?.retry === false;
    return hopeless ? { state: 'stalled', ...verdict } : { state: 'reconciling', ...verdict };
  }
  return undefined;
};

const nameOf = ({ wekaVersion = '', kernel = '', architecture = '' }: DriverPackage): string =>
  packageKeyString({ wekaVersion, kernel, architecture });

const waiting = (reason: string, message: string): Verdict => ({ state: 'reconciling', reason, message });
const failing = (failure: AgentFailure): Verdict => waiting(failure.code, failureText(failure));
