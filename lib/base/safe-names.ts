import { createHash } from 'node:crypto';

const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The first `digits` hexadecimal digits of the SHA-256 of `text`. */
export const shortHash = (text: string, digits = 8): string =>
  createHash('sha256').update(text).digest('hex').slice(0, digits);

/**
 * `text` as a label value. A text that is one already stays as it is; any other is cut and carries a hash, so that
 * two different texts never become the same value (`x86_64` and `x86_64+rt`, 70-character kernel releases).
 */
export const labelValue = (text: string): string =>
  LABEL_VALUE.test(text) ? text : cut(text.replace(/[^A-Za-z0-9._-]+/g, '_'), shortHash(text));

/**
 * A name of at most 63 characters for a child, from parts that say what it is: `drivers-builder-4.4.5-x86-64`.
 * Dots and other foreign characters become dashes; whenever that or a cut loses something, a hash keeps names apart.
 */
export const childName = (...parts: readonly string[]): string => {
  const joined = parts.filter((part) => part !== '').join('-');
  return DNS_LABEL.test(joined) ? joined : cut(joined.toLowerCase().replace(/[^a-z0-9]+/g, '-'), shortHash(joined));
};

const cut = (text: string, hash: string): string => {
  const head = text.slice(0, 63 - hash.length - 1).replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  return head === '' ? hash : `${head}-${hash}`;
};
