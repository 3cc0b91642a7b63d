/** Who wrote what how often: the counts of a run against what the same run without faults needs. */
import { refString } from '../../lib/base/kube-object';
import type { WriteRecord } from '../api/core';

/** Writes of one user by object. */
export interface Counts {
  /** By `Kind/namespace/name`: writes that changed it. */
  readonly changes: ReadonlyMap<string, number>;
  /** Writes that changed nothing. */
  readonly idle: number;
  /** Deletions. */
  readonly deletions: ReadonlyMap<string, number>;
}

/** Kinds that are written by the clock or once a transition. */
const LEFT_OUT: ReadonlySet<string> = new Set(['Lease', 'Event']);

export const countsOf = (writes: readonly WriteRecord[], user: string): Counts => {
  const [changes, deletions] = [new Map<string, number>(), new Map<string, number>()];
  let idle = 0;
  for (const write of writes) {
    if (write.user !== user || LEFT_OUT.has(write.ref.kind)) continue;
    const counts = write.verb === 'delete' ? deletions : changes;
    if (write.changed) counts.set(refString(write.ref), (counts.get(refString(write.ref)) ?? 0) + 1);
    else idle += 1;
  }
  return { changes, idle, deletions };
};

/** How much more than without faults is still sound: a fault may cost some writes, never a flood. */
const FACTOR = 2;
const PER_DISTURBANCE = 6;
const SPARE = 6;
const MOST_DISTURBANCES = 20;

/** Objects that were written far too often: one sentence each. `disturbances`: faults that struck. */
export const excessiveWrites = (expected: Counts, found: Counts, disturbances: number): readonly string[] => {
  const spare = SPARE + PER_DISTURBANCE * Math.min(disturbances, MOST_DISTURBANCES);
  const limitOf = (needed: number): number => needed * FACTOR + spare;
  const over = (kind: 'changes' | 'deletions'): readonly string[] =>
    [...found[kind]].flatMap(([name, count]) => {
      const needed = expected[kind].get(name) ?? 0;
      return count <= limitOf(needed)
        ? []
        : [`${name}: ${count} ${kind}, where ${needed} are enough without faults and ${limitOf(needed)} with these.`];
    });
  const idle = found.idle <= limitOf(expected.idle) ? [] : [`${found.idle} writes changed nothing.`];
  return [...over('changes'), ...over('deletions'), ...idle];
};
