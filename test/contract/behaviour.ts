import type { JsonValue } from '../../lib/base/json';
import type { Backend, World } from './backend';
import { newWorld } from './backend';
import { normalise, refusalIn } from './normalise';

/** One thing that a cluster does: a sentence, and how to see it. */
export interface Behaviour {
  readonly says: string;
  /** Plays it; the result is compared between clusters after `normalise`. */
  readonly play: (world: World) => Promise<unknown>;
  /** Whether Pods are created in its namespace. */
  readonly pods?: boolean;
}

/** A table of behaviours from pairs. */
export const behaviours = (
  table: Readonly<Record<string, Behaviour['play']>>,
  options: { readonly about: string; readonly pods?: boolean },
): Behaviour[] =>
  Object.entries(table).map(([says, play]) => ({
    says: `${options.about}: ${says}`,
    play,
    ...(options.pods === true ? { pods: true } : {}),
  }));

/** Plays a behaviour in a world of its own. A refusal that it didn't expect is an outcome too. */
export const playOn = async (backend: Backend, behaviour: Behaviour): Promise<JsonValue> => {
  const world = await newWorld(backend, behaviour.pods === true);
  const value = await behaviour.play(world).catch(refusalIn);
  return normalise(JSON.parse(JSON.stringify(value ?? null)) as JsonValue, world);
};

/** Plays all, `width` at a time; a behaviour that throws doesn't stop the others. */
export const playAll = (
  backend: () => Backend,
  all: readonly Behaviour[],
  width: number,
): ReadonlyMap<string, Promise<JsonValue>> => {
  const results = new Map<string, Promise<JsonValue>>();
  const lanes: Promise<unknown>[] = Array.from({ length: width }, () => Promise.resolve());
  all.forEach((behaviour, index) => {
    const lane = index % width;
    const result = (lanes[lane] as Promise<unknown>).then(() => playOn(backend(), behaviour));
    lanes[lane] = result.catch(() => undefined);
    results.set(behaviour.says, result);
  });
  return results;
};
