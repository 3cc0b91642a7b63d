/**
 * The API server's verbs, synchronous: whoever calls is answered at once, and whoever watches is told later. Clients
 * of the operator come through client.ts; the simulated controllers and kubelets call it directly.
 */
import { ApiError } from '../../controllers/kube/api-error';
import type { JsonValue } from '../../lib/base/json';
import type { KubeObject, LiveObject, Manifest, ObjectRef, TypeMeta } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import { applyMerge } from '../../synth/merge';
import { refusedNulls, schemaOf, typeFault, undeclaredFields } from './admission';
import type { Core, WriteRequest, WriteVerb } from './core';
import type { Preconditions, Propagation } from './deletion';
import { checkPreconditions, checkStoredUid, markDeleted } from './deletion';
import {
  alreadyExists,
  applyConflict,
  badRequest,
  callOf,
  conflict,
  internal,
  invalid,
  invalidOption,
  invalidPatch,
  methodNotAllowed,
  notFound,
  otherUid,
  staleVersion,
  untypedPatch,
  versionMissing,
} from './failures';
import type { Call } from './failures';
import type { ServedKind } from './kinds';
import { mergePatch } from './merge-patch';
import { setCondition } from '../control-plane/conditions';
import { asApplyFinds } from './ownership';
import { applyPath, applyError } from './typed';
import type { Write } from './writes';
import { createObject, dropObject, storeChange, updateObject } from './writes';

export interface ApplyRequest extends WriteRequest, Preconditions {
  readonly force: boolean;
}

export interface DeleteRequest extends Omit<WriteRequest, 'manager' | 'subresource'>, Preconditions {
  readonly propagation: Propagation;
  readonly gracePeriodSeconds?: number | undefined;
}

export class ApiServer {
  constructor(readonly core: Core) {}

  /** The kind as served; throws KindMissing. */
  kindOf(type: TypeMeta, verb: string): ServedKind {
    const kind = this.core.kinds.find(type);
    if (kind !== undefined) return kind;
    throw kindMissing(type, verb);
  }

  get(ref: ObjectRef): LiveObject | undefined {
    this.kindOf(ref, 'get');
    return this.core.store.get(ref, ref);
  }

  create(manifest: Manifest, request: WriteRequest): LiveObject {
    const write = this.write('create', manifest, request);
    checkFields(manifest, write);
    const { resourceVersion } = manifest.metadata;
    if (resourceVersion !== undefined && request.trusted !== true) {
      throw internal(write.call, 'resourceVersion should not be set on objects to be created');
    }
    const there = this.stored(write);
    if (there !== undefined) throw alreadyExists(write.call, write.kind, there);
    return createObject(manifest, write, this.core);
  }

  replace(manifest: Manifest, request: WriteRequest): LiveObject {
    const write = this.write('replace', manifest, request);
    checkFields(manifest, write);
    const { resourceVersion, uid } = manifest.metadata;
    if (write.kind.createsOnUpdate === true && this.stored(write) === undefined) {
      return createObject(manifest, write, this.core);
    }
    const old = this.mustExist(write);
    const versioned = write.kind.custom || write.kind.versionedUpdates === true;
    if (resourceVersion === undefined && versioned) throw versionMissing(write.call, write.kind, write.ref.name);
    checkStoredUid(old, uid, write.kind, write.call);
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) {
      throw staleVersion(write.call, write.kind, old.metadata.name);
    }
    return updateObject(old, manifest, write, this.core);
  }

  patch(ref: ObjectRef, patch: JsonValue, request: WriteRequest & Preconditions): LiveObject {
    const write = this.write('patch', { ...ref, metadata: { name: ref.name, ...namespaceOf(ref) } }, request);
    const old = this.mustExist(write);
    this.checkSeen(old, request, write);
    const next = mergePatch(old as unknown as JsonValue, patch) as unknown as KubeObject;
    if (request.trusted !== true) checkPatched(next, write);
    return updateObject(old, next, write, this.core);
  }

  apply(manifest: Manifest, request: ApplyRequest): LiveObject {
    const write = this.write('apply', manifest, request);
    if (manifest.metadata.managedFields !== undefined)
      throw badRequest(write.call, 'metadata.managedFields must be nil');
    checkManager(request.manager, write.call);
    const nulls = write.kind.custom ? refusedNulls(manifest, write.kind) : [];
    if (nulls.length > 0) throw invalid(write.call, write.kind, write.ref.name, nulls);
    const wrong = applyError(manifest, schemaOf(write.kind));
    if (wrong !== undefined) throw untypedPatch(write.call, write.ref, wrong);
    const old = this.stored(write);
    this.checkApply(old, request, write);
    const { manager, force, subresource } = request;
    const [schema, time] = [schemaOf(write.kind), this.core.clock.timestamp()];
    const merged = applyMerge({
      live: old === undefined ? undefined : asApplyFinds(old, schema, { time, subresource }),
      manifest: withoutVersion(manifest),
      manager,
      force,
      schema,
      nulls: write.kind.custom,
      time,
      ...(subresource === undefined ? {} : { subresource }),
    });
    if (merged.conflicts.length > 0) throw applyConflict(write.call, merged.conflicts.flatMap(conflictFields));
    if (old === undefined) return createObject(merged.object, { ...write, ownership: merged.managedFields }, this.core);
    const ownership = merged.changed ? merged.managedFields : (old.metadata.managedFields ?? []);
    return updateObject(old, merged.object, { ...write, ownership }, this.core);
  }

  /** Throws NotFound when it isn't there. The result is the object as it is now, or was last. */
  delete(ref: ObjectRef, request: DeleteRequest): LiveObject {
    const manifest = { ...ref, metadata: { name: ref.name, ...namespaceOf(ref) } };
    const write = this.write('delete', manifest, { ...request, manager: request.user });
    const old = this.mustExist(write);
    checkPreconditions(old, request, write.kind, write.call);
    const { propagation, gracePeriodSeconds: grace } = request;
    const marked = markDeleted(old, { propagation, grace }, this.core);
    return dropObject(old, marked, write, this.core);
  }

  /** The scheduler's verb: the one write that may set a Pod's node. */
  bind(pod: ObjectRef, nodeName: string, user: string): LiveObject {
    const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: pod.name, ...namespaceOf(pod) } };
    const write = this.write('bind', manifest, { user, manager: user });
    const old = this.mustExist(write);
    if (old.spec?.nodeName !== undefined || old.metadata.deletionTimestamp !== undefined) {
      throw conflict(
        write.call,
        write.kind,
        pod.name,
        `pod ${pod.name} is already assigned to node or is being deleted`,
      );
    }
    const scheduled = { type: 'PodScheduled', status: 'True' };
    const conditions = setCondition(old.status?.conditions, scheduled, this.core.clock.timestamp());
    const status = { ...old.status, conditions };
    // As in the real server a binding goes to storage past all rules for updates: those forbid it.
    return storeChange(old, { ...old, spec: { ...old.spec, nodeName }, status }, write, this.core);
  }

  private write(verb: WriteVerb, object: KubeObject, request: WriteRequest): Write {
    const { namespace, ...bare } = refOf(object);
    const kind = this.kindOf(bare, verb);
    // The address of a kind without namespaces has none, whatever the object says.
    const ref = kind.namespaced && namespace !== undefined ? { ...bare, namespace } : bare;
    const call = callOf(verb, ref, kind);
    if (kind.namespaced && namespace === undefined) {
      if (verb === 'create') throw methodNotAllowed(call);
      throw badRequest(call, 'an empty namespace may not be set when a resource name is provided');
    }
    if (request.subresource !== undefined && !kind.statusSubresource) throw kindMissing(bare, verb);
    return { verb, kind, call, ref, request };
  }

  private stored(write: Write): LiveObject | undefined {
    return this.core.store.get(write.ref, write.ref);
  }

  private mustExist(write: Write): LiveObject {
    const stored = this.stored(write);
    if (stored === undefined) throw notFound(write.call, write.kind, write.ref.name);
    return stored;
  }

  private checkApply(old: LiveObject | undefined, request: ApplyRequest, write: Write): void {
    if (old !== undefined) return this.checkSeen(old, request, write);
    if (request.subresource !== undefined) throw notFound(write.call, write.kind, write.ref.name);
    if (request.uid === undefined) return;
    const why = `uid mismatch: the provided object specified uid ${request.uid}, and no existing object was found`;
    throw conflict(write.call, write.kind, write.ref.name, why);
  }

  private checkSeen(old: LiveObject, wanted: Preconditions, write: Write): void {
    if (wanted.uid !== undefined && wanted.uid !== old.metadata.uid) {
      throw otherUid(write.call, write.kind, write.ref.name, wanted.uid);
    }
    if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== old.metadata.resourceVersion) {
      throw staleVersion(write.call, write.kind, write.ref.name);
    }
  }
}

const namespaceOf = (ref: ObjectRef): { namespace?: string } =>
  ref.namespace === undefined ? {} : { namespace: ref.namespace };

/** Strict validation: a field that the kind doesn't have is refused, not dropped. */
const checkFields = (document: KubeObject, write: Write): void => {
  if (write.request.trusted === true) return;
  const wrong = typeFault(document, write.kind);
  const unknown = wrong === undefined ? undeclaredFields(document, write.kind) : [];
  const why = wrong ?? (unknown.length > 0 ? strictMessage(unknown) : undefined);
  if (why === undefined) return;
  const version = write.kind.apiVersion.split('/').at(-1);
  throw badRequest(
    write.call,
    `${write.kind.kind} in version "${version}" cannot be handled as a ${write.kind.kind}: ${why}`,
  );
};

/** What a patch made of the object is of its kind, under its name, and has no field that the kind lacks. */
const checkPatched = (next: KubeObject, write: Write): void => {
  const { kind, call, ref } = write;
  const { name, namespace } = next.metadata;
  if (next.kind !== kind.kind) {
    throw invalidPatch(call, next, `converting (v1.${next.kind}) to (core.${kind.kind}): unknown conversion`);
  }
  if (name !== ref.name) {
    throw badRequest(call, `the name of the object (${name}) does not match the name on the URL (${ref.name})`);
  }
  if (namespace !== ref.namespace) {
    throw badRequest(call, 'the namespace of the provided object does not match the namespace sent on the request');
  }
  const unknown = undeclaredFields(next, kind);
  if (unknown.length > 0) throw invalidPatch(call, next, strictMessage(unknown));
};

const checkManager = (manager: string, call: Call): void => {
  const field = 'fieldManager';
  if (manager === '') {
    const message = 'Required value: is required for apply patch';
    throw invalidOption(call, 'PatchOptions', { field, reason: 'FieldValueRequired', message });
  }
  if (manager.length > 128) {
    const message = 'Too long: may not be more than 128 bytes';
    throw invalidOption(call, 'PatchOptions', { field, reason: 'FieldValueTooLong', message });
  }
};

const kindMissing = (type: TypeMeta, verb: string): ApiError => {
  const message = `the server does not know ${type.kind} of ${type.apiVersion}`;
  return new ApiError(
    'KindMissing',
    { kind: type.kind, apiVersion: type.apiVersion, verb },
    { status: 404, reason: 'NotFound', message },
  );
};

const strictMessage = (fields: readonly string[]): string =>
  `strict decoding error: ${[...fields]
    .sort()
    .map((field) => `unknown field "${field}"`)
    .join(', ')}`;

const withoutVersion = (manifest: Manifest): Manifest => {
  const { resourceVersion: _version, uid: _uid, ...metadata } = manifest.metadata;
  return { ...manifest, metadata };
};

const conflictFields = (conflict: ReturnType<typeof applyMerge>['conflicts'][number]) =>
  conflict.fields.map((path) => ({
    manager: conflict.manager,
    field: applyPath(path),
    using: `${conflict.subresource === undefined ? '' : ` with subresource "${conflict.subresource}"`}${conflict.operation === 'Update' ? ` using ${conflict.apiVersion}` : ''}`,
  }));
