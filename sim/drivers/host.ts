import type { Random } from '../../controllers/runtime/random';
import type { JsonObject } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import { listOf } from '../control-plane/placement';
import type { ContainerControl } from '../nodes/behaviour';
import { textOf } from '../text';
import type { ActListener } from './acts';
import type { Life } from './life';
import type { Machine } from './machine';

/** What every simulated agent lives in. */
export interface AgentHost {
  readonly pod: LiveObject;
  readonly machine: Machine;
  readonly life: Life;
  readonly random: Random;
  readonly control: ContainerControl;
  readonly act: ActListener;
  /** Tells the operator; told again by itself to each manager that comes to lead. */
  readonly tell: (kind: string, body: JsonObject) => void;
}

/** The environment of a container of a Pod; values of fields are left out. */
export const environmentOf = (pod: LiveObject, container: string): Readonly<Record<string, string>> => {
  const all = [...listOf(pod.spec?.initContainers), ...listOf(pod.spec?.containers)];
  const found = all.find(({ name }) => name === container);
  return Object.fromEntries(listOf(found?.env).map(({ name, value }) => [textOf(name), textOf(value)]));
};

/** A volume of a Pod. */
export const volumeOf = (pod: LiveObject, name: string): JsonObject | undefined =>
  listOf(pod.spec?.volumes).find((volume) => volume.name === name);

/** A part of an object that is an object itself; empty for anything else. */
export const partOf = (object: JsonObject | undefined, name: string): JsonObject => {
  const part = object?.[name];
  return isJsonObject(part) ? part : {};
};
