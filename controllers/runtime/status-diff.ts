import type { JsonSchema } from '../../lib/api/json-schema';
import { isJsonObject } from '../../lib/base/json';
import type { LiveObject, ManagedFieldsEntry, Manifest } from '../../lib/base/kube-object';
import { diff, isSame } from '../../synth/diff';
import { objectSchema, resolveSchema, schemaFor } from '../../synth/schemas';

/** Of a kind whose schema nobody registered this much is still known. */
const ANY_STATUS: JsonSchema = {
  type: 'object',
  properties: {
    conditions: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: { type: 'object', properties: { type: { type: 'string' } } },
    },
  },
};

const statusSchemaOf = (manifest: Manifest): JsonSchema => {
  const schema = schemaFor(manifest);
  return (schema === undefined ? undefined : resolveSchema(schema).properties?.['status']) ?? ANY_STATUS;
};

/** The entry of the status subresource, told as one of the object itself with the status in place of the spec. */
const asSpecEntry = ({ subresource: _, ...entry }: ManagedFieldsEntry): ManagedFieldsEntry => {
  const status = entry.fieldsV1['f:status'];
  return { ...entry, fieldsV1: isJsonObject(status) ? { 'f:spec': status } : {} };
};

/**
 * Whether applying the status of `manifest` to the status subresource as `manager` would change `live`: values, what is not
 * owned yet, and what is owned and no longer wanted. The comparison of objects leaves status out, so it is shown as a spec.
 */
export const statusDiffers = (live: LiveObject, manifest: Manifest, manager: string): boolean => {
  const key = JSON.stringify([manager, manifest]);
  const known = remembered.get(live);
  if (known?.key === key) return known.differs;
  const differs = compare(live, manifest, manager);
  remembered.set(live, { key, differs });
  return differs;
};

/** The last answer for a live object, as long as it is held: most rounds say again what they said before. */
const remembered = new WeakMap<LiveObject, { readonly key: string; readonly differs: boolean }>();

const compare = (live: LiveObject, manifest: Manifest, manager: string): boolean => {
  const entries = (live.metadata.managedFields ?? []).filter(({ subresource }) => subresource === 'status');
  const shown: LiveObject = {
    apiVersion: live.apiVersion,
    kind: live.kind,
    metadata: { ...live.metadata, managedFields: entries.map(asSpecEntry) },
    spec: live.status ?? {},
  };
  const { apiVersion, kind, metadata } = manifest;
  const wanted: Manifest = { apiVersion, kind, metadata, spec: manifest.status ?? {} };
  return !isSame(diff(wanted, shown, manager, objectSchema({ spec: statusSchemaOf(manifest) })));
};
