import type { SchemaOptions, Static, TSchema } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';

/** What changing a spec field of a living object does to what already runs. */
export const CHANGE = {
  nothing: 'Changing it restarts nothing.',
  live: 'Changing it takes effect at once and restarts nothing.',
  newOnly: 'Changing it affects only what is created afterwards; nothing restarts.',
  pod: 'Changing it takes effect when a Pod is next created; running Pods keep the old value.',
  rolls: 'Changing it replaces the Pods concerned, one after another under the upgrade policy.',
  immutable: 'It cannot be changed after creation.',
  reruns: 'Changing it runs the operation again; no Pod of a cluster or client restarts.',
} as const;

/** The documentation of one spec field. Everything a user asks of a field, in the order they ask it. */
export interface SpecDoc {
  /** What it does: one or two sentences, each with its full stop. */
  readonly does: string;
  /** Unit of a number or quantity: `MiB`, `GiB`, `cores`, `count`, `seconds`, `port number`, … Required for numbers. */
  readonly unit?: string;
  /** The effective value when it is absent: a literal or words. Absent: the field is required. */
  readonly absent?: string;
  /** What changing it does. Default: `pod`. */
  readonly change?: keyof typeof CHANGE;
}

/** The documentation of one status field: written by the operator, so there is no default and nothing to change. */
export interface StatusDoc {
  readonly says: string;
  readonly unit?: string;
}

/** The `description` of a documented field; the reference page splits it again at these words. */
export const describe = (doc: SpecDoc | StatusDoc): string => {
  const unit = doc.unit === undefined ? '' : ` Unit: ${doc.unit}.`;
  if ('says' in doc) return `${doc.says}${unit}`;
  const absent = doc.absent === undefined ? ' Required.' : ` Default: ${doc.absent}.`;
  return `${doc.does}${unit}${absent} ${CHANGE[doc.change ?? 'pod']}`;
};

/** Schema options with the description made from `doc`: `Type.Integer(field({ does: … }, { minimum: 0 }))`. */
export const field = <Options extends SchemaOptions>(
  doc: SpecDoc | StatusDoc,
  options?: Options,
): Options & { description: string } =>
  ({ ...options, description: describe(doc) }) as Options & { description: string };

/** An optional property. */
export const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);

/** A map of strings: labels, selectors, annotations. */
export const stringMap = (options: SchemaOptions) =>
  Type.Unsafe<Record<string, string>>({ type: 'object', additionalProperties: { type: 'string' }, ...options });

/** A list that server-side apply merges by key instead of replacing it whole. */
export const listMap = <T extends TSchema>(item: T, keys: readonly string[], options: SchemaOptions) =>
  Type.Array(item, { ...options, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [...keys] });

/** A list of distinct scalars that server-side apply merges by value. Only for new fields: today's lists are atomic. */
export const setList = <T extends TSchema>(item: T, options: SchemaOptions) =>
  Type.Array(item, { ...options, 'x-kubernetes-list-type': 'set' });

/** A list that is replaced whole. */
export const atomicList = <T extends TSchema>(item: T, options: SchemaOptions) =>
  Type.Array(item, { ...options, 'x-kubernetes-list-type': 'atomic' });

/** One of some words. */
export const oneOf = <const T extends readonly string[]>(values: T, options: SchemaOptions) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options });

/** A Kubernetes quantity: `500m`, `2Gi`, or a bare number. */
export const quantity = (options: SchemaOptions) =>
  Type.Unsafe<string | number>({
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    'x-kubernetes-int-or-string': true,
    ...options,
  });

/** A duration as Go writes it: `90s`, `1h30m`, `24h0m0s`, or `0`. */
export const DURATION_PATTERN = '^(0|([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$';
export const duration = (options: SchemaOptions) =>
  Type.Unsafe<string>({ type: 'string', pattern: DURATION_PATTERN, ...options });

/** A part of a built-in kind that the CRD passes through unchecked; the linter and the API server of the child check it. */
export const passThrough = <T = Record<string, unknown>>(options: SchemaOptions) =>
  Type.Unsafe<T>({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true, ...options });

/** An RFC 3339 time. */
export const time = (options: SchemaOptions) =>
  Type.Unsafe<string>({ type: 'string', format: 'date-time', ...options });

export type { Static };
