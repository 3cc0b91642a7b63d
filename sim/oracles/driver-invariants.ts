/**
 * What must hold of drivers at every step: on the machines themselves, and in what the operator writes of them. The checks
 * look at bytes, kernels and objects, never at what anybody believes of them.
 */
import type { WekaNodeSpec, WekaNodeStatus } from '../../lib/api/weka-node';
import type { LiveObject } from '../../lib/base/kube-object';
import { LABEL } from '../../lib/base/names';
import { packageId } from '../../lib/drivers/package';
import { readIndex } from '../../lib/drivers/package-index';
import { maxUnavailableOf } from '../../lib/drivers/rollout';
import type { AgentAct } from '../drivers/acts';
import type { Store, StoreEvent } from '../api/store';
import type { Invariant, Step } from './invariants';

const NODE = { apiVersion: 'v1', kind: 'Node' };
const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const WEKA_NODE = { apiVersion: 'weka.weka.io/v1alpha1', kind: 'WekaNode' };

/** What this run has seen of drivers before. */
export interface DriverMemory {
  /** By package id: every digest that the index ever named. */
  readonly indexed: Map<string, Set<string>>;
  /** By node and loader: the package that its record allowed. */
  readonly allowed: Map<string, { readonly id: string; readonly sha256: string }>;
  /** By node: since when its record says that file systems are mounted, in virtual milliseconds since the epoch. */
  readonly mounted: Map<string, number>;
  /** Nodes that were allowed another driver than the one they had, and have not come to the end of the attempt. */
  readonly moving: Set<string>;
  /** By node: the loader that has its lock. */
  readonly acting: Map<string, string>;
  /** Nodes that are to hold a driver, and the most that there ever were. */
  readonly wanted: Set<string>;
  fleet: number;
  /** A count or a share, as the installation says it. */
  readonly maxUnavailable: string | number;
}

export const driverMemory = (maxUnavailable: string | number): DriverMemory => ({
  indexed: new Map(),
  allowed: new Map(),
  mounted: new Map(),
  moving: new Set(),
  acting: new Map(),
  wanted: new Set(),
  fleet: 0,
  maxUnavailable,
});

type Driver = NonNullable<WekaNodeSpec['driver']>;

const driverOf = (record: LiveObject | undefined): Partial<Driver> =>
  (record?.spec as WekaNodeSpec | undefined)?.driver ?? {};
const statusOf = (record: LiveObject): WekaNodeStatus => record.status ?? {};

const packageOf = ({ wekaVersion = '', kernel = '', architecture = '' }: Partial<Driver>): string =>
  packageId({ wekaVersion, kernel, architecture });

const isIndex = ({ kind, metadata }: LiveObject): boolean =>
  kind === CONFIG_MAP.kind && metadata.labels?.[LABEL.driversIndex] !== undefined;

const indexOf = (objects: readonly LiveObject[]): ReturnType<typeof readIndex> =>
  readIndex(objects.map(({ data }) => (data ?? {}) as Record<string, string>));

/** What has just been decided may rest on a record that is a moment old. */
const MOMENT_MS = 30_000;

const isStanding = (claimant: string, store: Store): boolean => {
  const [kind = '', namespace = '', name = ''] = claimant.split('/');
  const object = store.get({ ...WEKA_NODE, kind }, { namespace, name });
  return object !== undefined && object.metadata.deletionTimestamp === undefined;
};

const runs = (store: Store, name: string, kernel: string | undefined): boolean => {
  const node = store.get(NODE, { name });
  const info = node?.status?.['nodeInfo'] as { kernelVersion?: string } | undefined;
  return info?.kernelVersion === kernel;
};

/** Whether what a node shall hold is another package now than before this change. */
const isReassigned = ({ object, previous }: StoreEvent): boolean => {
  const [now, before] = [driverOf(object), driverOf(previous)];
  return now.digest !== undefined && (now.digest !== before.digest || now.wekaVersion !== before.wekaVersion);
};

/** Whether the change takes a driver from a node that has one. */
const takesAway = ({ object, previous }: StoreEvent): boolean => {
  const { driver } = previous === undefined ? {} : statusOf(previous);
  const { digest, wekaVersion } = driverOf(object);
  return driver?.digest !== undefined && (driver.digest !== digest || driver.wekaVersion !== wekaVersion);
};

export const DRIVER_INVARIANTS: readonly Invariant[] = [
  {
    id: 'target-has-a-package',
    sentence: 'A node is given to a loader only when its record names a package and the index has held it.',
    check: ({ object, previous, type, memory: { drivers } }) => {
      const target = object.metadata.labels?.[LABEL.driversTarget];
      if (object.kind !== 'Node' || type === 'DELETED' || target === undefined) return undefined;
      if (target === previous?.metadata.labels?.[LABEL.driversTarget]) return undefined;
      const allowed = drivers.allowed.get(`${object.metadata.name} ${target}`);
      if (allowed === undefined) return 'its record names no package for that loader';
      return drivers.indexed.get(allowed.id)?.has(allowed.sha256) === true
        ? undefined
        : `the index never held ${allowed.id}`;
    },
  },
  {
    id: 'index-keeps-what-nodes-hold',
    sentence: 'The index never loses the entry of a package that a node holds and somebody wants there.',
    check: ({ object, previous, type, store }) => {
      if (previous === undefined || !isIndex(previous)) return undefined;
      const left = indexOf(store.list(CONFIG_MAP).filter(isIndex));
      const lost = [...indexOf([previous]).keys()].filter((id) => !left.has(id));
      if (lost.length === 0 || (type === 'MODIFIED' && object === previous)) return undefined;
      const holder = store.list(WEKA_NODE).find((record) => {
        const driver = driverOf(record);
        const held = driver.digest !== undefined && lost.includes(packageOf(driver));
        const wanted = (driver.claimants ?? []).some((claimant) => isStanding(claimant, store));
        return held && wanted && runs(store, record.metadata.name, driver.kernel);
      });
      return holder === undefined
        ? undefined
        : `${holder.metadata.name} holds ${packageOf(driverOf(holder))}, which is gone`;
    },
  },
  {
    id: 'mounted-nodes-are-left-alone',
    sentence: 'A node whose file systems are mounted is given no other driver.',
    check: (step) => {
      const { object, write, memory } = step;
      if (object.kind !== WEKA_NODE.kind || write?.subresource === 'status' || !isReassigned(step)) return undefined;
      const since = memory.drivers.mounted.get(object.metadata.name);
      const known = since !== undefined && since < (write?.at ?? 0) - MOMENT_MS;
      return known && takesAway(step) && !isMistaken(step) ? 'its record says what is mounted' : undefined;
    },
  },
  {
    id: 'budget-is-kept',
    sentence: 'Never more nodes are between two drivers than the installation allows.',
    check: (step) => {
      const { object, write, memory } = step;
      if (object.kind !== WEKA_NODE.kind || write?.subresource === 'status' || isMistaken(step)) return undefined;
      const { moving, fleet, maxUnavailable } = memory.drivers;
      if (!isReassigned(step) || !takesAway(step) || moving.has(object.metadata.name)) return undefined;
      const budget = maxUnavailableOf(maxUnavailable, fleet);
      return moving.size >= budget
        ? `${[...moving].sort().join(', ')} are on their way already, and ${budget} may be`
        : undefined;
    },
  },
];

/** Whether it was decided on a past that the operator was shown, or by two who see different pasts. */
const isMistaken = ({ write, memory }: Step): boolean =>
  memory.contradicted || (write?.at ?? 0) < memory.shownPastUntil;

/** Keeps the memory of drivers up to date with a change of storage; to be called after its checks. */
export const rememberDrivers = (event: StoreEvent, at: number, memory: DriverMemory): void => {
  const { object, type } = event;
  if (isIndex(object)) {
    for (const [id, { sha256 }] of indexOf([object])) {
      const digests = memory.indexed.get(id) ?? new Set<string>();
      memory.indexed.set(id, digests.add(sha256));
    }
  }
  if (object.kind === NODE.kind && (type === 'DELETED' || bootOf(object) !== bootOf(event.previous)))
    memory.moving.delete(object.metadata.name);
  if (object.kind === WEKA_NODE.kind) rememberRecord(event, at, memory);
};

const bootOf = (node: LiveObject | undefined): unknown =>
  (node?.status?.['nodeInfo'] as { bootID?: string } | undefined)?.bootID;

const rememberRecord = (event: StoreEvent, at: number, memory: DriverMemory): void => {
  const { object, type } = event;
  const { name } = object.metadata;
  const driver = driverOf(object);
  if (driver.target !== undefined && driver.digest !== undefined)
    memory.allowed.set(`${name} ${driver.target}`, { id: packageOf(driver), sha256: driver.digest });
  const mounted = type !== 'DELETED' && (statusOf(object).mounts ?? []).length > 0;
  if (!mounted) memory.mounted.delete(name);
  else if (!memory.mounted.has(name)) memory.mounted.set(name, at);
  if (type === 'DELETED' || driver.wekaVersion === undefined) memory.wanted.delete(name);
  else memory.wanted.add(name);
  memory.fleet = Math.max(memory.fleet, memory.wanted.size);
  if (driver.digest === undefined) memory.moving.delete(name);
  else if (isReassigned(event) && takesAway(event)) memory.moving.add(name);
};

/** What must hold of each act of an agent: a sentence with its check. */
export interface ActInvariant {
  readonly id: string;
  readonly sentence: string;
  /** The machine, and what is wrong there; `undefined`: it holds. */
  readonly check: (act: AgentAct, memory: DriverMemory) => string | undefined;
}

export const ACT_INVARIANTS: readonly ActInvariant[] = [
  {
    id: 'only-indexed-bytes',
    sentence: 'A loader never opens bytes that the index does not name.',
    check: (act, { indexed }) =>
      act.what === 'opens' && indexed.get(act.id)?.has(act.sha256) !== true
        ? `${act.id} with ${act.sha256} on ${act.node}`
        : undefined,
  },
  {
    id: 'one-loader-a-node',
    sentence: 'At most one loader acts on a node.',
    check: (act, { acting }) =>
      act.what === 'begins' && acting.has(act.node)
        ? `${act.pod} begins on ${act.node} beside ${acting.get(act.node)}`
        : undefined,
  },
  {
    id: 'nobody-unloads-under-mounts',
    sentence: 'Nobody unloads a driver with mounts.',
    check: (act) =>
      act.what === 'unloads' && act.mounts.length > 0 ? `${act.mounts.join(', ')} on ${act.node}` : undefined,
  },
];

/** Keeps the memory up to date with an act; to be called after its checks. */
export const rememberAct = (act: AgentAct, memory: DriverMemory): void => {
  if (act.what === 'begins') memory.acting.set(act.node, act.pod);
  if (act.what === 'ends' && memory.acting.get(act.node) === act.pod) memory.acting.delete(act.node);
  if (act.what === 'ends' || act.what === 'fails' || act.what === 'loads') memory.moving.delete(act.node);
};
