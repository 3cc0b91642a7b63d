/** Rules that names, labels and finalizers of every object follow, and what an update of metadata may change. */
import type { StatusCause } from '../../controllers/kube/api-error';
import type { LiveObject, ObjectMeta } from '../../lib/base/kube-object';
import { causesOfKey, causesOfLabelValue, LABEL_RULE, SUBDOMAIN_RULE, withinLength } from './names';

const PATH_SEGMENT = /^[^/%]+$/;

const invalidValue = (field: string, value: string, why: string): StatusCause => ({
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});
const required = (field: string, why = ''): StatusCause => ({
  field,
  reason: 'FieldValueRequired',
  message: `Required value${why === '' ? '' : `: ${why}`}`,
});

const SHORT_NAMES = ['Service', 'Namespace'];
const RBAC_KINDS = ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'];

/** What is wrong with a name of a kind. */
const nameFaults = (kind: string, name: string): string[] => {
  if (RBAC_KINDS.includes(kind)) {
    if (name.includes('/')) return ["may not contain '/'"];
    return PATH_SEGMENT.test(name) ? [] : ["may not contain '%'"];
  }
  if (SHORT_NAMES.includes(kind)) {
    const dots = name.includes('.') ? ['must not contain dots'] : [];
    const long = withinLength(name, 63);
    return dots.length > 0 ? dots : [...long, ...(LABEL_RULE.form.test(name) ? [] : [LABEL_RULE.says])];
  }
  return [...withinLength(name, 253), ...(SUBDOMAIN_RULE.form.test(name) ? [] : [SUBDOMAIN_RULE.says])];
};

const nameCauses = (kind: string, metadata: ObjectMeta): StatusCause[] => {
  const { name, generateName } = metadata;
  if (name === '') return [required('metadata.name', 'name or generateName is required')];
  const prefix = (generateName ?? '').replace(/-$/, '');
  const generated = generateName === undefined ? [] : nameFaults(kind, prefix);
  return [
    ...generated.map((why) => invalidValue('metadata.generateName', generateName ?? '', why)),
    ...nameFaults(kind, name).map((why) => invalidValue('metadata.name', name, why)),
  ];
};

const labelCauses = (labels: Readonly<Record<string, string>>): StatusCause[] =>
  Object.entries(labels).flatMap(([key, value]) => [
    ...causesOfKey(key).map((why) => invalidValue('metadata.labels', key, why)),
    ...causesOfLabelValue(value).map((why) => invalidValue('metadata.labels', value, why)),
  ]);

const ANNOTATIONS_LIMIT = 262_144;

const annotationCauses = (annotations: Readonly<Record<string, string>>): StatusCause[] => {
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const large = {
    field: 'metadata.annotations',
    reason: 'FieldValueTooLong',
    message: `Too long: may not be more than ${ANNOTATIONS_LIMIT} bytes`,
  };
  return [
    ...Object.keys(annotations).flatMap((key) =>
      causesOfKey(key.toLowerCase()).map((why) => invalidValue('metadata.annotations', key, why)),
    ),
    ...(size > ANNOTATIONS_LIMIT ? [large] : []),
  ];
};

const ownerCauses = (metadata: ObjectMeta): StatusCause[] => {
  const owners = metadata.ownerReferences ?? [];
  const nameless = owners.filter((each) => each.uid === '');
  const controllers = owners.filter((each) => each.controller === true).map((each) => `${each.kind}/${each.name}`);
  const found = nameless.map(() => invalidValue('metadata.ownerReferences.uid', '', 'must not be empty'));
  if (controllers.length < 2) return found;
  const [first = '', second = ''] = controllers;
  const why = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
  return [
    ...found,
    {
      field: 'metadata.ownerReferences',
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(owners)}: ${why}`,
    },
  ];
};

const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion'];

const finalizerNames = (finalizers: readonly string[], custom: boolean): StatusCause[] =>
  custom
    ? []
    : finalizers.flatMap((each, index) =>
        each.includes('/') || STANDARD_FINALIZERS.includes(each)
          ? []
          : [
              invalidValue(
                `metadata.finalizers[${index}]`,
                each,
                'name is neither a standard finalizer name nor is it fully qualified',
              ),
            ],
      );

/** What is wrong with metadata of an object of a kind; `custom`: the kind is defined by a CRD. */
export const metadataCauses = (kind: string, metadata: ObjectMeta, custom: boolean): StatusCause[] => [
  ...nameCauses(kind, metadata),
  ...labelCauses(metadata.labels ?? {}),
  ...annotationCauses(metadata.annotations ?? {}),
  ...ownerCauses(metadata),
  ...finalizerNames(metadata.finalizers ?? [], custom),
];

/** An object that is being deleted takes no new finalizers. */
export const finalizerCauses = (next: ObjectMeta, old: ObjectMeta): StatusCause[] => {
  if (old.deletionTimestamp === undefined) return [];
  const added = (next.finalizers ?? []).filter((each) => !(old.finalizers ?? []).includes(each));
  if (added.length === 0) return [];
  const list = added.map((each) => JSON.stringify(each)).join(', ');
  return [
    {
      field: 'metadata.finalizers',
      reason: 'FieldValueForbidden',
      message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
    },
  ];
};

/** The time of a deletion is the server's alone. */
export const deletionTimeCauses = (next: ObjectMeta, old: ObjectMeta): StatusCause[] =>
  next.deletionTimestamp === undefined || next.deletionTimestamp === old.deletionTimestamp
    ? []
    : [invalidValue('metadata.deletionTimestamp', next.deletionTimestamp, 'field is immutable')];
/** Set by the server alone: an update neither changes nor removes them. */
const SERVER_FIELDS = [
  'namespace',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generateName',
] as const;

/** `next` with what only the server sets kept from `old`. */
export const carryMetadata = (next: ObjectMeta, old: LiveObject['metadata']): LiveObject['metadata'] => {
  const { name, uid, resourceVersion } = old;
  const carried: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(next)) {
    if (!(SERVER_FIELDS as readonly string[]).includes(key)) carried[key] = value;
  }
  for (const key of SERVER_FIELDS) if (old[key] !== undefined) carried[key] = old[key];
  return { ...carried, name, uid, resourceVersion };
};
