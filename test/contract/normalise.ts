import type { StatusCause } from '../../controllers/kube/api-error';
import { ApiError } from '../../controllers/kube/api-error';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import type { KubeObject, LiveObject } from '../../lib/base/kube-object';
import { parseFields, pathsOf, pathString } from '../../synth/fields';
import type { World } from './backend';
import { anonymous } from './backend';

/** How a call was refused, of what it threw. Throws anything that is no ApiError again. */
export const refusalIn = (thrown: unknown): JsonObject => {
  if (!(thrown instanceof ApiError)) throw thrown;
  const { status, reason, message, causes = [] } = thrown.failure;
  const list = inOrder(causes);
  return {
    code: thrown.code,
    status,
    ...(reason === undefined ? {} : { reason }),
    message: list.length === 0 ? message : message.replace(/(is invalid|Apply failed with \d+ conflicts?):.*/s, '$1'),
    ...(list.length === 0 ? {} : { causes: list }),
  };
};

/** Causes each once, sorted: the real server walks maps, in another order each time. The message only repeats them. */
const inOrder = (causes: readonly StatusCause[]): JsonObject[] => {
  const each = causes.map(({ field, reason, message }) => JSON.stringify({ field, reason, message }));
  return [...new Set(each)].sort().map((text) => JSON.parse(text) as JsonObject);
};

/** What a call came to: its result, or how it was refused. */
export const outcome = (call: Promise<unknown>): Promise<JsonObject> =>
  call.then((done) => ({ done: done as JsonValue }), refusalIn);

/** Only how a call was refused; `accepted` when it wasn't. */
export const refusal = async (call: Promise<unknown>): Promise<JsonValue> => {
  const result = await outcome(call);
  return 'done' in result ? 'accepted' : result;
};

/** Who owns which fields, in an order that times don't decide. */
export const owners = (object: KubeObject | undefined): JsonObject => {
  const entries = (object?.metadata.managedFields ?? []).map((entry): [string, JsonValue] => [
    [entry.manager, entry.operation, entry.subresource].filter(Boolean).join(' '),
    pathsOf(parseFields(entry.fieldsV1)).map(pathString),
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
};

const SERVER_METADATA = ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields', 'name', 'namespace'];

/** The object as its users see it, with who owns what. */
export const shown = (object: LiveObject | KubeObject | undefined): JsonValue => {
  if (object === undefined) return null;
  const { metadata, apiVersion: _, kind: _kind, ...rest } = object;
  const kept = Object.entries(metadata).filter(([key]) => !SERVER_METADATA.includes(key));
  return {
    ...(rest as Omit<JsonObject, never>),
    metadata: Object.fromEntries<JsonValue>(kept as [string, JsonValue][]),
    owners: owners(object),
  };
};

/** The object as its users see it, without who owns what. */
export const content = (object: LiveObject | KubeObject | undefined): JsonValue => {
  const all = shown(object);
  if (all === null) return null;
  const { owners: _, ...rest } = all as JsonObject;
  return rest;
};

/**
 * An outcome with everything that is another in each run replaced: UIDs by the order in which they appear, times,
 * versions, addresses, ports and generated names by a word.
 */
export const normalise = (value: JsonValue, world: World): JsonValue => {
  const uids: string[] = [];
  const uid = (found: string): string => {
    if (!uids.includes(found)) uids.push(found);
    return `<uid ${uids.indexOf(found) + 1}>`;
  };
  const text = (given: string): string =>
    anonymous(given, world)
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, uid)
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
      .replace(/\b10\.96\.\d+\.\d+\b/g, '<address>')
      .replace(/(kube-api-access)-\w{5}\b/g, '$1-<any>')
      .replace(/(ResourceVersion in [\w ]+|resource version): \d+( \(\d+\))?/g, '$1: <version>')
      .replace(/(ResourceVersion in \w+ ?\w*) \(\d+\)/g, '$1 (<version>)')
      // What only a program in Go says: the names of its types, and differences of its structures.
      .replace(/ into Go struct field \S+ of type \S+/g, '')
      .replace(/\n@@.*/gs, '')
      .replace(/Invalid value: "\{\\"(?:[^"\\]|\\.)*"/g, 'Invalid value: "<object>"')
      .replace(/Invalid value: \[?\{"(?:Name|apiVersion)".*?\}\]?:/g, 'Invalid value: <object>:')
      .replace(/Duplicate value: \{"(?:Name|port)".*\}/g, 'Duplicate value: <object>');
  const visit = (given: JsonValue, key = ''): JsonValue => {
    if (typeof given === 'string') return key === 'resourceVersion' ? '<version>' : text(given);
    if (typeof given === 'number') return key === 'nodePort' ? '<port>' : given;
    if (Array.isArray(given)) return given.map((item) => visit(item));
    if (given === null || typeof given !== 'object') return given;
    const keys = Object.keys(given).filter((each) => given[each] !== undefined);
    return Object.fromEntries(keys.sort().map((each) => [text(each), visit(given[each] as JsonValue, each)]));
  };
  return visit(value);
};

/** Where two values differ, as lines of `path: expected → actual`. */
export const differences = (expected: unknown, actual: unknown, path = ''): string[] => {
  if (JSON.stringify(expected) === JSON.stringify(actual)) return [];
  if (!isContainer(expected) || !isContainer(actual) || Array.isArray(expected) !== Array.isArray(actual)) {
    return [`${path}: ${JSON.stringify(expected)} → ${JSON.stringify(actual)}`];
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...keys].flatMap((key) => differences(expected[key], actual[key], `${path}/${key}`));
};

const isContainer = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
