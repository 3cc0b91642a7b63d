import type { Condition, Verdict } from '../base/conditions';
import { conclude, setCondition, withoutConditions } from '../base/conditions';
import type { JsonObject } from '../base/json';
import { isJsonObject } from '../base/json';
import type { KubeObject } from '../base/kube-object';
import { STORAGE_AVAILABLE } from './dist';
import type { Phase } from './phase';

export interface ContainerState {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly generation: number | undefined;
  readonly conditions: readonly Condition[];
  readonly phase: Phase;
  /** Parts of the status that its mode has. */
  readonly more: JsonObject;
  readonly pod: KubeObject | undefined;
  /** The node that it belongs to; empty: none yet. */
  readonly node: string;
  /** What stopped the round. */
  readonly failure: Verdict | undefined;
  /** Fields in which the Pod differs from what a new one would be. */
  readonly outdated: readonly string[];
  /** Why new packages are refused. */
  readonly full: string | undefined;
}

/** Whether the Pod is as a new one would be. False until somebody deletes the Pod: then it is made anew. */
export const UP_TO_DATE = 'UpToDate';

/** The status of a driver container. The words of `status` are WEKA's. Pure. */
export const containerStatus = (state: ContainerState): JsonObject => {
  const { phase, verdict } = state.failure === undefined ? state.phase : { phase: 'Error', verdict: state.failure };
  const { printer, ...more } = state.more;
  const cells = {
    ...(isJsonObject(printer) ? printer : {}),
    ...(state.node === '' ? {} : { nodeAffinity: state.node }),
  };
  return {
    ...(state.generation === undefined ? {} : { observedGeneration: state.generation }),
    conditions: conclude(storage(upToDate(state), state), verdict, state) as unknown as JsonObject[],
    status: phase,
    ...(state.node === '' ? {} : { nodeAffinity: state.node }),
    ...(Object.keys(cells).length === 0 ? {} : { printer: cells }),
    ...more,
  };
};

const about = ({ generation }: ContainerState): { observedGeneration?: number } =>
  generation === undefined ? {} : { observedGeneration: generation };

/** Said only while there is a Pod. */
const upToDate = (state: ContainerState): readonly Condition[] => {
  const { conditions, pod, outdated, now } = state;
  if (pod === undefined) return withoutConditions(conditions, UP_TO_DATE);
  const verdict =
    outdated.length === 0
      ? ({ status: 'True', reason: 'UpToDate', message: 'The Pod is as a new one would be.' } as const)
      : ({
          status: 'False',
          reason: 'PodOutdated',
          message: `A new Pod would differ in ${outdated.join(', ')}: delete the Pod when its work allows.`,
        } as const);
  return setCondition(conditions, { type: UP_TO_DATE, ...verdict, ...about(state) }, now);
};

const storage = (conditions: readonly Condition[], state: ContainerState): readonly Condition[] => {
  if (state.full === undefined) return withoutConditions(conditions, STORAGE_AVAILABLE);
  const claim = { type: STORAGE_AVAILABLE, status: 'False', reason: 'StorageFull', message: state.full } as const;
  return setCondition(conditions, { ...claim, ...about(state) }, state.now);
};
