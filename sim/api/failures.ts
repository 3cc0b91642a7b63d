/** The refusals of the API server, word for word where clients read them. */
import type { ApiError, StatusCause, StatusReason } from '../../controllers/kube/api-error';
import { apiError } from '../../controllers/kube/api-error';
import { groupOf } from '../../lib/base/kube-object';
import type { KubeObject, LiveObject, ObjectKey, ObjectRef, TypeMeta } from '../../lib/base/kube-object';
import { refString } from '../../lib/base/kube-object';
import type { ServedKind } from './kinds';
import { resourceName } from './kinds';

/** What was asked: goes into the message of the error. */
export interface Call {
  readonly verb: string;
  readonly object: string;
  /** `pods`, `wekapolicies.weka.weka.io`. */
  readonly resource?: string;
  readonly namespace?: string;
}

export const callOf = (verb: string, ref: ObjectRef, kind: ServedKind): Call => ({
  verb,
  object: refString(ref),
  resource: resourceName(kind),
  ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
});

const failure = (call: Call, status: number, reason: StatusReason | undefined, message: string): ApiError =>
  apiError({ status, reason, message }, call);

export const notFound = (call: Call, kind: ServedKind, name: string): ApiError =>
  failure(call, 404, 'NotFound', `${resourceName(kind)} "${name}" not found`);

/** The whole resource type is not served. */
export const kindNotServed = (call: Call): ApiError =>
  failure(call, 404, 'NotFound', 'the server could not find the requested resource');

export const alreadyExists = (call: Call, kind: ServedKind, stored: LiveObject): ApiError => {
  const { name, deletionTimestamp } = stored.metadata;
  const going = deletionTimestamp === undefined ? '' : 'object is being deleted: ';
  return failure(call, 409, 'AlreadyExists', `${going}${resourceName(kind)} "${name}" already exists`);
};

export const conflict = (call: Call, kind: ServedKind, name: string, why: string): ApiError =>
  failure(call, 409, 'Conflict', `Operation cannot be fulfilled on ${resourceName(kind)} "${name}": ${why}`);

/** A deletion that was meant for something else. */
export const preconditionFailed = (call: Call, kind: ServedKind, name: string, why: string): ApiError =>
  failure(call, 409, 'Conflict', `Operation cannot be fulfilled on ${titleOf(kind)} "${name}": ${why}`);

export const staleVersion = (call: Call, kind: ServedKind, name: string): ApiError =>
  conflict(
    call,
    kind,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );

export const badRequest = (call: Call, message: string): ApiError => failure(call, 400, 'BadRequest', message);

export const forbidden = (call: Call, kind: ServedKind, key: ObjectKey, why: string): ApiError =>
  failure(call, 403, 'Forbidden', `${resourceName(kind)} "${key.name}" is forbidden: ${why}`);

export const methodNotAllowed = (call: Call): ApiError =>
  failure(call, 405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');

export const expired = (call: Call, asked: string, oldest: number): ApiError =>
  failure(call, 410, 'Expired', `too old resource version: ${asked} (${oldest})`);

export const expiredContinue = (call: Call): ApiError =>
  failure(
    call,
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
  );

/** Nothing new is taken by a namespace that is being deleted. */
export const terminating = (call: Call, kind: ServedKind, ref: ObjectRef): ApiError => {
  const { name, namespace = '' } = ref;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const cause = {
    field: 'metadata.namespace',
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
  };
  const message = `${resourceName(kind)} "${name}" is forbidden: ${why}`;
  return apiError({ status: 403, reason: 'Forbidden', message, causes: [cause] }, call);
};

/** Another bearer of the name: as the client tells it, which asked for a certain one. */
export const otherUid = (call: Call, kind: TypeMeta, name: string, asked: string): ApiError => {
  const why = `Invalid value: ${JSON.stringify(asked)}: field is immutable`;
  const causes = [{ field: 'metadata.uid', reason: 'FieldValueInvalid', message: why }];
  const message = `${titleOf(kind)} "${name}" is invalid: metadata.uid: ${why}`;
  return apiError({ status: 409, reason: 'Conflict', message, causes }, call);
};

/** An update that must say which version it changes. */
export const versionMissing = (call: Call, kind: ServedKind, name: string): ApiError => {
  const why = 'Invalid value: 0: must be specified for an update';
  const causes = [{ field: 'metadata.resourceVersion', reason: 'FieldValueInvalid', message: why }];
  const message = `${resourceName(kind)} "${name}" is invalid: metadata.resourceVersion: ${why}`;
  return apiError({ status: 422, reason: 'Invalid', message, causes }, call);
};

/** The options of a call are wrong. */
export const invalidOption = (call: Call, options: string, cause: StatusCause): ApiError => {
  const message = `${options}.meta.k8s.io "" is invalid: ${cause.field}: ${cause.message}`;
  return apiError({ status: 422, reason: 'Invalid', message, causes: [cause] }, call);
};

/** A patch that makes something of the object that is none of its kind. */
export const invalidPatch = (call: Call, result: KubeObject, why: string): ApiError => {
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(result))}: ${why}`;
  const causes = [{ field: 'patch', reason: 'FieldValueInvalid', message }];
  return apiError({ status: 422, reason: 'Invalid', message: ` "" is invalid: patch: ${message}`, causes }, call);
};

/** A failure that the server has no reason for. */
export const internal = (call: Call, message: string): ApiError => failure(call, 500, undefined, message);

/** A schema mismatch of an applied document: the server answers it as an error of its own, without a reason. */
export const untypedPatch = (call: Call, ref: ObjectRef, why: string): ApiError => {
  const type = `${ref.apiVersion.includes('/') ? '' : '/'}${ref.apiVersion}, Kind=${ref.kind}`;
  const key = `${ref.namespace ?? ''}/${ref.name}`;
  const message = `failed to create typed patch object (${key}; ${type}): ${why}`;
  return failure(call, 500, undefined, message);
};

/** `Kind.group`, or `Kind` in the core group. */
export const titleOf = (kind: TypeMeta): string => {
  const group = groupOf(kind.apiVersion);
  return group === '' ? kind.kind : `${kind.kind}.${group}`;
};

/** 422 with one cause a field. */
export const invalid = (call: Call, kind: TypeMeta, name: string, causes: readonly StatusCause[]): ApiError => {
  const title = titleOf(kind);
  const each = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))];
  const text = each.length === 1 ? each[0] : `[${each.join(', ')}]`;
  return apiError({ status: 422, reason: 'Invalid', message: `${title} "${name}" is invalid: ${text}`, causes }, call);
};

/** Server-side apply met fields of other managers. `conflicts`: one sentence per manager, with its paths. */
export const applyConflict = (
  call: Call,
  conflicts: readonly { readonly manager: string; readonly field: string; readonly using: string }[],
): ApiError => {
  const causes = conflicts.map((each) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with "${each.manager}"${each.using}`,
    field: each.field,
  }));
  const title = `Apply failed with ${conflicts.length} conflict${conflicts.length === 1 ? '' : 's'}`;
  const message =
    causes.length === 1
      ? `${title}: ${causes[0]?.message}: ${causes[0]?.field}`
      : `${title}: ${groupByMessage(causes).join('\n')}`;
  return apiError({ status: 409, reason: 'Conflict', message, causes }, call);
};

const groupByMessage = (causes: readonly { readonly message: string; readonly field: string }[]): string[] => {
  const lines = new Map<string, string[]>();
  for (const cause of causes) {
    const title = cause.message.replace(/^conflict /, 'conflicts ');
    lines.set(title, [...(lines.get(title) ?? []), `- ${cause.field}`]);
  }
  return [...lines].map(([message, fields]) => `${message}:\n${fields.join('\n')}`);
};
