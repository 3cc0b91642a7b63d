/**
 * What must hold at every step, whatever goes wrong: each a sentence with a check of one change. A check looks at the
 * cluster itself, never at what the operator believes of it.
 */
import type { JsonValue } from '../../lib/base/json';
import type { LiveObject, OwnerReference } from '../../lib/base/kube-object';
import { ANNOTATION, FIELD_MANAGER, FINALIZER, LABEL } from '../../lib/base/names';
import { isDenied } from '../../lib/base/propagation';
import { canonicalJson } from '../../synth/canonical-json';
import { extractOwnedStatus } from '../../synth/merge';
import type { WriteRecord } from '../api/core';
import type { Store, StoreEvent } from '../api/store';
import { conditionFaults } from './condition-rules';
import type { DriverMemory } from './driver-invariants';
import { DRIVER_INVARIANTS, rememberDrivers } from './driver-invariants';

/** One change in storage, with the write that caused it. */
export interface Step extends StoreEvent {
  readonly write: WriteRecord | undefined;
  readonly store: Store;
  /** What this run has seen before, for checks over time. */
  readonly memory: Memory;
}

/** Facts that outlive a change. */
export interface Memory {
  /** By identity of a child: its name. */
  readonly names: Map<string, string>;
  /** By identity of a child that the operator deleted: how often what is wanted had changed by then. */
  readonly deleted: Map<string, number>;
  /** How often what is wanted has changed: nodes that came, went or became something else, specs that users wrote. */
  wishes: number;
  /** Until when what is done may still follow from an earlier wish, in virtual milliseconds since the epoch. */
  pastUntil: number;
  /** Until when the operator may believe in a past that it was shown. */
  shownPastUntil: number;
  /** Two managers have acted at once without a Lease: together they do what none of them would. */
  contradicted: boolean;
  readonly drivers: DriverMemory;
}

export interface Invariant {
  readonly id: string;
  readonly sentence: string;
  /** What is wrong, for a change by the operator; nothing: it holds. */
  readonly check: (step: Step) => string | undefined;
}

/** Kinds that this version reads and does not run. */
const UNRUN: ReadonlySet<string> = new Set(['WekaCluster', 'WekaClient', 'WekaManualOperation']);
/** Kinds of which most objects are others'. */
const SHARED_KINDS: ReadonlySet<string> = new Set(['Pod', 'Service']);
/** Kinds whose children carry an owner reference. The operator's namespace stands for all drivers. */
const PARENTS: ReadonlySet<string> = new Set(['WekaPolicy', 'WekaContainer', 'Namespace']);
const POD = { apiVersion: 'v1', kind: 'Pod' };
const CONTAINER = 'WekaContainer';

const controllerOf = (object: LiveObject | undefined): OwnerReference | undefined =>
  object?.metadata.ownerReferences?.find(({ controller }) => controller === true);

const isOurs = (object: LiveObject | undefined): boolean => PARENTS.has(controllerOf(object)?.kind ?? '');

/** (owner, kind, role, slot), the identity of a child; `undefined` for what is none. */
const identityOf = (object: LiveObject): string | undefined => {
  const owner = controllerOf(object);
  const role = object.metadata.labels?.[LABEL.childRole];
  if (owner === undefined || role === undefined) return undefined;
  return [owner.uid, object.kind, role, object.metadata.annotations?.[ANNOTATION.childSlot] ?? ''].join(' ');
};

const same = (a: unknown, b: unknown): boolean =>
  canonicalJson((a ?? null) as JsonValue) === canonicalJson((b ?? null) as JsonValue);

const livesBeside = (object: LiveObject, store: Store): LiveObject | undefined =>
  store
    .list(object)
    .find(
      (other) =>
        other.metadata.uid !== object.metadata.uid &&
        other.metadata.deletionTimestamp === undefined &&
        identityOf(other) === identityOf(object),
    );

/** A loader's Pod: its DaemonSet makes another one, which is how an attempt is made again. */
const isLoaderPod = (object: LiveObject | undefined): boolean =>
  object?.kind === 'Pod' && object.metadata.labels?.[LABEL.driversTarget] !== undefined;

/** The spec as users have it: of a node's record the driver is the operator's. */
const usersSpec = (object: LiveObject | undefined): unknown => {
  if (object?.kind !== 'WekaNode') return object?.spec;
  const { driver: _driver, ...spec } = object.spec ?? {};
  return spec;
};

/** What was decided before a change of what is wanted may take effect until then: calls take their time. */
const UNDER_WAY_MS = 30_000;

/** Whether something else may be wanted after this change. */
const isWish = ({ type, object, previous }: StoreEvent): boolean => {
  if (object.kind === 'Node')
    return type !== 'MODIFIED' || !same(object.status?.['nodeInfo'], previous?.status?.['nodeInfo']);
  return (
    object.apiVersion.startsWith('weka.') &&
    !isOurs(object) &&
    !(previous !== undefined && same(usersSpec(object), usersSpec(previous)))
  );
};

/** Whether the operator may have acted on a past that it was shown. */
const isMistaken = ({ write, memory }: Step): boolean => (write?.at ?? 0) < memory.pastUntil;

/** A Pod whose work is over, well or not: another one is another attempt. */
const hasEnded = ({ kind, status }: LiveObject): boolean =>
  kind === 'Pod' && (status?.['phase'] === 'Failed' || status?.['phase'] === 'Succeeded');

export const INVARIANTS: readonly Invariant[] = [
  {
    id: 'one-child-an-identity',
    sentence: 'A parent never has two living children of one identity.',
    check: ({ type, object, store }) => {
      if (type !== 'ADDED' || identityOf(object) === undefined) return undefined;
      const other = livesBeside(object, store);
      return other === undefined ? undefined : `${other.metadata.name} is the same child`;
    },
  },
  {
    id: 'one-pod-a-container',
    sentence: 'A container never has two Pods, not even while one is going.',
    check: ({ type, object, store }) => {
      const owner = controllerOf(object);
      if (type !== 'ADDED' || object.kind !== 'Pod' || owner?.kind !== CONTAINER) return undefined;
      const pods = store.list(POD).filter((pod) => controllerOf(pod)?.uid === owner.uid);
      return pods.length > 1 ? `${owner.name} has ${pods.length} Pods` : undefined;
    },
  },
  {
    id: 'children-are-owned',
    sentence: 'A child carries the owner reference of its parent from its first write.',
    check: ({ type, object }) =>
      type === 'ADDED' && object.metadata.labels?.[LABEL.childRole] !== undefined && !isOurs(object)
        ? 'it has no owner'
        : undefined,
  },
  {
    id: 'finalizer-first',
    sentence: 'A Pod is made only for a container that carries the finalizer.',
    check: ({ type, object, store }) => {
      const owner = controllerOf(object);
      if (type !== 'ADDED' || object.kind !== 'Pod' || owner?.kind !== CONTAINER) return undefined;
      const parent = store.getByUid(owner.uid);
      const held = parent === undefined || parent.metadata.finalizers?.includes(FINALIZER) === true;
      return held ? undefined : `${owner.name} has no finalizer`;
    },
  },
  {
    id: 'finalizer-held',
    sentence: 'The finalizer is removed only when no child that must go lives any more.',
    check: ({ object, previous, store, type }) => {
      const had = previous?.metadata.finalizers?.includes(FINALIZER) === true;
      const has = type !== 'DELETED' && object.metadata.finalizers?.includes(FINALIZER) === true;
      if (!had || has) return undefined;
      const left = store.list(POD).find((pod) => controllerOf(pod)?.uid === object.metadata.uid);
      return left === undefined ? undefined : `Pod ${left.metadata.name} is still there`;
    },
  },
  {
    id: 'unrun-kinds-untouched',
    sentence: 'Of a kind that is not run only the status is ever written.',
    check: ({ object, write }) =>
      UNRUN.has(object.kind) && write?.subresource !== 'status' ? `${write?.verb} of the object itself` : undefined,
  },
  {
    id: 'spec-is-the-users',
    sentence: 'The spec of what a user wrote is never written.',
    check: ({ type, object, previous }) =>
      type === 'MODIFIED' &&
      object.apiVersion.startsWith('weka.') &&
      !isOurs(previous) &&
      !same(usersSpec(object), usersSpec(previous))
        ? 'its spec differs'
        : undefined,
  },
  {
    id: 'names-and-uids-kept',
    sentence: 'A child keeps its name, and is never deleted and made again while its parent wants the same.',
    check: (step) => {
      const { type, object, memory } = step;
      const identity = identityOf(object);
      if (type !== 'ADDED' || identity === undefined) return undefined;
      const name = memory.names.get(identity);
      if (name !== undefined && name !== object.metadata.name) return `it was called ${name}`;
      // A shard of the package index is there as long as it has an entry: packages come and go.
      if (isMistaken(step) || object.kind === 'ConfigMap') return undefined;
      return memory.deleted.get(identity) === memory.wishes ? 'the operator itself had deleted it' : undefined;
    },
  },
  {
    id: 'strangers-kept',
    sentence: 'A Pod or Service that belongs to somebody else is neither changed nor deleted.',
    check: ({ object, previous, type }) =>
      type !== 'ADDED' && SHARED_KINDS.has(object.kind) && !isOurs(previous) && !isLoaderPod(previous)
        ? 'it is not ours'
        : undefined,
  },
  {
    id: 'nodes-only-labelled',
    sentence: 'Of a Node nothing but labels is written.',
    check: ({ object, previous, type }) => {
      if (object.kind !== 'Node') return undefined;
      const others = same(object.spec, previous?.spec) && same(object.status, previous?.status);
      return type === 'MODIFIED' && others ? undefined : `${type} with more than labels`;
    },
  },
  {
    id: 'status-of-others-kept',
    sentence: 'What another manager wrote into a status stays as it was.',
    check: ({ object, previous, type, write }) => {
      if (type !== 'MODIFIED' || previous === undefined || write?.subresource !== 'status') return undefined;
      const others = (previous.metadata.managedFields ?? []).filter(
        ({ manager, subresource }) => manager !== FIELD_MANAGER && subresource === 'status',
      );
      const lost = others.find(
        ({ manager }) => !same(extractOwnedStatus(previous, manager), extractOwnedStatus(object, manager)),
      );
      return lost === undefined ? undefined : `${lost.manager} lost a field`;
    },
  },
  {
    id: 'conditions-conform',
    sentence: 'The conditions follow the rules of kstatus at every write.',
    check: ({ object, type, write }) => {
      if (type === 'DELETED' || write?.subresource !== 'status' || object.status?.['conditions'] === undefined)
        return undefined;
      const faults = conditionFaults(object);
      return faults.length === 0 ? undefined : faults.join('; ');
    },
  },
  {
    id: 'no-keys-of-tools',
    sentence: 'A label or annotation by which a GitOps tool knows its own is never on a child.',
    check: ({ object, type }) => {
      if (type === 'DELETED' || !isOurs(object)) return undefined;
      const keys = Object.keys({ ...object.metadata.labels, ...object.metadata.annotations });
      const found = keys.find((key) => isDenied(key) && key !== LABEL.childRole && key !== ANNOTATION.childSlot);
      return found === undefined ? undefined : `${found} is on it`;
    },
  },
  ...DRIVER_INVARIANTS,
];

/** Somebody wants something else from now on; what the operator is doing at the moment still comes, for `forMs`. */
export const rememberWish = (memory: Memory, at: number, forMs = UNDER_WAY_MS): void => {
  memory.wishes += 1;
  memory.pastUntil = Math.max(memory.pastUntil, at + forMs);
};

/** Keeps the memory up to date; to be called after the checks of a change. `byOperator`: who made it. */
export const remember = (step: Step, byOperator: boolean): void => {
  const { type, object, memory } = step;
  rememberDrivers(step, step.write?.at ?? 0, memory.drivers);
  if (isWish(step)) rememberWish(memory, step.write?.at ?? 0);
  const identity = identityOf(object);
  if (identity === undefined) return;
  if (type === 'ADDED') {
    memory.names.set(identity, object.metadata.name);
    memory.deleted.delete(identity);
  }
  if (byOperator && !isMistaken(step) && begins(step)) memory.deleted.set(identity, memory.wishes);
};

/** Whether the deletion of a Pod or another child begins here that had not ended by itself. */
const begins = ({ type, object, previous }: Step): boolean => {
  const goes = type === 'DELETED' || object.metadata.deletionTimestamp !== undefined;
  return goes && previous?.metadata.deletionTimestamp === undefined && !hasEnded(object);
};
