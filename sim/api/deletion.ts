/** How objects go: preconditions, grace, finalizers, propagation. */
import type { KubeObject, LiveObject, ObjectMeta } from '../../lib/base/kube-object';
import type { Core } from './core';
import type { Call } from './failures';
import { conflict, preconditionFailed } from './failures';
import { groupOf } from '../../lib/base/kube-object';
import type { ServedKind } from './kinds';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export interface Preconditions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** Throws Conflict unless `stored` is the object that the caller looked at. */
export const checkPreconditions = (stored: LiveObject, wanted: Preconditions, kind: ServedKind, call: Call): void => {
  const { name, uid, resourceVersion } = stored.metadata;
  if (wanted.uid !== undefined && wanted.uid !== uid) {
    const why = `the UID in the precondition (${wanted.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw preconditionFailed(call, kind, name, why);
  }
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${wanted.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw preconditionFailed(call, kind, name, why);
  }
};

/** Throws Conflict unless an update is meant for `stored`: storage says so, in its own words. */
export const checkStoredUid = (stored: LiveObject, wanted: string | undefined, kind: ServedKind, call: Call): void => {
  const { name, namespace, uid } = stored.metadata;
  if (wanted === undefined || wanted === uid) return;
  const place = `${kind.custom ? `${groupOf(kind.apiVersion)}/` : ''}${kind.plural}`;
  const key = `/registry/${place}/${namespace === undefined ? '' : `${namespace}/`}${name}`;
  const failed = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${uid}`;
  const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${failed}`;
  throw conflict(call, kind, name, why);
};

/** Whether nothing holds an object that is being deleted any more. */
export const mayGo = (object: KubeObject): boolean =>
  object.metadata.deletionTimestamp !== undefined &&
  (object.metadata.finalizers ?? []).length === 0 &&
  (object.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
  (object.kind !== 'Namespace' || (object.spec?.finalizers as readonly string[] | undefined)?.length === 0);

/** Seconds that a Pod may take to stop; 0 where nothing runs. */
const graceOf = (object: LiveObject, asked: number | undefined): number => {
  if (object.kind !== 'Pod' || object.apiVersion !== 'v1') return 0;
  const phase = object.status?.phase;
  const runs = typeof object.spec?.nodeName === 'string' && phase !== 'Succeeded' && phase !== 'Failed';
  const own = object.spec?.terminationGracePeriodSeconds;
  return runs ? (asked ?? (typeof own === 'number' ? own : 30)) : 0;
};

const guards = (metadata: ObjectMeta, propagation: Propagation): string[] => {
  const kept = (metadata.finalizers ?? []).filter((each) => each !== FOREGROUND && each !== ORPHAN);
  if (propagation === 'Foreground') return [...kept, FOREGROUND];
  return propagation === 'Orphan' ? [...kept, ORPHAN] : kept;
};

/** `object` marked as being deleted; the very object when it already is so. */
export const markDeleted = (
  object: LiveObject,
  options: { readonly propagation: Propagation; readonly grace?: number | undefined },
  core: Core,
): LiveObject => {
  const grace = graceOf(object, options.grace);
  const before = object.metadata.deletionGracePeriodSeconds;
  if (object.metadata.deletionTimestamp !== undefined && before !== undefined && grace >= before) return object;
  const finalizers = guards(object.metadata, options.propagation);
  const at = new Date(core.clock.now() + grace * 1000).toISOString();
  const metadata: LiveObject['metadata'] = {
    ...object.metadata,
    deletionTimestamp: `${at.slice(0, 19)}Z`,
    deletionGracePeriodSeconds: grace,
    ...(object.metadata.generation === undefined ? {} : { generation: object.metadata.generation + 1 }),
  };
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
  const status = object.kind === 'Namespace' ? { status: { ...object.status, phase: 'Terminating' } } : {};
  return { ...object, ...status, metadata };
};
