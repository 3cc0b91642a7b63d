/** Builders that run at the same time, unless the manager is told otherwise. */
export const DEFAULT_MAX_BUILDS = 4;

/** A builder of the cluster, as far as turns depend on it. */
export interface SlotBuilder {
  readonly uid: string;
  /** RFC 3339. */
  readonly created: string;
  readonly name: string;
  /** `runs`: its Pod takes up a node; `waits`: it would like to; `rests`: neither. */
  readonly state: 'runs' | 'waits' | 'rests';
}

/**
 * Whether the builder `uid` may make its Pod now: at most `maxBuilds` run, and those that wait go first that were made
 * first. Everybody who looks at the same picture comes to the same result, so no two take the same place.
 */
export const hasSlot = (builders: readonly SlotBuilder[], uid: string, maxBuilds: number): boolean => {
  const running = builders.filter(({ state }) => state === 'runs').length;
  const queue = builders
    .filter((builder) => builder.state === 'waits' || builder.uid === uid)
    .sort((a, b) => (order(a) < order(b) ? -1 : 1));
  const place = queue.findIndex((builder) => builder.uid === uid);
  return place >= 0 && running + place < maxBuilds;
};

const order = ({ created, name, uid }: SlotBuilder): string => `${created} ${name} ${uid}`;
