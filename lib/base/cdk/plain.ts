/**
 * The gate between constructs and JSON: lets a value pass that JSON can carry unchanged and names everything that it
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

/** The first `count` entries of `value`, the others to come. */
const begun = (value: JsonObject, keys: readonly string[], count: number): JsonObject => {
  const copy: JsonObject = {};
  for (let index = 0; index < count; index++) {
    const key = keys[index] as string;
    copy[key] = value[key];
  }
  return copy;
};

const plainObject = (value: object, walk: Walk): JsonObject | undefined => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) return complain(walk, 'has no prototype: spread it into a plain object');
  if (prototype !== Object.prototype) return complain(walk, `is a ${value.constructor.name}, not plain data`);
  const given = value as JsonObject;
  const keys = Object.keys(value);
  let copy: JsonObject | undefined;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string;
    const problem = keyProblem(key);
    if (problem !== undefined) complain(walk, problem);
    const before = problem === undefined ? given[key] : undefined;
    walk.path.push(key);
    const after = plainValue(before, walk);
    walk.path.pop();
    if (copy === undefined && after !== undefined && after === before) continue;
    copy ??= begun(given, keys, index);
    if (after !== undefined) copy[key] = after;
  }
  return copy ?? given;
};

const plainList = (value: readonly unknown[], walk: Walk): JsonValue[] => {
  let changed = false;
  const copy: JsonValue[] = [];
  for (let index = 0; index < value.length; index++) {
    walk.path.push(index);
    const item = plainValue(value[index], walk);
    if (item === undefined && value[index] === undefined) complain(walk, 'is undefined, which a list can not hold');
    walk.path.pop();
    changed ||= item === undefined || item !== value[index];
    if (item !== undefined) copy.push(item);
  }
  return changed ? copy : (value as JsonValue[]);
};

const plainValue = (value: unknown, walk: Walk): JsonValue | undefined => {
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
      return Array.isArray(value) ? plainList(value, walk) : plainObject(value, walk);
    default:
      return complain(walk, `is a ${typeof value}`);
  }
};

/**
 * `value` without keys whose value is `undefined`; everything else is kept: `{}`, `[]`, `null`, false, 0, "". What can't
 * be kept is told in `problems`. Parts that need no change are handed on, not copied: nobody changes a manifest.
 */
export const plainJson = (value: unknown, problems: string[]): JsonValue | undefined =>
  plainValue(value, { path: [], problems });
