import type { OperatorError } from '../../lib/base/errors';
import type { LeaderElector } from './leader';
import type { Readiness, ReadinessCheck } from './manager-options';
import type { WatcherState } from './watcher';

const cacheCheck = ({ type, namespace, synced, waitingFor }: WatcherState): ReadinessCheck => ({
  name: `cache ${type.kind}${namespace === undefined ? '' : ` in ${namespace}`}`,
  ready: synced,
  message: waitingFor === undefined ? (synced ? '' : 'being listed') : `${waitingFor.message} ${waitingFor.remedy}`,
});

type Election = Pick<LeaderElector, 'leading' | 'holder' | 'trouble'>;

/** Standing by is as good as leading; not knowing who leads is not. */
const leaderCheck = ({ leading, holder, trouble }: Election, identity: string): ReadinessCheck => {
  const name = 'leader';
  if (leading) return { name, ready: true, message: '' };
  if (trouble !== undefined) return { name, ready: false, message: `${trouble.message} ${trouble.remedy}` };
  if (holder === undefined || holder === identity) return { name, ready: false, message: 'the Lease is being taken' };
  return { name, ready: true, message: `standing by, ${holder} leads` };
};

/** A part of the manager that the set-up of the cluster keeps from working. */
interface Hindered {
  readonly name: string;
  readonly waitingFor: OperatorError;
}

const hinderedCheck = ({ name, waitingFor }: Hindered): ReadinessCheck => ({
  name,
  ready: false,
  message: `${waitingFor.message} ${waitingFor.remedy}`,
});

/** What a manager waits for. Pure. `election` is absent where no Lease is used. */
export const readinessOf = (
  watchers: readonly WatcherState[],
  election: Election | undefined,
  identity: string,
  hindered: readonly Hindered[] = [],
): Readiness => {
  const checks = [
    ...watchers.map(cacheCheck),
    ...hindered.map(hinderedCheck),
    ...(election === undefined ? [] : [leaderCheck(election, identity)]),
  ];
  return { ready: checks.every(({ ready }) => ready), checks };
};
