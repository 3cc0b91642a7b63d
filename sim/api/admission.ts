/** From what a client sent to what may be stored: strictness, defaults, admission, validation. */
import type { StatusCause } from '../../controllers/kube/api-error';
import type { JsonSchema } from '../../lib/api/json-schema';
import type { JsonObject } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { KubeObject, LiveObject } from '../../lib/base/kube-object';
import { resolveSchema, schemaFor } from '../../synth/schemas';
import { consistencyCauses, immutableCauses } from './builtin/immutable';
import { builtInDefaults } from './builtin/defaults';
import { admitPodSpec, qosClass } from './builtin/pod-admission';
import { allocateService } from './builtin/service-allocation';
import type { Core } from './core';
import type { ServedKind } from './kinds';
import { finalizerCauses, metadataCauses } from './metadata';
import { ruleCauses } from './rules';
import { unknownFields, withDefaults, withoutRefusedNulls } from './schema';
import { decodingError } from './typed';
import { schemaCauses } from './validate-schema';

const json = (object: KubeObject): JsonObject => object as unknown as JsonObject;

/** The schema of whole objects of a kind, where one is known. */
export const schemaOf = (kind: ServedKind): JsonSchema | undefined => kind.schema ?? schemaFor(kind);

/** Fields that the kind doesn't have. */
export const undeclaredFields = (object: KubeObject, kind: ServedKind): string[] => {
  const schema = schemaOf(kind);
  return schema === undefined ? [] : unknownFields(object, schema, resolveSchema);
};

/** What the decoder says of a value of the wrong type: of a custom kind only metadata is decoded. */
export const typeFault = (object: KubeObject, kind: ServedKind): string | undefined => {
  const schema = schemaOf(kind);
  if (schema === undefined) return undefined;
  const whole = decodingError((kind.custom ? { metadata: object.metadata } : object) as unknown as JsonObject, schema);
  return whole ?? (kind.apiVersion === 'v1' && kind.kind === 'Secret' ? secretFault(object) : undefined);
};

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const secretFault = (object: KubeObject): string | undefined => {
  const data = isJsonObject(object.data) ? Object.values(object.data) : [];
  const wrong = data.find((value) => typeof value === 'string' && !BASE64.test(value));
  return wrong === undefined ? undefined : 'illegal base64 data at input byte 0';
};

/** `object` with the server's defaults; idempotent. `applied`: it comes from an apply, which decodes nothing. */
export const defaulted = <T extends KubeObject>(object: T, kind: ServedKind, applied = false): T => {
  if (!kind.custom) return builtInDefaults(object) as T;
  if (kind.schema === undefined) return object;
  const nulls = !applied && (hasNull(object.spec) || hasNull(object.status));
  const decoded = nulls ? withoutRefusedNulls(json(object), kind.schema) : json(object);
  return withDefaults(decoded as JsonObject, kind.schema) as unknown as T;
};

const hasNull = (value: unknown): boolean =>
  value === null || (typeof value === 'object' && Object.values(value).some(hasNull));

/** What creating does beyond defaults: Pods and Services get what only the cluster can give them. */
export const admitted = (object: KubeObject, core: Core): KubeObject => {
  if (object.apiVersion !== 'v1') return object;
  if (object.kind === 'Service')
    return { ...object, spec: allocateService(object.spec ?? {}, core), status: { loadBalancer: {} } };
  if (object.kind !== 'Pod') return object;
  const spec = admitPodSpec(object.spec ?? {}, priorityOf(object, core), core.random);
  return { ...object, spec, status: { phase: 'Pending', qosClass: qosClass(spec) } };
};

/** Whether the priority class that a Pod names is there. */
export const knowsPriority = (pod: KubeObject, core: Core): boolean => {
  const name = pod.spec?.priorityClassName;
  const type = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass' };
  return typeof name !== 'string' || name in SYSTEM_PRIORITIES || core.store.get(type, { name }) !== undefined;
};

const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = {
  'system-node-critical': 2000001000,
  'system-cluster-critical': 2000000000,
};

const priorityOf = (pod: KubeObject, core: Core): number => {
  const name = pod.spec?.priorityClassName;
  if (typeof name !== 'string') return 0;
  const found = core.store.get({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass' }, { name });
  return SYSTEM_PRIORITIES[name] ?? (typeof found?.value === 'number' ? found.value : 0);
};

/** Everything that is wrong with storing `next`; `old` is absent for a creation. */
export const storageCauses = (next: KubeObject, old: LiveObject | undefined, kind: ServedKind): StatusCause[] => {
  const general = [
    ...(old === undefined || next.metadata.labels !== old.metadata.labels
      ? metadataCauses(kind.kind, next.metadata, kind.custom)
      : []),
    ...(old === undefined ? [] : finalizerCauses(next.metadata, old.metadata)),
  ];
  if (kind.custom) return [...general, ...customCauses(next, old, kind)];
  const frozen = old === undefined ? [] : immutableCauses(next, old);
  const untouched = old !== undefined && next.spec !== undefined && next.spec === old.spec;
  return [...general, ...frozen, ...(untouched ? [] : contentCauses(next, kind))];
};

/** What is wrong inside: types and required fields, and what must agree. */
const contentCauses = (next: KubeObject, kind: ServedKind): StatusCause[] => {
  const consistency = consistencyCauses(next);
  return [...builtInSchemaCauses(next, kind, consistency), ...consistency];
};

/** Types and required fields of spec only: what the server's own decoder and validation refuse. */
const builtInSchemaCauses = (
  next: KubeObject,
  kind: ServedKind,
  consistency: readonly StatusCause[],
): StatusCause[] => {
  const schema = schemaOf(kind);
  const spec = schema === undefined ? undefined : resolveSchema(schema).properties?.spec;
  if (spec === undefined || !isJsonObject(next.spec)) return [];
  // What a check of the content says better, the schema doesn't say again.
  const said = consistency.map(({ field }) => field);
  return schemaCauses(next.spec, spec, 'spec', resolveSchema).filter(
    ({ field = '', reason }) =>
      reason !== 'FieldValueDuplicate' && !said.includes(field) && !kind.plural.startsWith('daemonsets'),
  );
};

/** Mistakes that leave a value of another form than rules are written for. */
const BLOCKING = [
  ...['FieldValueRequired', 'FieldValueTypeInvalid', 'FieldValueTooLong', 'FieldValueTooMany'],
  'FieldValueNotSupported',
];
const NOT_CHECKED: StatusCause = {
  field: '<nil>',
  reason: 'FieldValueInvalid',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

/** What applying a `null` is refused with, where none is taken and nothing stands for it: it isn't decoded as others are. */
export const refusedNulls = (manifest: KubeObject, kind: ServedKind): StatusCause[] => {
  if (kind.schema === undefined || !hasNull(manifest.spec)) return [];
  const found = schemaCauses(withDefaults(json(manifest), kind.schema), kind.schema, '', resolveSchema);
  const nulls = found.filter(({ message }) => message.startsWith('Invalid value: "null"'));
  return nulls.length === 0 || (kind.rules ?? []).length === 0 ? nulls : [...nulls, NOT_CHECKED];
};

/** Schema first; rules are judged only on what has the right form, as in the server. */
const customCauses = (next: KubeObject, old: LiveObject | undefined, kind: ServedKind): StatusCause[] => {
  if (kind.schema === undefined) return [];
  const found = schemaCauses(next, kind.schema, '', resolveSchema);
  const rules = kind.rules ?? [];
  if (rules.length === 0) return found;
  if (found.some(({ reason = '' }) => BLOCKING.includes(reason))) return [...found, NOT_CHECKED];
  return [...found, ...ruleCauses(json(next), old === undefined ? undefined : json(old), rules)];
};
