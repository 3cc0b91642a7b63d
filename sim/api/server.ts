/**
 * The API server's verbs, synchronous: whoever calls is answered at once, and whoever watches is told later. Clients
 * of the operator come through client.ts; the simulated controllers and kubelets call it directly.
 */
import { ApiError } from '../../controllers/kube/api-error';
import type { JsonValue } from '../../lib/base/json';
import type { KubeObject, LiveObject, Manifest, ObjectRef, TypeMeta } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import { pathString } from '../../synth/fields';
import { applyMerge } from '../../synth/merge';
import { schemaOf, undeclaredFields } from './admission';
import type { Core, WriteRequest, WriteVerb } from './core';
import type { Preconditions, Propagation } from './deletion';
import { checkPreconditions, markDeleted } from './deletion';
import {
  alreadyExists,
  applyConflict,
  badRequest,
  callOf,
  conflict,
  methodNotAllowed,
  notFound,
  staleVersion,
  undeclaredField,
} from './failures';
import type { ServedKind } from './kinds';
import { mergePatch } from './merge-patch';
import type { Write } from './writes';
import { createObject, dropObject, updateObject } from './writes';

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
    const { apiVersion } = type;
    const message = 'the server could not find the requested resource';
    throw new ApiError(
      'KindMissing',
      { kind: type.kind, apiVersion, verb },
      { status: 404, reason: 'NotFound', message },
    );
  }

  get(ref: ObjectRef): LiveObject | undefined {
    this.kindOf(ref, 'get');
    return this.core.store.get(ref, ref);
  }

  create(manifest: Manifest, request: WriteRequest): LiveObject {
    const write = this.write('create', manifest, request);
    checkFields(manifest, write);
    const { name } = manifest.metadata;
    if (this.stored(write) !== undefined) throw alreadyExists(write.call, write.kind, name);
    return createObject(manifest, write, this.core);
  }

  replace(manifest: Manifest, request: WriteRequest): LiveObject {
    const write = this.write('replace', manifest, request);
    checkFields(manifest, write);
    const old = this.mustExist(write);
    const { resourceVersion, uid } = manifest.metadata;
    if (resourceVersion === undefined && write.kind.custom) {
      throw badRequest(write.call, 'metadata.resourceVersion: Invalid value: 0x0: must be specified for an update');
    }
    checkPreconditions(old, { uid }, write.kind, write.call);
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) {
      throw staleVersion(write.call, write.kind, old.metadata.name);
    }
    return updateObject(old, manifest, write, this.core);
  }

  patch(ref: ObjectRef, patch: JsonValue, request: WriteRequest & Preconditions): LiveObject {
    const write = this.write('patch', { ...ref, metadata: { name: ref.name, ...namespaceOf(ref) } }, request);
    const old = this.mustExist(write);
    this.checkSeen(old, request, write);
    checkFields(patch as unknown as KubeObject, write);
    const next = mergePatch(old as unknown as JsonValue, patch) as unknown as KubeObject;
    return updateObject(old, next, write, this.core);
  }

  apply(manifest: Manifest, request: ApplyRequest): LiveObject {
    const write = this.write('apply', manifest, request);
    if (manifest.metadata.managedFields !== undefined)
      throw badRequest(write.call, 'metadata.managedFields must be nil');
    const [unknown] = undeclaredFields(manifest, write.kind);
    if (unknown !== undefined) throw undeclaredField(write.call, write.ref, unknown);
    const old = this.stored(write);
    this.checkApply(old, request, write);
    const { manager, force, subresource } = request;
    const merged = applyMerge({
      live: old,
      manifest: withoutVersion(manifest),
      manager,
      force,
      schema: schemaOf(write.kind),
      time: this.core.clock.timestamp(),
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
    const write: Write = { ...this.write('bind', manifest, { user, manager: user }), bypassImmutability: true };
    const old = this.mustExist(write);
    if (old.spec?.nodeName !== undefined || old.metadata.deletionTimestamp !== undefined) {
      throw conflict(
        write.call,
        write.kind,
        pod.name,
        `pod ${pod.name} is already assigned to node or is being deleted`,
      );
    }
    return updateObject(old, { ...old, spec: { ...old.spec, nodeName } }, write, this.core);
  }

  private write(verb: WriteVerb, object: KubeObject, request: WriteRequest): Write {
    const ref = refOf(object);
    const kind = this.kindOf(ref, verb);
    const call = callOf(verb, ref);
    if (kind.namespaced !== (ref.namespace !== undefined)) {
      throw badRequest(
        call,
        kind.namespaced
          ? 'an empty namespace may not be set when a resource name is provided'
          : 'namespace may not be set on a cluster-scoped object',
      );
    }
    if (request.subresource !== undefined && !kind.statusSubresource) throw methodNotAllowed(call);
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
    if (request.uid === undefined && request.resourceVersion === undefined) return;
    const why = `uid mismatch: the provided object specified uid ${request.uid}, and no existing object was found`;
    throw conflict(write.call, write.kind, write.ref.name, why);
  }

  private checkSeen(old: LiveObject, wanted: Preconditions, write: Write): void {
    checkPreconditions(old, { uid: wanted.uid }, write.kind, write.call);
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
  const unknown = undeclaredFields(document, write.kind);
  if (unknown.length > 0) throw badRequest(write.call, strictMessage(unknown));
};

const strictMessage = (fields: readonly string[]): string =>
  `strict decoding error: ${fields.map((field) => `unknown field "${field}"`).join(', ')}`;

const withoutVersion = (manifest: Manifest): Manifest => {
  const { resourceVersion: _version, uid: _uid, ...metadata } = manifest.metadata;
  return { ...manifest, metadata };
};

const conflictFields = (conflict: ReturnType<typeof applyMerge>['conflicts'][number]) =>
  conflict.fields.map((path) => ({
    manager: conflict.manager,
    field: `.${pathString(path)}`,
    using: conflict.operation === 'Update' ? ' using update' : '',
  }));
