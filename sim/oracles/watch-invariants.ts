/** Holds every change of a cluster against the invariants, and every call of the operator against what calls must carry. */
import { refOf, refString } from '../../lib/base/kube-object';
import type { ClientCall } from '../client';
import type { SimAgents } from '../drivers/agents';
import type { SimCluster } from '../cluster';
import { ACT_INVARIANTS, driverMemory, rememberAct } from './driver-invariants';
import type { Memory, Step } from './invariants';
import { INVARIANTS, remember, rememberWish } from './invariants';

/** One invariant broken once. */
export interface Broken {
  /** Virtual milliseconds since the epoch. */
  readonly at: number;
  readonly invariant: string;
  /** The sentence, the object, and what is wrong with it. */
  readonly text: string;
}

/** Managers list everything anew at least this often. */
const RELIST_MS = 600_000;

/** What every call of the operator must carry. */
export const DELETE_NAMES_UID = {
  id: 'delete-names-uid',
  sentence: 'Nothing is deleted but the very object that was looked at: a delete names its UID.',
};

/** Whom to watch. */
export interface Watched {
  readonly cluster: SimCluster;
  readonly agents: SimAgents;
  /** Whose changes are checked. */
  readonly user: string;
  /** Nodes that may be between two drivers: a count or a share. */
  readonly maxUnavailable: string | number;
}

/** What is found, and what the watch must be told beside what it sees. */
export interface InvariantWatch {
  /** Grows as invariants break. */
  readonly broken: readonly Broken[];
  readonly onCall: (call: ClientCall) => void;
  /** A manager was shown the past. */
  readonly pastShown: () => void;
  /** Another version of the operator is wanted; the one before may be at work for `forMs` still. */
  readonly wished: (forMs: number) => void;
  /** Two managers act at once without a Lease. */
  readonly contradicted: () => void;
}

/** Watches from now on. */
export const watchInvariants = ({ cluster, agents, user, maxUnavailable }: Watched): InvariantWatch => {
  const broken: Broken[] = [];
  const memory: Memory = {
    names: new Map(),
    deleted: new Map(),
    wishes: 0,
    pastUntil: 0,
    shownPastUntil: 0,
    contradicted: false,
    drivers: driverMemory(maxUnavailable),
  };
  const { store } = cluster.server.core;
  const tell = (invariant: { id: string; sentence: string }, object: string, why: string): void =>
    void broken.push({
      at: cluster.clock.now(),
      invariant: invariant.id,
      text: `${invariant.sentence} ${object}: ${why}.`,
    });
  store.subscribe((event) => {
    const write = cluster.log.writes.at(-1);
    const step: Step = { ...event, write, store, memory };
    const ours = write?.user === user;
    for (const invariant of ours ? INVARIANTS : []) {
      const why = invariant.check(step);
      if (why !== undefined) tell(invariant, refString(refOf(event.object)), why);
    }
    remember(step, ours);
  });
  agents.onAct((act) => {
    for (const invariant of ACT_INVARIANTS) {
      const why = invariant.check(act, memory.drivers);
      if (why !== undefined) tell(invariant, 'node' in act ? `Node/${act.node}` : `Pod/${act.pod}`, why);
    }
    rememberAct(act, memory.drivers);
  });
  return {
    broken,
    wished: (forMs) => rememberWish(memory, cluster.clock.now(), forMs),
    contradicted: () => void (memory.contradicted = true),
    // Whoever is shown the past takes back what came since, until the next full list tells the truth.
    pastShown: () => {
      memory.shownPastUntil = cluster.clock.now() + RELIST_MS;
      memory.pastUntil = memory.shownPastUntil;
    },
    onCall: ({ verb, target, uid }) => {
      if (verb === 'delete' && uid === undefined)
        tell(DELETE_NAMES_UID, `${target.kind}/${target.name ?? ''}`, 'no UID was given');
    },
  };
};
