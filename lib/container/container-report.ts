import type { Condition, Verdict } from '../base/conditions';
import { conclude, setCondition, withoutConditions } from '../base/conditions';
import type { JsonObject } from '../base/json';
import { isJsonObject } from '../base/json';
import type { KubeObject } from '../base/kube-object';
import type { DriverMode } from './modes';
import { isOneOff } from './modes';

export interface ContainerState {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly generation: number | undefined;
  readonly conditions: readonly Condition[];
  readonly mode: DriverMode;
  readonly pod: KubeObject | undefined;
  /** The phase reported before: a finished build stays finished when its Pod is cleaned up. */
  readonly previousStatus: string | undefined;
  /** What stopped the round. */
  readonly failure: Verdict | undefined;
  /** Fields in which the Pod differs from what a new one would be. */
  readonly outdated: readonly string[];
}

/** Whether the Pod is as a new one would be. False until somebody deletes the Pod: then it is made anew. */
export const UP_TO_DATE = 'UpToDate';

/** The status of a driver container, from its Pod. The words of `status` are WEKA's. Pure. */
export const containerStatus = (state: ContainerState): JsonObject => {
  const { phase, verdict } = state.failure === undefined ? phaseOf(state) : { phase: 'Error', verdict: state.failure };
  const node = text(state.pod?.spec?.['nodeName']);
  return {
    ...(state.generation === undefined ? {} : { observedGeneration: state.generation }),
    conditions: conclude(upToDate(state), verdict, state) as unknown as JsonObject[],
    status: phase,
    ...(node === '' ? {} : { nodeAffinity: node, printer: { nodeAffinity: node } }),
  };
};

/** Said only while there is a Pod. */
const upToDate = ({ conditions, pod, outdated, now, generation }: ContainerState): readonly Condition[] => {
  if (pod === undefined) return withoutConditions(conditions, UP_TO_DATE);
  const verdict =
    outdated.length === 0
      ? ({ status: 'True', reason: 'UpToDate', message: 'The Pod is as a new one would be.' } as const)
      : ({
          status: 'False',
          reason: 'PodOutdated',
          message: `A new Pod would differ in ${outdated.join(', ')}: delete the Pod when its work allows.`,
        } as const);
  return setCondition(
    conditions,
    { type: UP_TO_DATE, ...verdict, ...(generation === undefined ? {} : { observedGeneration: generation }) },
    now,
  );
};

interface Phase {
  readonly phase: string;
  readonly verdict: Verdict;
}

const phaseOf = ({ mode, pod, previousStatus }: ContainerState): Phase => {
  const ended = isOneOff(mode) && (previousStatus === 'Completed' || pod?.status?.['phase'] === 'Succeeded');
  if (ended) return { phase: 'Completed', verdict: { state: 'ready', message: 'The build has completed.' } };
  switch (pod?.status?.['phase']) {
    case 'Running':
      return running(mode, pod);
    case 'Failed':
      return going('Error', 'PodFailed', `The Pod failed: ${sentence(text(pod.status['message']))}; it is replaced.`);
    default:
      return going('PodNotRunning', 'PodNotRunning', unscheduled(pod) ?? 'The Pod is not running yet.');
  }
};

const running = (mode: DriverMode, pod: KubeObject): Phase => {
  if (isOneOff(mode)) return going('Building', 'Building', 'The build is running.');
  return conditionOf(pod, 'Ready')?.['status'] === 'True'
    ? { phase: 'Running', verdict: { state: 'ready', message: 'The Pod is ready.' } }
    : going('PodRunning', 'PodNotReady', 'The Pod is running but not ready.');
};

const going = (phase: string, reason: string, message: string): Phase => ({
  phase,
  verdict: { state: 'reconciling', reason, message },
});

/** Words of others inside of a sentence of ours. */
const sentence = (words: string): string => words.replace(/\.$/, '') || 'it says nothing more';

/** The scheduler's own sentence, when it could not place the Pod. */
const unscheduled = (pod: KubeObject | undefined): string | undefined => {
  const scheduled = pod === undefined ? undefined : conditionOf(pod, 'PodScheduled');
  return scheduled?.['status'] === 'False' ? `No node takes the Pod: ${text(scheduled['message'])}` : undefined;
};

const conditionOf = (pod: KubeObject, type: string): JsonObject | undefined => {
  const conditions = pod.status?.['conditions'];
  const found = Array.isArray(conditions)
    ? conditions.find((condition) => isJsonObject(condition) && condition['type'] === type)
    : undefined;
  return isJsonObject(found) ? found : undefined;
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
