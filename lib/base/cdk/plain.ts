/**
 * The gate between constructs and JSON: copies a value that JSON can carry unchanged and names everything that it
 * can't. JSON.stringify (and cdk8s before it) turns NaN into null, loses `__proto__` and writes lone surrogates that no
 * YAML parser takes back; a lost field is a field given up under server-side apply, so nothing may get lost here.
 */
import type { JsonObject, JsonValue } from '../json';

/** Keys that JavaScript treats specially and that libraries on the way lose or stumble over. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
/** The label that cdk8s-plus derives from the construct path: it changes when code is moved. */
const PATH_LABEL = 'cdk8s.io/metadata.addr';

interface WellFormed {
  isWellFormed(): boolean;
}
const isWellFormed = (text: string): boolean => (text as unknown as WellFormed).isWellFormed();

/** One value on the way: `path` is where it is, `problems` what was found. Both grow during the walk. */
interface Walk {
  readonly path: (string | number)[];
  readonly problems: string[];
}

const complain = (walk: Walk, what: string): undefined => {
  walk.problems.push(`${walk.path.join('.') || 'object'} ${what}`);
  return undefined;
};

const keyProblem = (key: string): string | undefined => {
  if (FORBIDDEN_KEYS.has(key)) return `has the key ${key}, which gets lost on the way`;
  if (key === PATH_LABEL) return `has the label ${PATH_LABEL}, which changes when code is moved: name selector labels`;
  return isWellFormed(key) ? undefined : 'has a key with half a surrogate pair';
};

const copyObject = (value: object, walk: Walk): JsonObject | undefined => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) return complain(walk, 'has no prototype: spread it into a plain object');
  if (prototype !== Object.prototype) return complain(walk, `is a ${value.constructor.name}, not plain data`);
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) {
    const problem = keyProblem(key);
    if (problem !== undefined) {
      complain(walk, problem);
      continue;
    }
    walk.path.push(key);
    const below = copyValue((value as Record<string, unknown>)[key], walk);
    walk.path.pop();
    if (below !== undefined) copy[key] = below;
  }
  return copy;
};

const copyList = (value: readonly unknown[], walk: Walk): JsonValue[] => {
  const copy: JsonValue[] = [];
  for (let index = 0; index < value.length; index++) {
    walk.path.push(index);
    const item = copyValue(value[index], walk);
    if (item === undefined && value[index] === undefined) complain(walk, 'is undefined, which a list can not hold');
    walk.path.pop();
    if (item !== undefined) copy.push(item);
  }
  return copy;
};

const copyValue = (value: unknown, walk: Walk): JsonValue | undefined => {
  switch (typeof value) {
    case 'string':
      return isWellFormed(value) ? value : complain(walk, 'has half a surrogate pair');
    case 'number':
      return Number.isFinite(value) ? value : complain(walk, `is ${value}`);
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      if (value === null) return null;
      return Array.isArray(value) ? copyList(value, walk) : copyObject(value, walk);
    default:
      return complain(walk, `is a ${typeof value}`);
  }
};

/** A copy of `value` without keys whose value is `undefined`; everything else is kept: `{}`, `[]`, `null`, false, 0, "". What can't be kept is told in `problems`. */
export const plainJson = (value: unknown, problems: string[]): JsonValue | undefined =>
  copyValue(value, { path: [], problems });
