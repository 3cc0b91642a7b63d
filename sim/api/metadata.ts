/** Rules that names, labels and finalizers of every object follow, and what an update of metadata may change. */
import type { StatusCause } from '../../controllers/kube/api-error';
import type { LiveObject, ObjectMeta } from '../../lib/base/kube-object';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const PATH_SEGMENT = /^[^/%]+$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const QUALIFIED = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL_RULE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";

const bad = (field: string, value: string, why: string): StatusCause => ({
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});

const nameCauses = (kind: string, name: string): StatusCause[] => {
  if (kind === 'Service') return LABEL.test(name) && name.length <= 63 ? [] : [bad('metadata.name', name, LABEL_RULE)];
  if (['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'].includes(kind)) {
    return PATH_SEGMENT.test(name) ? [] : [bad('metadata.name', name, "may not contain '/' or '%'")];
  }
  if (name.length > 253) return [bad('metadata.name', name, 'must be no more than 253 characters')];
  return SUBDOMAIN.test(name) ? [] : [bad('metadata.name', name, SUBDOMAIN_RULE)];
};

const labelCauses = (labels: Readonly<Record<string, string>>): StatusCause[] =>
  Object.entries(labels).flatMap(([key, value]) => {
    const name = key.slice(key.indexOf('/') + 1);
    if (!QUALIFIED.test(key) || name.length > 63) {
      return [
        bad(
          'metadata.labels',
          key,
          'name part must consist of alphanumeric characters, and be no more than 63 characters',
        ),
      ];
    }
    if (value.length > 63) return [bad('metadata.labels', value, 'must be no more than 63 characters')];
    const rule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'";
    return LABEL_VALUE.test(value) ? [] : [bad('metadata.labels', value, rule)];
  });

const ownerCauses = (metadata: ObjectMeta): StatusCause[] => {
  const controllers = (metadata.ownerReferences ?? []).filter((each) => each.controller === true);
  return controllers.length < 2
    ? []
    : [
        bad(
          'metadata.ownerReferences',
          controllers.map((each) => each.name).join(', '),
          'Only one reference can have Controller set to true',
        ),
      ];
};

/** What is wrong with metadata, whatever the kind. */
export const metadataCauses = (kind: string, metadata: ObjectMeta): StatusCause[] => [
  ...nameCauses(kind, metadata.name),
  ...labelCauses(metadata.labels ?? {}),
  ...ownerCauses(metadata),
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
