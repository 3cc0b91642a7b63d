/** managedFields of writes that are not an apply: the writer owns what it changed, everybody loses what changed or went. */
import type { JsonSchema } from '../../lib/api/json-schema';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { KubeObject, ManagedFieldsEntry } from '../../lib/base/kube-object';
import type { FieldSet } from '../../synth/fields';
import {
  difference,
  fieldSet,
  formatFields,
  isEmptySet,
  LEAF,
  NO_FIELDS,
  parseFields,
  sameFields,
  stripIdentity,
  union,
} from '../../synth/fields';
import { sameJson } from '../../synth/json-equal';
import { isOwnerEntry } from '../../synth/owners';
import { childrenOf, effectOn, finderIn } from '../../synth/merge-values';
import { topologyOf } from '../../synth/schemas';
import { textOf } from '../text';

export interface Writer {
  readonly manager: string;
  readonly time: string;
  readonly subresource?: 'status' | undefined;
}

const withoutManagedFields = (object: KubeObject): JsonObject => {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata } as unknown as JsonObject;
};

/** managedFields of `next`, which `writer` made of `old` by an update (or created, when `old` is absent). */
export const updateOwnership = (
  old: KubeObject | undefined,
  next: KubeObject,
  schema: JsonSchema | undefined,
  writer: Writer,
): ManagedFieldsEntry[] => {
  const before = old === undefined ? {} : withoutManagedFields(old);
  const after = withoutManagedFields(next);
  const start = old === undefined ? skeletonOf(after) : before;
  const changed = stripIdentity(changedFields(start, after, schema));
  const owner = { ...ownerOf(writer), operation: 'Update' as const };
  const entries = resets(next) ? [] : (old?.metadata.managedFields ?? []);
  // Of an object that nobody owns anything of, ownership isn't counted until somebody applies it.
  if (old !== undefined && (old.metadata.managedFields ?? []).length === 0) return [];
  const kept = entries.flatMap((entry) => remaining(entry, isOwnerEntry(entry, owner), before, { after, schema }));
  const mine = kept.find((entry) => isOwnerEntry(entry, owner));
  const fieldsV1 = withFields(mine, changed);
  if (fieldsV1 === undefined) return kept;
  const entry = { ...owner, apiVersion: next.apiVersion, fieldsType: 'FieldsV1', fieldsV1, time: writer.time };
  return sortEntries([...kept.filter((each) => each !== mine), entry]);
};

/** What an entry has with more fields; `undefined`: still none. */
const withFields = (entry: ManagedFieldsEntry | undefined, more: FieldSet): JsonObject | undefined => {
  if (entry === undefined) return isEmptySet(more) ? undefined : formatFields(more);
  const owned = parseFields(entry.fieldsV1);
  const fields = union(owned, more);
  return fields === owned ? entry.fieldsV1 : formatFields(fields);
};

/** Who stands for all that wrote an object before anybody applied it, where nobody was counted. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/**
 * `object` as an apply finds it. Of one that nobody owns anything of, everything that this endpoint writes is somebody's
 * from then on: or what is applied would be taken from nobody, without a conflict.
 */
export const asApplyFinds = (
  object: KubeObject,
  schema: JsonSchema | undefined,
  { time, subresource }: Omit<Writer, 'manager'>,
): KubeObject => {
  if ((object.metadata.managedFields ?? []).length > 0) return object;
  const { status, ...main } = object;
  const { apiVersion, kind, metadata } = object;
  const written = subresource === undefined ? main : { apiVersion, kind, metadata: { name: metadata.name }, status };
  const writer = { manager: BEFORE_FIRST_APPLY, time, subresource };
  const managedFields = updateOwnership(undefined, written, schema, writer);
  return { ...object, metadata: { ...metadata, managedFields } };
};

/** A list of one empty entry: the writer wants nobody to own anything. */
export const resets = ({ metadata }: KubeObject): boolean =>
  metadata.managedFields?.length === 1 && Object.keys(metadata.managedFields[0] ?? {}).length === 0;

const ownerOf = (writer: Writer): { manager: string; subresource?: string } => ({
  manager: writer.manager,
  ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
});

/** What is left of an entry: a writer keeps what it changes itself. */
const remaining = (
  entry: ManagedFieldsEntry,
  own: boolean,
  before: JsonObject,
  write: { readonly after: JsonObject; readonly schema: JsonSchema | undefined },
): ManagedFieldsEntry[] => {
  const set = parseFields(entry.fieldsV1);
  const { taken, gone } = effectOn(set, before, write.after, write.schema);
  const rest = difference(own ? set : difference(set, taken), gone);
  if (rest === set || sameFields(rest, set)) return [entry];
  return isEmptySet(rest) ? [] : [{ ...entry, fieldsV1: formatFields(rest) }];
};

/** Applies before updates, then by time and manager: the server's order. */
const sortEntries = (entries: readonly ManagedFieldsEntry[]): ManagedFieldsEntry[] => {
  const key = (entry: ManagedFieldsEntry): string =>
    [entry.operation, entry.time, entry.manager, entry.subresource].join('\n');
  return [...entries].sort((a, b) => (key(a) < key(b) ? -1 : 1));
};

/** Fields of `after` that are new or have another value than in `before`. */
const changedFields = (before: JsonValue | undefined, after: JsonValue, schema: JsonSchema | undefined): FieldSet => {
  if (before === after) return NO_FIELDS;
  if (before === undefined) return addedFields(after, schema);
  if (topologyOf(schema, after).kind === 'leaf' || topologyOf(schema, before).kind === 'leaf') {
    return sameJson(before, after) ? NO_FIELDS : LEAF;
  }
  return changedChildren(before, after, schema);
};

const changedChildren = (before: JsonValue, after: JsonValue, schema: JsonSchema | undefined): FieldSet => {
  const was = finderIn(before, schema);
  let children: Map<string, FieldSet> | undefined;
  for (const [element, child] of childrenOf(after, schema)) {
    const set = changedFields(was(element), child.value, child.schema);
    if (!isEmptySet(set)) (children ??= new Map()).set(element, set);
  }
  return fieldSet(false, children);
};

/** Something wholly new is owned with everything in it, each container for itself too. */
const addedFields = (value: JsonValue, schema: JsonSchema | undefined): FieldSet => {
  if (topologyOf(schema, value).kind === 'leaf') return LEAF;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of childrenOf(value, schema))
    children.set(element, addedFields(child.value, child.schema));
  return fieldSet(true, children);
};

/** Structures that a built-in kind has before anything is in them: nobody owns them. */
const STRUCTURES = ['spec', 'status', 'template', 'strategy', 'updateStrategy', 'loadBalancer'];

const skeletonOf = (object: JsonObject, custom = isCustom(object)): JsonObject => {
  const skeleton: JsonObject = { metadata: {} };
  if (custom) return skeleton;
  for (const name of STRUCTURES) {
    const value = object[name];
    if (isJsonObject(value)) skeleton[name] = skeletonOf(value, false);
  }
  return skeleton;
};

const isCustom = (object: JsonObject): boolean =>
  /\.[a-z]+\//.test(textOf(object.apiVersion)) && !/(^|\.)k8s\.io\//.test(textOf(object.apiVersion));
