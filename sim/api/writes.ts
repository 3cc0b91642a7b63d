/** The tail of every write: server fields, defaults, admission, ownership, validation, storage. */
import type { KubeObject, LiveObject, ManagedFieldsEntry, ObjectMeta, ObjectRef } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import { sameJson } from '../../synth/json-equal';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import { randomSuffix, randomUid } from '../random';
import { textOf } from '../text';
import { admitted, defaulted, knowsPriority, schemaOf, storageCauses } from './admission';
import { withoutEmpty, withoutEmptyMetadata } from './builtin/omit-empty';
import { allocateMissing, keepAllocation } from './builtin/service-allocation';
import { templateGeneration } from './builtin/template-generation';
import type { Core, WriteRequest, WriteVerb } from './core';
import { mayGo } from './deletion';
import type { Call } from './failures';
import { forbidden, invalid, notFound, terminating } from './failures';
import type { ServedKind } from './kinds';
import { carryMetadata, deletionTimeCauses } from './metadata';
import { resets, updateOwnership } from './ownership';

export interface Write {
  readonly verb: WriteVerb;
  readonly kind: ServedKind;
  readonly call: Call;
  readonly ref: ObjectRef;
  readonly request: WriteRequest;
  /** managedFields as a server-side apply left them. Absent: worked out from what changed. */
  readonly ownership?: readonly ManagedFieldsEntry[];
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
  throw terminating(write.call, write.kind, write.ref);
};

/** The server cuts a prefix that leaves no room for the rest. */
const generatedName = (prefix: string, core: Core): string => `${prefix.slice(0, 58)}${randomSuffix(core.random)}`;

const newMetadata = (given: ObjectMeta, kind: ServedKind, core: Core): LiveObject['metadata'] => {
  const {
    managedFields: _,
    deletionTimestamp: _at,
    deletionGracePeriodSeconds: _grace,
    generation: _g,
    ...wanted
  } = given;
  const unnamed = wanted.name === undefined || wanted.name === '';
  const name =
    unnamed && given.generateName !== undefined ? generatedName(given.generateName, core) : (wanted.name ?? '');
  if (!kind.namespaced) delete wanted.namespace;
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
  const complete = compact(templateGeneration(defaulted(named, kind), undefined), write);
  const managedFields = write.ownership ?? updateOwnership(undefined, complete, schemaOf(kind), writerOf(write, core));
  if (complete.kind === 'Pod' && !knowsPriority(complete, core)) {
    const why = `no PriorityClass with name ${textOf(complete.spec?.priorityClassName)} was found`;
    throw forbidden(call, kind, refOf(complete), why);
  }
  const next = admitted(complete, core) as LiveObject;
  const causes = storageCauses(next, undefined, kind);
  if (causes.length > 0) throw invalid(call, kind, next.metadata.name, causes);
  const object = { ...next, metadata: { ...next.metadata, managedFields: [...managedFields] } };
  if (request.dryRun === true) return object;
  note({ ...write, ref: refOf(object) }, core, true);
  return core.store.put(object);
};

/** Without what the server leaves out when it stores. */
const compact = (object: LiveObject, { kind, request }: Write): LiveObject =>
  // The namespace controller empties a list of finalizers, and that list is what decides.
  kind.custom || request.trusted === true || kind.kind === 'Namespace'
    ? withoutEmptyMetadata(object)
    : withoutEmpty(object, schemaOf(kind));

const writerOf = (write: Write, core: Core) => ({
  manager: write.request.manager,
  time: core.clock.timestamp(),
  subresource: write.request.subresource,
});

/** The status of an object that says none: of a Service a structure. */
const emptyStatus = ({ kind, custom }: ServedKind): JsonObject | undefined =>
  kind === 'Service' && !custom ? { loadBalancer: {} } : undefined;

/** Whether labels, annotations and finalizers are the same: a status that says nothing of them keeps the very metadata. */
const sameLabels = ({ metadata }: KubeObject, old: LiveObject): boolean =>
  sameJson(metadata.labels, old.metadata.labels) &&
  sameJson(metadata.annotations, old.metadata.annotations) &&
  sameJson(metadata.finalizers, old.metadata.finalizers);

/** The part of `proposed` that this endpoint takes, over `old`. */
const endpointPart = (old: LiveObject, proposed: KubeObject, write: Write): LiveObject => {
  const { status: oldStatus, ...oldMain } = old;
  if (write.request.subresource === 'status') {
    // Built-in kinds take labels and annotations here too.
    if (!write.kind.custom && !sameLabels(proposed, old))
      oldMain.metadata = carryMetadata(proposed.metadata, old.metadata);
    const status = proposed.status ?? emptyStatus(write.kind);
    return { ...oldMain, ...(status === undefined ? {} : { status }) };
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

/** What is written, with the server's defaults and without what it leaves out. */
const completed = (part: LiveObject, old: LiveObject, write: Write): LiveObject => {
  const applied = write.verb === 'apply';
  if (write.request.subresource !== 'status')
    return compact(templateGeneration(defaulted(part, write.kind, applied), old), write);
  // Beside its status the very parts of `old`: whoever compares by identity sees that nothing else has changed.
  const { spec: _, ...bare } = part;
  const { status: _status, ...main } = part;
  const { status } = compact(defaulted(bare as LiveObject, write.kind, applied), write);
  return status === undefined ? main : { ...main, status };
};

/** Stores a change of `old`; nothing when it isn't one. */
export const updateObject = (old: LiveObject, proposed: KubeObject, write: Write, core: Core): LiveObject => {
  const { kind, call } = write;
  const next = completed(endpointPart(old, proposed, write), old, write);
  const causes = [...storageCauses(next, old, kind), ...deletionTimeCauses(proposed.metadata, old.metadata)];
  if (causes.length > 0) throw invalid(call, kind, old.metadata.name, causes);
  const same = sameJson(content(old), content(next));
  const ownershipMoved =
    resets(proposed) || (write.ownership !== undefined && write.ownership !== old.metadata.managedFields);
  return same && !ownershipMoved ? unchanged(old, write, core) : storeChange(old, next, write, core);
};

/** Stores `next` in place of `old` under its new owners and generation. Nothing is judged any more. */
export const storeChange = (old: LiveObject, next: LiveObject, write: Write, core: Core): LiveObject => {
  const { kind, request } = write;
  const managedFields = write.ownership ?? updateOwnership(old, next, schemaOf(kind), writerOf(write, core));
  const stored = allocated(next, core);
  const { generation } = old.metadata;
  const bumped = generation !== undefined && request.subresource === undefined && !sameJson(intent(old), intent(next));
  const metadata = {
    ...stored.metadata,
    managedFields: [...managedFields],
    ...(bumped ? { generation: generation + 1 } : {}),
  };
  return dropObject(old, { ...stored, metadata }, write, core);
};

/** A change may need what only the cluster can give: node ports. */
const allocated = (next: LiveObject, core: Core): LiveObject => {
  if (next.kind !== 'Service' || next.apiVersion !== 'v1' || next.spec === undefined) return next;
  const spec = allocateMissing(next.spec, core);
  return spec === next.spec ? next : { ...next, spec };
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
