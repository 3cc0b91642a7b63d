import type { Condition } from '../../lib/base/conditions';
import { conditionsOf, findCondition } from '../../lib/base/conditions';
import type { KubeObject, LiveObject } from '../../lib/base/kube-object';
import type { AgentAct } from '../../sim/drivers/acts';
import { DRIVERS_READY } from '../../lib/nodes/weka-node';
import type { World } from './world';
import { refOf, refString } from '../../lib/base/kube-object';

/** One thing that happened, at a virtual time. */
export interface Happening {
  /** Milliseconds since the scenario began. */
  readonly at: number;
  /** `made`, `gone`, `is`: what kind of line it is, for colour. */
  readonly what: 'made' | 'gone' | 'is';
  /** `Kind/namespace/name`. */
  readonly object: string;
  /** What a person would say of it; empty for `made` and `gone` without more to say. */
  readonly text: string;
}

/** A change as the store tells it. */
export interface StoreChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: LiveObject;
  /** The state before; `undefined` for what was just made. */
  readonly old: LiveObject | undefined;
}

/** Tells everything that is worth saying, from now on. */
export const tellStory = ({ cluster, agents }: World, say: (what: Happening) => void): void => {
  const { clock, server } = cluster;
  const start = clock.now();
  const sayIf = (what: Happening | undefined): void => {
    if (what !== undefined) say(what);
  };
  server.core.store.subscribe(({ type, object, previous }) =>
    sayIf(happening({ type, object, old: previous }, clock.now() - start)),
  );
  agents.onAct((act) => sayIf(told(act, clock.now() - start)));
};

/** Kinds whose comings and goings are nobody's news. */
const QUIET_KINDS: ReadonlySet<string> = new Set([
  'Lease',
  'Event',
  'CustomResourceDefinition',
  'Namespace',
  'Endpoints',
  'ControllerRevision',
  'ServiceAccount',
]);

/** What a change is worth saying, if anything. Pure. */
export const happening = (change: StoreChange, at: number): Happening | undefined => {
  const { type, object, old } = change;
  if (QUIET_KINDS.has(object.kind)) return undefined;
  const name = refString(refOf(object));
  if (type === 'ADDED') return { at, what: 'made', object: name, text: made(object) };
  if (type === 'DELETED') return { at, what: 'gone', object: name, text: '' };
  const before = old === undefined ? [] : [stateOf(old), ...driversOf(old)];
  const news = [stateOf(object), ...driversOf(object)].filter((text) => text !== '' && !before.includes(text));
  return old === undefined || news.length === 0 ? undefined : { at, what: 'is', object: name, text: news.join(' ') };
};

/** What an act of an agent is worth saying. Pure. */
export const told = (act: AgentAct, at: number): Happening | undefined => {
  const text = wordsFor(act);
  if (text === undefined) return undefined;
  const object = 'node' in act ? `Node/${act.node}` : `Pod/${act.pod}`;
  return { at, what: 'is', object, text };
};

/** Enough of a digest to tell it from others. */
const short = (sha256: string): string => sha256.slice(0, 12);

const wordsFor = (act: AgentAct): string | undefined => {
  switch (act.what) {
    case 'built':
      return `has built ${act.id} (${short(act.sha256)})`;
    case 'stored':
      return `serves ${act.id} (${short(act.sha256)}), ${act.by === 'upload' ? 'uploaded by its builder' : 'mirrored'}`;
    case 'quarantined':
      return `finds ${act.id} damaged and serves it no longer`;
    case 'opens':
      return `opens ${act.id} (${short(act.sha256)}, as the index has it) from ${act.from === 'dist' ? 'its service' : 'its own cache'}`;
    case 'unloads':
      return 'unloads the driver that it has';
    case 'loads':
      return `has the driver loaded (simulated): ${act.id}`;
    case 'fails':
      return `does not load a driver: ${act.code}`;
    default:
      return undefined;
  }
};

/** Who made it: its controller, where it has one. */
const made = (object: KubeObject): string => {
  const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner === undefined ? '' : `by ${owner.kind}/${owner.name}`;
};

/** The state of an object in a few words: where it runs, its phase, and why it isn't ready. */
export const stateOf = (object: KubeObject): string => {
  if (object.kind === 'Pod') return podState(object);
  const ready = conditionsOf(object).find(({ type }) => type === 'Ready');
  if (object.kind === 'Node') return ready?.status === 'True' ? 'Ready' : `not ready: ${ready?.message ?? 'unknown'}`;
  const status = object.status?.['status'];
  const phase = typeof status === 'string' ? status : '';
  return [phase, ready === undefined ? '' : wordsOf(ready, phase)].filter((part) => part !== '').join(': ');
};

/** How the drivers of a cluster's or a client's nodes stand. A node's own driver is what it is ready with. */
const driversOf = (object: KubeObject): readonly string[] => {
  const drivers = object.kind === 'WekaNode' ? undefined : findCondition(conditionsOf(object), DRIVERS_READY);
  return drivers === undefined ? [] : [`Drivers: ${wordsOf(drivers, '')}`];
};

/** Why it is ready or not; a reason that only repeats the phase is left out. */
const wordsOf = ({ status, reason, message }: Condition, phase: string): string =>
  status === 'True' || reason === phase ? message : `${reason}: ${message}`;

const podState = (pod: KubeObject): string => {
  const node = pod.spec?.['nodeName'];
  const phase = pod.status?.['phase'];
  const ready = conditionsOf(pod).some(({ type, status }) => type === 'Ready' && status === 'True');
  const where = typeof node === 'string' ? ` on ${node}` : '';
  return `${typeof phase === 'string' ? phase : 'Pending'}${ready ? ' and ready' : ''}${where}`;
};
