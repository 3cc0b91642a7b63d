import type { JsonObject, JsonValue } from '../base/json';
import { isJsonObject } from '../base/json';
import { closest } from './lint/closest';
import { pathText } from './lint/path';
import type { Problem } from './problem';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const NAMESPACE = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** metadata fields that Kubernetes knows; those that users write come first. */
const FIELDS = [
  'name',
  'namespace',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'generateName',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
];

const problem = (path: readonly string[], rule: string, message: string, remedy: string): Problem => ({
  path: pathText(['metadata', ...path]),
  rule,
  message,
  remedy,
});

const checkName = (value: JsonValue | undefined, generated: boolean): readonly Problem[] => {
  if (value === undefined || value === null || value === '')
    return generated ? [] : [problem(['name'], 'required', 'metadata.name is missing.', 'Give the object a name.')];
  if (typeof value === 'string' && value.length <= 253 && SUBDOMAIN.test(value)) return [];
  return [
    problem(
      ['name'],
      'name',
      `metadata.name is ${JSON.stringify(value)}, which is not a name.`,
      'Use lower-case letters, digits, - and ., at most 253 of them, beginning and ending with a letter or digit.',
    ),
  ];
};

const checkNamespace = (value: JsonValue | undefined): readonly Problem[] =>
  value === undefined ||
  value === null ||
  (typeof value === 'string' && (value === '' || (value.length <= 63 && NAMESPACE.test(value))))
    ? []
    : [
        problem(
          ['namespace'],
          'name',
          `metadata.namespace is ${JSON.stringify(value)}, which is not a namespace.`,
          'Use lower-case letters, digits and -, at most 63 of them.',
        ),
      ];

const labelKey = (key: string): boolean => {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = key.slice(slash + 1);
  return (
    name.length <= 63 &&
    LABEL_NAME.test(name) &&
    (prefix === undefined || (prefix.length <= 253 && SUBDOMAIN.test(prefix)))
  );
};
const labelValue = (value: string): boolean => value === '' || (value.length <= 63 && LABEL_NAME.test(value));

const checkMap = (field: 'labels' | 'annotations', value: JsonValue | undefined): readonly Problem[] => {
  if (value === undefined || value === null) return [];
  if (!isJsonObject(value))
    return [problem([field], 'wrong-type', `metadata.${field} must be a map.`, 'Write key: value pairs.')];
  return Object.entries(value).flatMap(([key, item]) => checkEntry(field, key, item));
};

const checkEntry = (field: 'labels' | 'annotations', key: string, value: JsonValue | undefined): readonly Problem[] => {
  if (!labelKey(key))
    return [
      problem(
        [field, key],
        'label',
        `${JSON.stringify(key)} is not a key for ${field}.`,
        'Use letters, digits, -, _ and ., at most 63 of them, after an optional domain and a slash.',
      ),
    ];
  if (value === null || value === undefined) return [];
  if (typeof value !== 'string')
    return [
      problem(
        [field, key],
        'wrong-type',
        `The value of ${key} must be a string, not ${JSON.stringify(value)}.`,
        `Put it in quotes: "${JSON.stringify(value)}".`,
      ),
    ];
  if (field === 'labels' && !labelValue(value))
    return [
      problem(
        [field, key],
        'label',
        `${JSON.stringify(value)} is not a label value.`,
        'Use letters, digits, -, _ and ., at most 63 of them, or an annotation.',
      ),
    ];
  return [];
};

/** What is wrong with the metadata of an object that a user writes. */
export const metadataProblems = (object: JsonObject): readonly Problem[] => {
  const metadata = object['metadata'];
  if (metadata !== undefined && metadata !== null && !isJsonObject(metadata))
    return [problem([], 'wrong-type', 'metadata must be a map.', 'Write name and namespace below it.')];
  const fields = metadata ?? {};
  return [
    ...checkName(fields['name'], typeof fields['generateName'] === 'string'),
    ...checkNamespace(fields['namespace']),
    ...checkMap('labels', fields['labels']),
    ...checkMap('annotations', fields['annotations']),
    ...Object.keys(fields)
      .filter((key) => !FIELDS.includes(key))
      .map(unknownField),
  ];
};

const unknownField = (key: string): Problem => {
  const near = closest(key, FIELDS);
  return problem(
    [key],
    'unknown-field',
    `metadata.${key} is not a field of metadata.`,
    near === undefined ? 'Remove it.' : `Write ${near} if that is meant, or remove it.`,
  );
};
