/**
 * Which nodes may change their driver now. Pure: a function of one picture of all nodes, so that a restart in the middle of
 * a rollout goes on where it was. Order belongs here and nowhere else: whoever loads, loads when its turn has come.
 */

/** What is known of a node when turns are given. */
export interface RolloutNode {
  readonly name: string;
  /** The driver that is wanted: version and digest. Absent: its package is not there yet, or nobody wants one. */
  readonly wanted?: { readonly wekaVersion: string; readonly sha256: string; readonly target: string };
  /** The driver whose loading was allowed last. */
  readonly allowed?: { readonly wekaVersion: string; readonly sha256: string; readonly target: string };
  /** The driver that is loaded under this boot, as the loader confirmed it. */
  readonly loaded?: { readonly wekaVersion: string; readonly sha256: string };
  /** Modules of WEKA are loaded, whoever loaded them. */
  readonly occupied: boolean;
  /** Where file systems of WEKA are mounted. */
  readonly mounts: readonly string[];
  /** What was allowed last has failed and is waiting for its next try. */
  readonly failed: boolean;
  /** The node can act: it is Ready. A cordon is no hindrance. */
  readonly ready: boolean;
  /** Somebody stopped all changes of this node. */
  readonly paused: boolean;
}

/** A turn: allowed now, or why not. */
export type Turn =
  | { readonly name: string; readonly allowed: true }
  | { readonly name: string; readonly allowed: false; readonly reason: TurnReason; readonly places: readonly string[] };

/** Why a node waits. */
export type TurnReason = 'DriverInUse' | 'NodeNotReady' | 'NodePaused' | 'WaitingForTurn' | 'RolloutHalted';

/** Nodes that may be between two drivers at the same time, unless the manager is told otherwise. */
export const DEFAULT_MAX_UNAVAILABLE = '10%';

/** At most this many nodes without a driver at a time: a count, or a share of all nodes that shall have one. */
export const maxUnavailableOf = (value: string | number, nodes: number): number => {
  const percent = /^(\d{1,3})%$/.exec(String(value))?.[1];
  const count = percent === undefined ? Number(value) : Math.floor((Number(percent) / 100) * nodes);
  return Math.max(1, Number.isInteger(count) ? count : 1);
};

const same = (
  a: { readonly wekaVersion: string; readonly sha256: string } | undefined,
  b: { readonly wekaVersion: string; readonly sha256: string } | undefined,
): boolean => a?.wekaVersion === b?.wekaVersion && a?.sha256 === b?.sha256;

/** Whether a change takes the driver away from somebody who may be using it. A node without any driver loses nothing. */
const disrupts = ({ wanted, loaded, occupied }: RolloutNode): boolean =>
  loaded === undefined ? occupied : !same(loaded, wanted);

/** It was allowed what is wanted, and is on its way there from another driver. */
const underway = (node: RolloutNode): boolean =>
  node.wanted !== undefined && same(node.allowed, node.wanted) && !same(node.loaded, node.wanted) && disrupts(node);

const hindrance = (node: RolloutNode): Turn | undefined => {
  const wait = (reason: TurnReason, places: readonly string[] = []): Turn => ({
    name: node.name,
    allowed: false,
    reason,
    places,
  });
  if (node.paused) return wait('NodePaused');
  if (!disrupts(node)) return undefined;
  // A node that can't act would hold its turn for ever.
  if (!node.ready) return wait('NodeNotReady');
  return node.mounts.length > 0 ? wait('DriverInUse', node.mounts) : undefined;
};

/**
 * The turns of all nodes that want another driver than they were allowed last, in the order of their names. Nodes that are on
 * their way count against the budget; nodes that have failed are skipped and counted apart: when more have failed than the
 * budget allows, nobody else is touched.
 */
export const turns = (nodes: readonly RolloutNode[], maxUnavailable: number): readonly Turn[] => {
  const moving = nodes.filter(underway);
  let free = maxUnavailable - moving.filter(({ failed }) => !failed).length;
  const halted = moving.filter(({ failed }) => failed).length > maxUnavailable;
  const turn = (node: RolloutNode): Turn => {
    const hindered = hindrance(node);
    if (hindered !== undefined) return hindered;
    if (!disrupts(node)) return { name: node.name, allowed: true };
    if (halted) return { name: node.name, allowed: false, reason: 'RolloutHalted', places: [] };
    if (free <= 0) return { name: node.name, allowed: false, reason: 'WaitingForTurn', places: [] };
    free -= 1;
    return { name: node.name, allowed: true };
  };
  return nodes
    .filter(
      ({ wanted, allowed }) => wanted !== undefined && !(same(wanted, allowed) && wanted.target === allowed?.target),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(turn);
};
