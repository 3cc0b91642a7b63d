/**
 * Whether manifests are what the API server takes, before anything is sent: unknown fields (which strict validation
 * refuses and lax validation loses), wrong types, missing fields, values outside of an enum. Built-in kinds are checked
 * against the server's own schemas, ours by their validators with all their rules. Everything wrong is told at once.
 */
import type { JsonSchema } from '../lib/api/json-schema';
import { kindOf } from '../lib/api/kinds';
import { validate } from '../lib/api/validate';
import type { JsonObject, JsonValue } from '../lib/base/json';
import { isJsonObject } from '../lib/base/json';
import type { Manifest } from '../lib/base/kube-object';
import { refOf, refString } from '../lib/base/kube-object';
import { childSchema, isBuiltIn, resolveSchema, schemaFor, typeKey } from './schemas';

/** One thing that is wrong with one manifest. */
export interface ManifestProblem {
  /** `Kind/namespace/name`. */
  readonly object: string;
  /** `spec.containers[0].image`; empty for the object as a whole. */
  readonly path: string;
  /** One clause without its subject: `is not a field of …`. */
  readonly message: string;
}

/** The problem as one line: `Pod/n/a: spec.x is not a known field`. */
export const problemString = ({ object, path, message }: ManifestProblem): string =>
  `${object}: ${path === '' ? '' : `${path} `}${message}`;

type Report = (path: string, message: string) => void;

const typeName = (value: JsonValue): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
};

const allows = (type: string, value: JsonValue): boolean => {
  const actual = typeName(value);
  return actual === type || (type === 'number' && actual === 'integer');
};

const typesOf = (schema: JsonSchema): readonly string[] =>
  schema.type === undefined
    ? (schema.oneOf ?? schema.anyOf ?? []).flatMap(({ type }) => (type === undefined ? [] : [type]))
    : [schema.type];

/** Whether keys that the schema doesn't name are an error: it names some, and no map is meant. */
const isClosed = (schema: JsonSchema): boolean =>
  schema.properties !== undefined &&
  schema.additionalProperties === undefined &&
  schema['x-kubernetes-preserve-unknown-fields'] !== true;

const keyPath = (path: string, key: string): string => {
  const plain = /^[\w-]+$/.test(key);
  if (!plain) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
};

const checkObject = (value: JsonObject, schema: JsonSchema, path: string, report: Report): void => {
  for (const key of schema.required ?? []) {
    if (value[key] === undefined) report(keyPath(path, key), 'is required');
  }
  for (const key of Object.keys(value)) {
    const below = value[key];
    const under = childSchema(schema, key);
    if (below === undefined) continue;
    if (under !== undefined) check(below, under, keyPath(path, key), report);
    else if (isClosed(schema)) report(keyPath(path, key), 'is not a known field');
  }
};

const check = (value: JsonValue, reference: JsonSchema, path: string, report: Report): void => {
  if (value === null) return; // counts as absent
  const schema = resolveSchema(reference);
  const types = typesOf(schema);
  if (types.length > 0 && !types.some((type) => allows(type, value))) {
    report(path, `must be ${types.join(' or ')}, not ${typeName(value)}`);
  } else if (schema.enum !== undefined && !schema.enum.includes(value)) {
    report(path, `must be one of ${schema.enum.map((one) => JSON.stringify(one)).join(', ')}`);
  } else if (isJsonObject(value)) checkObject(value, schema, path, report);
  else if (Array.isArray(value) && schema.items !== undefined) {
    for (const [index, item] of value.entries()) check(item, schema.items, `${path}[${index}]`, report);
  }
};

const checkManifest = (manifest: Manifest): ManifestProblem[] => {
  const object = refString(refOf(manifest));
  const json = manifest as unknown as JsonObject;
  if (kindOf(manifest.apiVersion, manifest.kind) !== undefined) {
    return validate(json).problems.map(({ path, message }) => ({
      object,
      path: '',
      message: message.startsWith(path) ? message : `${path}: ${message}`,
    }));
  }
  const schema = schemaFor(manifest);
  if (schema === undefined)
    return [{ object, path: '', message: `is of a kind that is not known here: ${typeKey(manifest)}` }];
  const problems: ManifestProblem[] = [];
  check(json, schema, '', (path, message) => problems.push({ object, path, message }));
  return problems;
};

/** Everything that is wrong with the manifests, in their order; empty when the API server would take them all. */
export const validateManifests = (manifests: readonly Manifest[]): ManifestProblem[] =>
  manifests.flatMap(checkManifest);

/** Whether a manifest's kind can be checked here. */
export const isKnownKind = (manifest: Manifest): boolean => isBuiltIn(manifest) || schemaFor(manifest) !== undefined;
