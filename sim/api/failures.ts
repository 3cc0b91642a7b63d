/** The refusals of the API server, word for word where clients read them. */
import type { ApiError, StatusCause, StatusReason } from '../../controllers/kube/api-error';
import { apiError } from '../../controllers/kube/api-error';
import { groupOf } from '../../lib/base/kube-object';
import type { ObjectKey, ObjectRef, TypeMeta } from '../../lib/base/kube-object';
import { refString } from '../../lib/base/kube-object';
import type { ServedKind } from './kinds';
import { resourceName } from './kinds';

/** What was asked: goes into the message of the error. */
export interface Call {
  readonly verb: string;
  readonly object: string;
}

export const callOf = (verb: string, ref: ObjectRef): Call => ({ verb, object: refString(ref) });

const failure = (call: Call, status: number, reason: StatusReason | undefined, message: string): ApiError =>
  apiError({ status, reason, message }, call);

export const notFound = (call: Call, kind: ServedKind, name: string): ApiError =>
  failure(call, 404, 'NotFound', `${resourceName(kind)} "${name}" not found`);

/** The whole resource type is not served. */
export const kindNotServed = (call: Call): ApiError =>
  failure(call, 404, 'NotFound', 'the server could not find the requested resource');

export const alreadyExists = (call: Call, kind: ServedKind, name: string): ApiError =>
  failure(call, 409, 'AlreadyExists', `${resourceName(kind)} "${name}" already exists`);

export const conflict = (call: Call, kind: ServedKind, name: string, why: string): ApiError =>
  failure(call, 409, 'Conflict', `Operation cannot be fulfilled on ${resourceName(kind)} "${name}": ${why}`);

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

/** A schema mismatch of an applied document: the server answers it as an error of its own, without a reason. */
export const undeclaredField = (call: Call, ref: ObjectRef, path: string): ApiError => {
  const type = `${ref.apiVersion}, Kind=${ref.kind}`;
  const key = `${ref.namespace ?? ''}/${ref.name}`;
  const message = `failed to create typed patch object (${key}; ${type}): .${path}: field not declared in schema`;
  return failure(call, 500, undefined, message);
};

/** 422 with one cause a field. */
export const invalid = (call: Call, kind: TypeMeta, name: string, causes: readonly StatusCause[]): ApiError => {
  const group = groupOf(kind.apiVersion);
  const title = group === '' ? kind.kind : `${kind.kind}.${group}`;
  const each = causes.map((cause) => `${cause.field}: ${cause.message}`);
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
  for (const cause of causes) lines.set(cause.message, [...(lines.get(cause.message) ?? []), `- ${cause.field}`]);
  return [...lines].map(([message, fields]) => `${message}:\n${fields.join('\n')}`);
};
