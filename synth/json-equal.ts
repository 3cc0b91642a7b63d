/** Equality of JSON values: the order of keys doesn't matter, keys with the value `undefined` count as absent. */
import type { JsonObject, JsonValue } from '../lib/base/json';

const sameLists = (a: readonly JsonValue[], b: readonly JsonValue[]): boolean =>
  a.length === b.length && a.every((item, index) => sameJson(item, b[index]));

const sameObjects = (a: JsonObject, b: JsonObject): boolean => {
  let wanted = 0;
  for (const key in a) {
    if (a[key] === undefined) continue;
    wanted++;
    if (!Object.hasOwn(b, key) || !sameJson(a[key], b[key])) return false;
  }
  let found = 0;
  for (const key in b) if (b[key] !== undefined) found++;
  return wanted === found;
};

/** Whether two JSON values are the same. */
export const sameJson = (a: JsonValue | undefined, b: JsonValue | undefined): boolean => {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && sameLists(a, b);
  return !Array.isArray(b) && sameObjects(a, b);
};
