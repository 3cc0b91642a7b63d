import type { ContainerSpec, PodObject } from './pod-spec';

/** How a container is, for its Pod's status. */
export type ContainerState =
  | { readonly at: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly at: 'running'; readonly since: string; readonly ready: boolean }
  | {
      readonly at: 'terminated';
      readonly exitCode: number;
      readonly message: string;
      readonly started: string;
      readonly finished: string;
    };

export interface ContainerRecord {
  readonly state: ContainerState;
  readonly restarts: number;
  /** How it ended before it was started again. */
  readonly last?: ContainerState;
}

export interface PodFacts {
  readonly pod: PodObject;
  readonly hostIP: string;
  readonly podIP: string;
  readonly startTime: string;
  /** By name, init containers among them; who is missing has not begun. */
  readonly records: ReadonlyMap<string, ContainerRecord>;
  /** Since when a condition is as it is. */
  readonly since: (condition: PodCondition) => string;
  /** How the Pod has ended, once nothing of it will run again. */
  readonly ended?: 'Succeeded' | 'Failed';
}

const BEFORE: ContainerRecord = { state: { at: 'waiting', reason: 'PodInitializing' }, restarts: 0 };

const stateOf = (state: ContainerState): object => {
  switch (state.at) {
    case 'waiting':
      return { waiting: { reason: state.reason, ...(state.message === undefined ? {} : { message: state.message }) } };
    case 'running':
      return { running: { startedAt: state.since } };
    case 'terminated':
      return {
        terminated: {
          exitCode: state.exitCode,
          reason: state.exitCode === 0 ? 'Completed' : 'Error',
          startedAt: state.started,
          finishedAt: state.finished,
          ...(state.message === '' ? {} : { message: state.message }),
        },
      };
  }
};

const statusOf =
  ({ records }: PodFacts, init: boolean) =>
  ({ name, image }: ContainerSpec): object => {
    const { state, restarts, last } = records.get(name) ?? BEFORE;
    const ready = init ? hasSucceeded(state) : state.at === 'running' && state.ready;
    return {
      ...{ name, image, imageID: image, restartCount: restarts, ready, started: state.at === 'running' },
      state: stateOf(state),
      lastState: last === undefined ? {} : stateOf(last),
    };
  };

const hasSucceeded = (state: ContainerState | undefined): boolean => state?.at === 'terminated' && state.exitCode === 0;

/** A condition of a Pod, without its times. */
export interface PodCondition {
  readonly type: 'Initialized' | 'ContainersReady' | 'Ready';
  readonly status: 'True' | 'False';
  readonly reason: string | null;
}

const condition = (type: PodCondition['type'], holds: boolean): PodCondition => ({
  type,
  status: holds ? 'True' : 'False',
  reason: holds ? null : 'ContainersNotReady',
});

/** The status that a kubelet would write. Pure. */
export const podStatus = (facts: PodFacts): object => {
  const { pod, records, ended } = facts;
  const { initContainers = [], containers } = pod.spec;
  const at = (name: string): ContainerState | undefined => records.get(name)?.state;
  const initialized = initContainers.every(({ name }) => hasSucceeded(at(name)));
  const begun = containers.some(({ name }) => (at(name) ?? BEFORE.state).at !== 'waiting');
  const ready = containers.every(({ name }) => {
    const state = at(name);
    return state?.at === 'running' && state.ready;
  });
  return {
    phase: ended ?? (initialized && begun ? 'Running' : 'Pending'),
    hostIP: facts.hostIP,
    hostIPs: [{ ip: facts.hostIP }],
    podIP: facts.podIP,
    podIPs: [{ ip: facts.podIP }],
    startTime: facts.startTime,
    conditions: [
      condition('Initialized', initialized),
      condition('ContainersReady', ready),
      condition('Ready', ready && pod.metadata.deletionTimestamp === undefined),
    ].map((each) => ({ ...each, lastTransitionTime: facts.since(each) })),
    initContainerStatuses: initContainers.map(statusOf(facts, true)),
    containerStatuses: containers.map(statusOf(facts, false)),
  };
};

/** Whether all of its containers run and are ready. */
export const isReady = ({ pod, records }: Pick<PodFacts, 'pod' | 'records'>): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  pod.spec.containers.every(({ name }) => {
    const state = records.get(name)?.state;
    return state?.at === 'running' && state.ready;
  });
