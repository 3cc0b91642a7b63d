/** Who owns which fields of a live object, as its managedFields tell. */
import type { KubeObject, ManagedFieldsEntry } from '../lib/base/kube-object';
import type { FieldSet } from './fields';
import { NO_FIELDS, parseFields, union } from './fields';

/** Which entries of managedFields are meant: of a manager, by apply unless said otherwise, of the main resource unless said otherwise. */
export interface Owner {
  readonly manager: string;
  /** Default: Apply. */
  readonly operation?: 'Apply' | 'Update';
  /** Default: the object itself, not a subresource. */
  readonly subresource?: string;
}

/** Whether `entry` of managedFields belongs to `owner`. */
export const isOwnerEntry = (entry: ManagedFieldsEntry, owner: Owner): boolean =>
  entry.manager === owner.manager &&
  entry.operation === (owner.operation ?? 'Apply') &&
  (entry.subresource ?? '') === (owner.subresource ?? '');

const asOwner = (owner: Owner | string): Owner => (typeof owner === 'string' ? { manager: owner } : owner);

const fieldsWhere = (live: KubeObject, wanted: (entry: ManagedFieldsEntry) => boolean): FieldSet =>
  (live.metadata.managedFields ?? [])
    .filter(wanted)
    .reduce((set, entry) => union(set, parseFields(entry.fieldsV1)), NO_FIELDS);

/** What `owner` owns of a live object by managedFields. A string is a manager that applies. */
export const ownedBy = (live: KubeObject, owner: Owner | string): FieldSet =>
  fieldsWhere(live, (entry) => isOwnerEntry(entry, asOwner(owner)));

/** What anybody but `owner` owns of a live object. */
export const ownedByOthers = (live: KubeObject, owner: Owner | string): FieldSet =>
  fieldsWhere(live, (entry) => !isOwnerEntry(entry, asOwner(owner)));
