/** The status of a Pod from the state of its containers, as the kubelet writes it. Pure. */
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import { setCondition } from '../control-plane/conditions';
import { textOf } from '../text';

export interface ContainerState {
  readonly name: string;
  readonly image: string;
  readonly init: boolean;
  /** An init container that keeps running beside the others. */
  readonly sidecar: boolean;
  state: 'waiting' | 'running' | 'terminated';
  /**
   * Of `waiting`: `ContainerCreating`, `PodInitializing`, `CrashLoopBackOff`, `ErrImagePull`,
   * `ImagePullBackOff`. Of `terminated`: `Completed`, `Error`, `OOMKilled`.
   */
  reason: string;
  ready: boolean;
  restarts: number;
  /** How often it failed to get as far as starting. */
  stuck: number;
  exitCode: number;
  message: string | undefined;
  startedAt: string | undefined;
  finishedAt: string | undefined;
  /** How it ended before it was started again. */
  last: JsonObject | undefined;
}

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** Whether an init container lets the next one start. */
export const initDone = (container: ContainerState): boolean =>
  container.sidecar ? container.state === 'running' : container.state === 'terminated' && container.exitCode === 0;

export const phaseOf = (containers: readonly ContainerState[], restartPolicy: string): Phase => {
  const main = containers.filter((each) => !each.init);
  const failedInit = containers.some((each) => each.init && each.state === 'terminated' && each.exitCode !== 0);
  if (failedInit && restartPolicy === 'Never') return 'Failed';
  if (main.every((each) => each.state === 'terminated') && main.length > 0) {
    const failed = main.some((each) => each.exitCode !== 0);
    if (restartPolicy === 'Never') return failed ? 'Failed' : 'Succeeded';
    if (restartPolicy === 'OnFailure' && !failed) return 'Succeeded';
    return 'Running';
  }
  const started = main.some((each) => each.state !== 'waiting' || each.last !== undefined);
  return started ? 'Running' : 'Pending';
};

/** Why a Pod as a whole failed: `Evicted`, `DeadlineExceeded`. */
export interface PodFailed {
  readonly reason: string;
  readonly message: string;
}

export interface PodPlace {
  readonly hostIP: string;
  readonly podIP: string;
  readonly time: string;
  /** Absent: what the containers do decides. */
  readonly failed?: PodFailed | undefined;
}

type Verdict = JsonObject & { readonly type: string; readonly status: string };

const verdict = (type: string, holds: boolean, otherwise: JsonObject = {}): Verdict => ({
  type,
  status: holds ? 'True' : 'False',
  ...(holds ? {} : otherwise),
});

const verdictsOn = (containers: readonly ContainerState[], phase: Phase): readonly Verdict[] => {
  const main = containers.filter((each) => !each.init);
  const ended = phase === 'Succeeded' || phase === 'Failed';
  const ready = main.every((each) => each.ready);
  const why = ended ? { reason: 'PodCompleted' } : { reason: 'ContainersNotReady', message: notReadyMessage(main) };
  const initialized = containers.filter((each) => each.init).every(initDone);
  return [
    verdict('PodReadyToStartContainers', !ended),
    verdict('Initialized', initialized, { reason: 'ContainersNotInitialized' }),
    verdict('Ready', ready, why),
    verdict('ContainersReady', ready, why),
    verdict('PodScheduled', true),
  ];
};

/** The whole status. Equal containers give an equal status: the kubelet writes it only when something moved. */
export const podStatus = (pod: LiveObject, containers: readonly ContainerState[], place: PodPlace): JsonObject => {
  const phase = place.failed === undefined ? phaseOf(containers, textOf(pod.spec?.restartPolicy)) : 'Failed';
  let conditions = pod.status?.conditions;
  for (const each of verdictsOn(containers, phase)) conditions = setCondition(conditions, each, place.time);
  const init = containers.filter((each) => each.init).map(containerStatus);
  return {
    ...pod.status,
    phase,
    ...place.failed,
    conditions: conditions ?? [],
    hostIP: place.hostIP,
    hostIPs: [{ ip: place.hostIP }],
    podIP: place.podIP,
    podIPs: [{ ip: place.podIP }],
    startTime: pod.status?.startTime ?? place.time,
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: containers.filter((each) => !each.init).map(containerStatus),
  };
};

const notReadyMessage = (containers: readonly ContainerState[]): string =>
  `containers with unready status: [${containers
    .filter((each) => !each.ready)
    .map((each) => each.name)
    .join(' ')}]`;

/** How a container ended, in the form of status. */
export const terminatedState = (container: ContainerState): JsonObject => ({
  exitCode: container.exitCode,
  reason: container.reason,
  ...(container.message === undefined ? {} : { message: container.message }),
  startedAt: container.startedAt,
  finishedAt: container.finishedAt,
});

const containerStatus = (container: ContainerState): JsonObject => {
  const { name, image, ready, restarts, state, reason, last } = container;
  const current =
    state === 'waiting'
      ? { waiting: { reason } }
      : state === 'running'
        ? { running: { startedAt: container.startedAt } }
        : { terminated: terminatedState(container) };
  return {
    name,
    image,
    imageID: state === 'waiting' && last === undefined ? '' : `sim://${image}`,
    ready,
    restartCount: restarts,
    started: state === 'running',
    state: current,
    lastState: last === undefined ? {} : { terminated: last },
  };
};
