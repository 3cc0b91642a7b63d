/** The forms that names, label keys and label values have, and how the server says that one hasn't. */

export interface NameRule {
  readonly form: RegExp;
  readonly says: string;
}

/** Names of most kinds. */
export const SUBDOMAIN_RULE: NameRule = {
  form: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  says: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
};

/** Names of Services, Namespaces and containers. */
export const LABEL_RULE: NameRule = {
  form: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  says: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
};

const PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const PART_SAYS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const VALUE_SAYS =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** A complaint when `text` is longer than `limit` bytes. */
export const withinLength = (text: string, limit: number, unit = 'characters'): string[] =>
  text.length > limit ? [`must be no more than ${limit} ${unit}`] : [];

/** What is wrong with the key of a label or annotation. */
export const causesOfKey = (key: string): string[] => {
  const parts = key.split('/');
  if (parts.length > 2) {
    return [`a valid label key ${PART_SAYS} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const [prefix, name] = parts.length === 2 ? (parts as [string, string]) : [undefined, key];
  return [...(prefix === undefined ? [] : prefixFaults(prefix)), ...nameFaults(name)];
};

const prefixFaults = (prefix: string): string[] => {
  if (prefix === '') return ['prefix part must be non-empty'];
  const form = SUBDOMAIN_RULE.form.test(prefix) ? [] : [SUBDOMAIN_RULE.says];
  return [...withinLength(prefix, 253, 'bytes'), ...form].map((why) => `prefix part ${why}`);
};

const nameFaults = (name: string): string[] => {
  const length =
    name === '' ? ['name part must be non-empty'] : withinLength(name, 63, 'bytes').map((why) => `name part ${why}`);
  return [...length, ...(PART.test(name) ? [] : [`name part ${PART_SAYS}`])];
};

/** What is wrong with the value of a label. */
export const causesOfLabelValue = (value: string): string[] => [
  ...withinLength(value, 63, 'bytes'),
  ...(VALUE.test(value) ? [] : [VALUE_SAYS]),
];
