import type { Condition } from '../../lib/base/conditions';
import { conditionsOf } from '../../lib/base/conditions';
import type { KubeObject, LiveObject } from '../../lib/base/kube-object';
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
  const text = stateOf(object);
  return old !== undefined && text !== '' && text !== stateOf(old) ? { at, what: 'is', object: name, text } : undefined;
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
