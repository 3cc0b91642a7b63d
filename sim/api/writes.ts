/** The tail of every write: server fields, defaults, admission, ownership, validation, storage. */
import type { KubeObject, LiveObject, ManagedFieldsEntry, ObjectMeta, ObjectRef } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import { sameJson } from '../../synth/json-equal';
import type { JsonValue } from '../../lib/base/json';
import { randomSuffix, randomUid } from '../random';
import { admitted, defaulted, schemaOf, storageCauses } from './admission';
import { keepAllocation } from './builtin/service-allocation';
import { templateGeneration } from './builtin/template-generation';
import type { Core, WriteRequest, WriteVerb } from './core';
import { mayGo } from './deletion';
import type { Call } from './failures';
import { forbidden, invalid, notFound } from './failures';
import type { ServedKind } from './kinds';
import { carryMetadata } from './metadata';
import { updateOwnership } from './ownership';

export interface Write {
  readonly verb: WriteVerb;
  readonly kind: ServedKind;
  readonly call: Call;
  readonly ref: ObjectRef;
  readonly request: WriteRequest;
  /** managedFields as a server-side apply left them. Absent: worked out from what changed. */
  readonly ownership?: readonly ManagedFieldsEntry[];
  readonly bypassImmutability?: boolean;
}

const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' };

/** Throws unless the namespace takes new objects. */
const checkNamespace = (write: Write, core: Core): void => {
  const { namespace } = write.ref;
  if (namespace === undefined) return;
  const found = core.store.get(NAMESPACE, { name: namespace });
  const kind = core.kinds.find(NAMESPACE) as ServedKind;
  if (found === undefined) throw notFound(write.call, kind, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw forbidden(write.call, write.kind, write.ref, why);
};

const newMetadata = (given: ObjectMeta, kind: ServedKind, core: Core): LiveObject['metadata'] => {
  const {
    managedFields: _,
    deletionTimestamp: _at,
    deletionGracePeriodSeconds: _grace,
    generation: _g,
    ...wanted
  } = given;
  const name =
    wanted.name === undefined || wanted.name === ''
      ? `${given.generateName ?? ''}${randomSuffix(core.random)}`
      : wanted.name;
  return {
    ...wanted,
    name,
    uid: randomUid(core.random),
    resourceVersion: '0',
    creationTimestamp: core.clock.timestamp(),
    ...(kind.generation || kind.custom ? { generation: 1 } : {}),
  };
};

/** Stores a new object. */
export const createObject = (given: KubeObject, write: Write, core: Core): LiveObject => {
  const { kind, request, call } = write;
  checkNamespace(write, core);
  const { status, ...main } = given;
  const keepsStatus = !kind.statusSubresource || kind.kind === 'Node';
  const named: LiveObject = {
    ...main,
    ...(keepsStatus && status !== undefined ? { status } : {}),
    metadata: newMetadata(given.metadata, kind, core),
  };
  const complete = templateGeneration(defaulted(named, kind), undefined);
  const managedFields = write.ownership ?? updateOwnership(undefined, complete, schemaOf(kind), writerOf(write, core));
  const next = admitted(complete, core) as LiveObject;
  const causes = storageCauses(next, undefined, kind);
  if (causes.length > 0) throw invalid(call, kind, next.metadata.name, causes);
  const object = { ...next, metadata: { ...next.metadata, managedFields: [...managedFields] } };
  if (request.dryRun === true) return object;
  note({ ...write, ref: refOf(object) }, core, true);
  return core.store.put(object);
};

const writerOf = (write: Write, core: Core) => ({
  manager: write.request.manager,
  time: core.clock.timestamp(),
  subresource: write.request.subresource,
});

/** The part of `proposed` that this endpoint takes, over `old`. */
const endpointPart = (old: LiveObject, proposed: KubeObject, write: Write): LiveObject => {
  const { status: oldStatus, ...oldMain } = old;
  if (write.request.subresource === 'status') {
    return { ...oldMain, ...(proposed.status === undefined ? {} : { status: proposed.status }) };
  }
  const { status, ...main } = proposed;
  const kept = write.kind.statusSubresource ? oldStatus : status;
  const spec = write.kind.kind === 'Service' ? { spec: keepAllocation(proposed.spec ?? {}, old.spec ?? {}) } : {};
  const metadata = carryMetadata(proposed.metadata, old.metadata);
  return { ...main, ...spec, ...(kept === undefined ? {} : { status: kept }), metadata };
};

/** Everything but who owns it and under which version it is stored. */
const content = (object: LiveObject): JsonValue => {
  const { managedFields: _, resourceVersion: _version, ...metadata } = object.metadata;
  return { ...object, metadata } as unknown as JsonValue;
};

/** Fields that count as intent: a change of them is a new generation. */
const intent = (object: LiveObject): JsonValue => {
  const { metadata: _, status: _status, ...rest } = object;
  return rest as unknown as JsonValue;
};

/** Stores a change of `old`; nothing when it isn't one. */
export const updateObject = (old: LiveObject, proposed: KubeObject, write: Write, core: Core): LiveObject => {
  const { kind, request, call } = write;
  const next = templateGeneration(defaulted(endpointPart(old, proposed, write), kind), old);
  const causes = storageCauses(next, old, kind, write);
  if (causes.length > 0) throw invalid(call, kind, old.metadata.name, causes);
  const same = sameJson(content(old), content(next));
  const ownershipMoved = write.ownership !== undefined && write.ownership !== old.metadata.managedFields;
  if (same && !ownershipMoved) return unchanged(old, write, core);
  const managedFields = write.ownership ?? updateOwnership(old, next, schemaOf(kind), writerOf(write, core));
  const { generation } = old.metadata;
  const bumped = generation !== undefined && request.subresource === undefined && !sameJson(intent(old), intent(next));
  const metadata = {
    ...next.metadata,
    managedFields: [...managedFields],
    ...(bumped ? { generation: generation + 1 } : {}),
  };
  return dropObject(old, { ...next, metadata }, write, core);
};

const unchanged = (old: LiveObject, write: Write, core: Core): LiveObject => {
  if (write.request.dryRun !== true) note(write, core, false);
  return old;
};

/** Stores `next`, or removes the object when it is being deleted and nothing holds it any more. */
export const dropObject = (old: LiveObject, next: LiveObject, write: Write, core: Core): LiveObject => {
  if (write.request.dryRun === true) return next;
  const gone = mayGo(next);
  if (next === old && !gone) return unchanged(old, write, core);
  note(write, core, true);
  return gone ? core.store.remove(next) : core.store.put(next);
};

const note = (write: Write, core: Core, changed: boolean): void => {
  const { verb, ref, request } = write;
  const { subresource } = request;
  core.record({
    at: core.clock.now(),
    user: request.user,
    verb,
    ref,
    changed,
    ...(subresource === undefined ? {} : { subresource }),
  });
};
