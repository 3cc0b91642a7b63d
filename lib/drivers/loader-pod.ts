import type { JsonObject, JsonValue } from '../base/json';
import { isJsonObject } from '../base/json';
import type { LiveObject } from '../base/kube-object';
import { LABEL } from '../base/names';
import type { LoadResult } from './agent-result';
import { readLoadResult } from './agent-result';
import { LOADER_CONTAINER } from './load-pod';

/** A loader's Pod on a node, as far as the driver of that node depends on it. */
export interface LoaderPod {
  readonly object: LiveObject;
  /** The loader that it belongs to. */
  readonly target: string;
  /** What its attempt came to; `undefined`: it has not ended yet, or was killed before it could say anything. */
  readonly result?: LoadResult;
  /** When its attempt ended, milliseconds since the epoch. */
  readonly endedAt?: number;
  /** Its attempt ended without a word: killed, or the image does not hold the agent. The kubelet's own word for it. */
  readonly died?: string;
  /** Whether the modules are loaded, says its watching container, and since when that runs. `undefined`: it does not run. */
  readonly watch?: { readonly loaded: boolean; readonly startedAt: number };
  readonly deleting: boolean;
}

const entryNamed = (list: JsonValue | undefined, name: string): JsonObject | undefined =>
  (Array.isArray(list) ? list : []).filter(isJsonObject).find((entry) => entry['name'] === name);

const part = (object: JsonObject | undefined, ...path: readonly string[]): JsonObject | undefined => {
  const value = path.reduce<JsonValue | undefined>((at, key) => (isJsonObject(at) ? at[key] : undefined), object);
  return isJsonObject(value) ? value : undefined;
};

const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

const ending = (terminated: JsonObject | undefined): Pick<LoaderPod, 'result' | 'endedAt' | 'died'> => {
  if (terminated === undefined) return {};
  const result = readLoadResult(text(terminated['message']));
  const endedAt = Date.parse(text(terminated['finishedAt']));
  return {
    ...(Number.isNaN(endedAt) ? {} : { endedAt }),
    ...(result === undefined ? { died: text(terminated['reason']) || 'Error' } : { result }),
  };
};

const watching = (watch: JsonObject | undefined): Pick<LoaderPod, 'watch'> => {
  const running = part(watch, 'state', 'running');
  if (running === undefined) return {};
  return { watch: { loaded: watch?.['ready'] === true, startedAt: Date.parse(text(running['startedAt'])) || 0 } };
};

/** A Pod that belongs to a loader; `undefined` for any other. */
export const loaderPod = (object: LiveObject): LoaderPod | undefined => {
  const target = object.metadata.labels?.[LABEL.driversTarget];
  if (target === undefined) return undefined;
  const load = entryNamed(object.status?.['initContainerStatuses'], LOADER_CONTAINER.load);
  const watch = entryNamed(object.status?.['containerStatuses'], LOADER_CONTAINER.watch);
  // An attempt that the kubelet makes again by itself (a runtime that failed) leaves the last one in lastState.
  const terminated = part(load, 'state', 'terminated') ?? part(load, 'lastState', 'terminated');
  return {
    object,
    target,
    ...ending(terminated),
    ...watching(watch),
    deleting: object.metadata.deletionTimestamp !== undefined,
  };
};
