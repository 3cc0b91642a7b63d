/** What can't be changed on a living object of a built-in kind, and what must agree inside one. */
import type { StatusCause } from '../../../controllers/kube/api-error';
import type { JsonObject, JsonValue } from '../../../lib/base/json';
import { isJsonObject } from '../../../lib/base/json';
import type { KubeObject } from '../../../lib/base/kube-object';
import { sameJson } from '../../../synth/json-equal';
import { CONTENT_CHECKS } from './content';
import type { LabelSelector } from '../selectors';
import { labelSelectorMatches } from '../selectors';

type Check = (next: JsonObject, old: JsonObject) => StatusCause[];

const cause = (field: string, reason: string, message: string): StatusCause => ({ field, reason, message });
const invalidValue = (field: string, value: JsonValue | undefined, why: string): StatusCause =>
  cause(field, 'FieldValueInvalid', `Invalid value: ${JSON.stringify(value)}: ${why}`);

const POD_MUTABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

const pod: Check = (next, old) => {
  const kept = listOf(old.tolerations).every((each) => listOf(next.tolerations).some((other) => sameJson(each, other)));
  const same = sameJson(fixedPodSpec(next), fixedPodSpec(old));
  return kept && same ? [] : [cause('spec', 'FieldValueForbidden', `Forbidden: ${POD_MUTABLE}`)];
};

const listOf = (value: JsonValue | undefined): JsonValue[] => (Array.isArray(value) ? value : []);

const fixedPodSpec = (spec: JsonObject): JsonObject => ({
  ...spec,
  activeDeadlineSeconds: undefined,
  tolerations: undefined,
  containers: withoutImages(spec.containers),
  initContainers: withoutImages(spec.initContainers),
});

const withoutImages = (containers: JsonValue | undefined): JsonValue | undefined =>
  Array.isArray(containers)
    ? containers.map((each) => (isJsonObject(each) ? { ...each, image: undefined } : each))
    : containers;

const selector: Check = (next, old) =>
  sameJson(next.selector, old.selector) ? [] : [invalidValue('spec.selector', next.selector, 'field is immutable')];

const clusterIp: Check = (next, old) => {
  const released = next.type === 'ExternalName' || old.clusterIP === undefined || old.type === 'ExternalName';
  return released || next.clusterIP === old.clusterIP
    ? []
    : [invalidValue('spec.clusterIPs[0]', [next.clusterIP ?? null], 'may not change once set')];
};

const claim: Check = (next, old) => {
  const fixed = (spec: JsonObject): JsonObject => ({
    ...spec,
    resources: undefined,
    volumeAttributesClassName: undefined,
    volumeName: undefined,
  });
  const why =
    'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  return sameJson(fixed(next), fixed(old)) ? [] : [cause('spec', 'FieldValueForbidden', `Forbidden: ${why}`)];
};

const SPEC_CHECKS: Readonly<Record<string, Check>> = {
  'v1/Pod': pod,
  'v1/Service': clusterIp,
  'v1/PersistentVolumeClaim': claim,
  'apps/v1/DaemonSet': selector,
  'apps/v1/Deployment': selector,
  'batch/v1/Job': (next, old) =>
    next.completions === old.completions
      ? []
      : [invalidValue('spec.completions', next.completions, 'field is immutable')],
};

/** Kinds whose data freezes itself with `immutable: true`. */
const frozenData = (next: JsonObject, old: JsonObject): StatusCause[] => {
  if (old.immutable !== true) return [];
  const frozen = (field: string): StatusCause =>
    cause(field, 'FieldValueForbidden', 'Forbidden: field is immutable when `immutable` is set');
  const changed = (field: string): boolean => !sameJson(next[field], old[field]);
  return [
    ...(next.immutable === true ? [] : [frozen('immutable')]),
    ...(changed('data') ? [frozen('data')] : []),
    ...(changed('binaryData') ? [frozen('binaryData')] : []),
  ];
};

/** The value as the server's program prints it: fields by their names in Go. */
const inGo = (value: JsonValue | undefined): JsonValue => {
  const { apiGroup = '', kind = '', name = '' } = isJsonObject(value) ? value : {};
  return { APIGroup: apiGroup, Kind: kind, Name: name };
};

const roleRef = (next: JsonObject, old: JsonObject): StatusCause[] =>
  sameJson(next.roleRef, old.roleRef) ? [] : [invalidValue('roleRef', inGo(next.roleRef), 'cannot change roleRef')];

const secretType = (next: JsonObject, old: JsonObject): StatusCause[] =>
  next.type === old.type ? [] : [invalidValue('type', next.type, 'field is immutable')];

const OBJECT_CHECKS: Readonly<Record<string, readonly Check[]>> = {
  'v1/ConfigMap': [frozenData],
  'v1/Secret': [frozenData, secretType],
  'rbac.authorization.k8s.io/v1/RoleBinding': [roleRef],
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': [roleRef],
};

const json = (object: KubeObject): JsonObject => object as unknown as JsonObject;

/** What an update of a built-in kind may not do. */
export const immutableCauses = (next: KubeObject, old: KubeObject): StatusCause[] => {
  const key = `${next.apiVersion}/${next.kind}`;
  const spec = next.spec === old.spec ? [] : (SPEC_CHECKS[key]?.(next.spec ?? {}, old.spec ?? {}) ?? []);
  return [...spec, ...(OBJECT_CHECKS[key] ?? []).flatMap((check) => check(json(next), json(old)))];
};

/** What must agree inside an object of a built-in kind: a workload selects the Pods that it makes. */
export const consistencyCauses = (object: KubeObject): StatusCause[] => {
  const checks = CONTENT_CHECKS[`${object.apiVersion}/${object.kind}`];
  if (checks !== undefined) return checks(json(object));
  if (object.kind !== 'DaemonSet' && object.kind !== 'Deployment') return [];
  const template = object.spec?.template;
  const metadata = isJsonObject(template) && isJsonObject(template.metadata) ? template.metadata : {};
  const labels = (metadata.labels ?? {}) as Record<string, string>;
  const matches = labelSelectorMatches(object.spec?.selector as unknown as LabelSelector | undefined, labels);
  return matches
    ? []
    : [invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')];
};
