import { stringify } from 'yaml';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { KubeObject } from '../../lib/base/kube-object';

/** Keys of an object come in this order, the others after them by name. */
const FIRST = ['apiVersion', 'kind', 'metadata', 'name', 'namespace', 'labels', 'annotations', 'spec', 'data'];

const rank = (key: string, top: boolean): string => {
  const place = top ? FIRST.indexOf(key) : -1;
  return `${String(place < 0 ? FIRST.length : place).padStart(2, '0')} ${key}`;
};

const sorted = (value: JsonValue | undefined, top: boolean): JsonValue | undefined => {
  if (Array.isArray(value)) return value.map((item) => sorted(item, false) ?? null);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).sort((left, right) => (rank(left, top) < rank(right, top) ? -1 : 1));
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key], top && key === 'metadata')]));
};

/** One object as YAML: the same bytes for the same value, strings that another reader could take for something else in quotes. */
export const toYaml = (object: KubeObject): string =>
  stringify(sorted(object as unknown as JsonObject, true), {
    lineWidth: 0,
    version: '1.1',
    aliasDuplicateObjects: false,
    defaultStringType: 'PLAIN',
  });
