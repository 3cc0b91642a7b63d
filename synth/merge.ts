/**
 * Server-side apply as a pure function: what the object becomes, who owns which field afterwards, and whose fields
 * stand in the way. The rules are the API server's: applied fields are taken or shared; fields that a manager applied
 * before and leaves out now are given up, and removed when nobody else has them; a value somebody else owns is a conflict
 * unless forced.
 */
import type { JsonSchema } from '../lib/api/json-schema';
import type { JsonObject } from '../lib/base/json';
import type { KubeObject, LiveObject, ManagedFieldsEntry, Manifest } from '../lib/base/kube-object';
import type { FieldPath, FieldSet } from './fields';
import {
  difference,
  formatFields,
  isEmptySet,
  LEAF,
  NO_FIELDS,
  objectFields,
  parseFields,
  pathsOf,
  sameFields,
  union,
} from './fields';
import { sameJson } from './json-equal';
import type { Ownership } from './merge-values';
import { effectOn, extractValue, mergeValues, pruneValue, withoutNulls } from './merge-values';
import { isOwnerEntry, ownedBy } from './owners';
import { schemaFor } from './schemas';

export interface MergeInput {
  /** The stored object; `undefined` when the apply creates it. */
  readonly live: KubeObject | undefined;
  readonly manifest: Manifest;
  readonly manager: string;
  readonly force: boolean;
  /** Of the whole object. Default: schemaFor the manifest's kind. */
  readonly schema?: JsonSchema | undefined;
  /** `status`: only status is applied. Absent: everything but status. */
  readonly subresource?: 'status';
  /** A map that the manager takes everything out of becomes null, as on the server for custom kinds. Default: stays empty. */
  readonly nulls?: boolean;
  /** RFC 3339; written into our entry of managedFields when anything changed. */
  readonly time?: string;
}

/** Fields of our manifest that somebody else owns with another value. */
export interface MergeConflict {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** The version that it wrote by. */
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly fields: readonly FieldPath[];
}

export interface MergeResult {
  /** The object after the apply, with `managedFields` in place. Shares structure with live and manifest: don't change it. */
  readonly object: KubeObject;
  readonly managedFields: readonly ManagedFieldsEntry[];
  /** Not empty: without force nothing may be stored. With force they are resolved and this is empty. */
  readonly conflicts: readonly MergeConflict[];
  /** Whether object or ownership differ from live; if not, the server stores nothing. */
  readonly changed: boolean;
}

/** The part of the manifest that this endpoint of the API takes. */
const applicable = (manifest: Manifest, subresource: 'status' | undefined): Manifest => {
  const { status, ...rest } = manifest;
  if (subresource === undefined) return rest;
  const { name, namespace } = manifest.metadata;
  return {
    apiVersion: manifest.apiVersion,
    kind: manifest.kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    ...(status === undefined ? {} : { status }),
  };
};

const withoutManagedFields = (object: KubeObject): JsonObject => {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata } as unknown as JsonObject;
};

const METADATA: FieldSet = { member: false, children: new Map([['f:metadata', LEAF]]) };

/** Identity is nobody's field, so nothing may prune it: metadata counts as owned. */
const keepingMetadata = (set: FieldSet): FieldSet => union(set, METADATA);

interface Others {
  readonly entries: readonly ManagedFieldsEntry[];
  readonly conflicts: readonly MergeConflict[];
}

/** What the write leaves of the others' fields, and what they would have to give up. */
const affected = (
  entries: readonly ManagedFieldsEntry[],
  before: JsonObject,
  after: JsonObject,
  schema: JsonSchema | undefined,
): Others => {
  const kept: ManagedFieldsEntry[] = [];
  const conflicts: MergeConflict[] = [];
  for (const entry of entries) {
    const set = parseFields(entry.fieldsV1);
    const { taken, gone } = effectOn(set, before, after, schema);
    const rest = difference(difference(set, taken), gone);
    if (!isEmptySet(taken))
      conflicts.push({
        manager: entry.manager,
        operation: entry.operation,
        apiVersion: entry.apiVersion,
        ...(entry.subresource === undefined ? {} : { subresource: entry.subresource }),
        fields: pathsOf(taken),
      });
    if (rest === set || sameFields(rest, set)) kept.push(entry);
    else if (!isEmptySet(rest)) kept.push({ ...entry, fieldsV1: formatFields(rest) });
  }
  return { entries: kept, conflicts };
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const sortKey = (entry: ManagedFieldsEntry): string =>
  [entry.operation, entry.time ?? '', entry.manager, entry.apiVersion, entry.subresource ?? ''].join('\n');

const ourEntry = (input: MergeInput, fields: FieldSet, time: string | undefined): ManagedFieldsEntry[] =>
  isEmptySet(fields)
    ? []
    : [
        {
          manager: input.manager,
          operation: 'Apply',
          apiVersion: input.manifest.apiVersion,
          fieldsType: 'FieldsV1',
          fieldsV1: formatFields(fields),
          ...(input.subresource === undefined ? {} : { subresource: input.subresource }),
          ...(time === undefined ? {} : { time }),
        },
      ];

/** `before` with what is wanted, without what was given up. */
const replaced = (
  before: JsonObject,
  wanted: JsonObject,
  ownership: Ownership,
  schema: JsonSchema | undefined,
): JsonObject => {
  const merged = mergeValues(before, wanted, schema);
  if (isEmptySet(ownership.before)) return merged as JsonObject;
  // An empty list owns nothing, so pruning may take it away although it is wanted: it is put back.
  return mergeValues(pruneValue(merged, ownership, schema), wanted, schema) as JsonObject;
};

/** Applies `manifest` to `live` as the API server would. Schemas come from schemaFor unless given. */
export const applyMerge = (input: MergeInput): MergeResult => {
  const { live, manager, subresource } = input;
  const schema = input.schema ?? schemaFor(input.manifest);
  const wanted = withoutNulls(withoutManagedFields(applicable(input.manifest, subresource)), schema) as JsonObject;
  const before = live === undefined ? {} : withoutManagedFields(live);
  const owner = { manager, ...(subresource === undefined ? {} : { subresource }) };
  const entries = live?.metadata.managedFields ?? [];
  const ours = entries.filter((entry) => isOwnerEntry(entry, owner));
  const theirs = entries.filter((entry) => !isOwnerEntry(entry, owner));

  const last = live === undefined ? NO_FIELDS : ownedBy(live, owner);
  const fields = objectFields(wanted as unknown as KubeObject, schema);
  const now = theirs.reduce((set, entry) => union(set, parseFields(entry.fieldsV1)), fields);
  const ownership = { before: last, now: keepingMetadata(now), nulls: input.nulls === true };
  const after = replaced(before, wanted, ownership, schema);

  const others = affected(theirs, before, after, schema);
  const changed = live === undefined || !sameFields(fields, last) || !sameJson(before, after);
  const own = ourEntry(input, fields, changed ? input.time : ours[0]?.time);
  const managedFields = [...others.entries, ...own].sort((a, b) => compareText(sortKey(a), sortKey(b)));
  const object = {
    ...after,
    metadata: { ...(after['metadata'] as JsonObject), managedFields },
  } as unknown as KubeObject;
  return { object, managedFields, conflicts: input.force ? [] : others.conflicts, changed };
};

/** The part of a live object that `manager` applied, as a manifest: sending it again changes nothing. */
export const extractOwned = (
  live: LiveObject,
  manager: string,
  schema: JsonSchema | undefined = schemaFor(live),
): Manifest => {
  const { namespace, name } = live.metadata;
  const owned = extractValue(
    withoutManagedFields(live),
    ownedBy(live, manager),
    schema,
  ) as unknown as Partial<Manifest>;
  return {
    ...owned,
    apiVersion: live.apiVersion,
    kind: live.kind,
    metadata: { ...owned.metadata, name, ...(namespace === undefined ? {} : { namespace }) },
  };
};

/** The part of a live object's status that `manager` applied to the status subresource; empty when it has applied none. */
export const extractOwnedStatus = (
  live: LiveObject,
  manager: string,
  schema: JsonSchema | undefined = schemaFor(live),
): JsonObject => {
  const owned = ownedBy(live, { manager, subresource: 'status' });
  const { status } = extractValue(withoutManagedFields(live), owned, schema) as { readonly status?: JsonObject };
  return status ?? {};
};
