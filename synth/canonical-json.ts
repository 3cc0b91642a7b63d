import { createHash } from 'node:crypto';
import type { JsonValue } from '../lib/base/json';
import { sorted } from './sorted';

/**
 * The one text of a JSON value: keys sorted by UTF-16 code unit, no white space, keys with the value `undefined`
 * left out, strings and numbers as JSON.stringify writes them. Equal values give equal texts on any machine.
 * Throws TypeError for what JSON can't carry (NaN, Infinity, functions, undefined in a list).
 */
export const canonicalJson = (value: JsonValue | undefined): string => {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return JSON.stringify(value);
  if (typeof value === 'number') return finite(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`${typeof value} is not a JSON value`);
  const parts: string[] = [];
  for (const key of sorted(Object.keys(value))) {
    const item = value[key];
    if (item !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(item)}`);
  }
  return `{${parts.join(',')}}`;
};

const finite = (value: number): string => {
  if (!Number.isFinite(value)) throw new TypeError(`${value} is not a JSON value`);
  return JSON.stringify(value);
};

/** SHA-256 of the canonical text, as 64 hexadecimal digits. */
export const digestOf = (value: JsonValue): string => createHash('sha256').update(canonicalJson(value)).digest('hex');
