import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { KubeObject } from '../../lib/base/kube-object';

/** metadata that a server sets, or that only makes sense on the cluster it came from. */
const SERVER_SET = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
  'ownerReferences',
]);
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * An object as it belongs into Git: what the user wants and nothing that a server added. `{}`, `[]`, `false`, `0` and
 * `""` are intent and stay; `null` says nothing and goes. Strings are kept letter by letter.
 */
export const normalise = (object: JsonObject): KubeObject => {
  const { apiVersion, kind, metadata, status: _status, ...rest } = withoutNulls(object) as JsonObject;
  return {
    apiVersion,
    kind,
    metadata: normalMetadata(isJsonObject(metadata) ? metadata : {}),
    ...rest,
  } as unknown as KubeObject;
};

const normalMetadata = (metadata: JsonObject): JsonObject => {
  const kept = Object.fromEntries(Object.entries(metadata).filter(([key]) => !SERVER_SET.has(key)));
  const { annotations, ...rest } = kept;
  if (!isJsonObject(annotations)) return kept;
  const { [LAST_APPLIED]: _lastApplied, ...own } = annotations;
  return { ...rest, ...(Object.keys(own).length === 0 && LAST_APPLIED in annotations ? {} : { annotations: own }) };
};

const withoutNulls = (value: JsonValue | undefined): JsonValue | undefined => {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item) ?? null);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null && item !== undefined)
      .map(([key, item]) => [key, withoutNulls(item)]),
  );
};
