import type { JsonObject } from '../base/json';
import { isJsonObject } from '../base/json';
import type { KubeObject } from '../base/kube-object';

/** What the status of a Pod says, read from plain JSON. */

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const list = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);

export const podPhase = (pod: KubeObject): string => text(pod.status?.['phase']);

/** Name of the node that it runs on; empty until it is scheduled. */
export const podNode = (pod: KubeObject | undefined): string => text(pod?.spec?.['nodeName']);

export const hasEnded = (pod: KubeObject): boolean => ['Succeeded', 'Failed'].includes(podPhase(pod));

const conditionOf = (pod: KubeObject, type: string): JsonObject | undefined =>
  list(pod.status?.['conditions']).find((condition) => condition['type'] === type);

export const isPodReady = (pod: KubeObject): boolean => conditionOf(pod, 'Ready')?.['status'] === 'True';

/** The scheduler's own sentence, when it could not place the Pod. */
export const unscheduled = (pod: KubeObject | undefined): string | undefined => {
  const scheduled = pod === undefined ? undefined : conditionOf(pod, 'PodScheduled');
  return scheduled?.['status'] === 'False' ? text(scheduled['message']) : undefined;
};

/** Why containers wait that somebody has to do something about: an image that can't be pulled, a wrong configuration. */
const TROUBLE = /^(ErrImage|ImagePull|InvalidImage|CreateContainer|RunContainer|Registry)/;

/** What keeps a container of the Pod from starting, in the kubelet's words; `undefined`: nothing. */
export const startTrouble = (pod: KubeObject | undefined): string | undefined => {
  for (const status of [...list(pod?.status?.['initContainerStatuses']), ...list(pod?.status?.['containerStatuses'])]) {
    const state = status['state'];
    const waiting = isJsonObject(state) && isJsonObject(state['waiting']) ? state['waiting'] : {};
    const reason = text(waiting['reason']);
    if (TROUBLE.test(reason)) return `${reason} of ${text(status['image'])}`;
  }
  return undefined;
};

/** How a container of a Pod ended. */
export interface Ended {
  readonly name: string;
  readonly exitCode: number;
  readonly reason: string;
  /** The termination message. */
  readonly message: string;
  /** Milliseconds since the epoch; NaN where the kubelet does not say. */
  readonly finishedAt: number;
}

const endedOf = (status: JsonObject): Ended | undefined => {
  const state = status['state'];
  const ended = isJsonObject(state) ? state['terminated'] : undefined;
  if (!isJsonObject(ended)) return undefined;
  return {
    name: text(status['name']),
    exitCode: typeof ended['exitCode'] === 'number' ? ended['exitCode'] : -1,
    reason: text(ended['reason']),
    message: text(ended['message']),
    finishedAt: Date.parse(text(ended['finishedAt'])),
  };
};

/** How the containers of a Pod ended that have, init containers first. */
export const endedContainers = (pod: KubeObject): readonly Ended[] =>
  [...list(pod.status?.['initContainerStatuses']), ...list(pod.status?.['containerStatuses'])].flatMap(
    (status) => endedOf(status) ?? [],
  );
