/**
 * JSON values as YAML text that every parser reads the same way, 1.1 (PyYAML, many Go tools) and 1.2 alike. Strings
 * that any of them could take for something else (`y`, `no`, `0777`, `1_000`, `12:30:45`, dates) are quoted, numbers
 * are written so that all see a number. Keys are sorted. Written by hand because the general-purpose emitters spend
 * most of their time on features that manifests don't have.
 */
import type { JsonObject, JsonValue } from '../lib/base/json';

/** Starts with a letter or slash (so it is no number or date), and has nothing in it that YAML gives a meaning. */
const PLAIN = /^[A-Za-z/](?:[\w./@%+=~-]|:(?=[\w/.])| (?=[\w/(])|[,()](?=[\w ]))*$/;
/** Words that YAML 1.1 or 1.2 reads as a boolean or null. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null)$/i;
/** What JSON leaves as it is, but YAML takes for a line break or doesn't allow. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
/** What a literal block can't carry: other breaks, control characters, and lines of white space only. */

const NOT_LITERAL =
  /^[\s]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|(?:^|\n)[ \t]+(?:\n|$)/;
/** Longest key that YAML allows without the explicit `? key` form. */
const IMPLICIT_KEY = 1000;

const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
const quoted = (text: string): string => JSON.stringify(text).replace(UNPRINTABLE, escape);

const literal = (text: string, indent: string): string => {
  const chomping = text.endsWith('\n\n') ? '+' : text.endsWith('\n') ? '' : '-';
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  return `|${chomping}\n${body
    .split('\n')
    .map((line) => (line === '' ? '' : indent + line))
    .join('\n')}`;
};

const KEYS = new Map<string, string>();
const MOST_KEYS = 4096;

const plainOrQuoted = (text: string): string => (PLAIN.test(text) && !RESERVED.test(text) ? text : quoted(text));

/** Field names repeat without end, so what was decided about them is remembered (up to a bound). */
const keyText = (key: string): string => {
  const known = KEYS.get(key);
  if (known !== undefined) return known;
  const text = plainOrQuoted(key);
  if (KEYS.size < MOST_KEYS) KEYS.set(key, text);
  return text;
};

const numberText = (value: number): string => {
  if (!Number.isFinite(value)) throw new TypeError(`${value} is not a JSON value`);
  const text = JSON.stringify(value);
  // YAML 1.1 sees a float in `1.0e+21` and a string in `1e+21`.
  return text.includes('e') && !text.includes('.') ? text.replace('e', '.0e') : text;
};

const scalarText = (value: string | number | boolean | null, indent: string): string => {
  if (typeof value === 'number') return numberText(value);
  if (typeof value !== 'string') return String(value);
  if (value.includes('\n') && !NOT_LITERAL.test(value)) return literal(value, indent);
  return plainOrQuoted(value);
};

/** What follows a key: on its line for scalars and empty containers, else on the next. */
const afterKey = (value: JsonValue, indent: string): string => {
  const inner = `${indent}  `;
  if (typeof value !== 'object' || value === null) return ` ${scalarText(value, inner)}\n`;
  if (Array.isArray(value)) return value.length === 0 ? ' []\n' : `\n${inner}${listText(value, inner)}`;
  const text = mapText(value, inner);
  return text === '' ? ' {}\n' : `\n${inner}${text}`;
};

/** What follows the dash of an item: its first line stays beside the dash. */
const afterDash = (value: JsonValue, indent: string): string => {
  const inner = `${indent}  `;
  if (typeof value !== 'object' || value === null) return ` ${scalarText(value, inner)}\n`;
  if (Array.isArray(value)) return value.length === 0 ? ' []\n' : ` ${listText(value, inner)}`;
  return ` ${mapText(value, inner) || '{}\n'}`;
};

/** Lines of a list; the first without its indent. */
const listText = (list: readonly JsonValue[], indent: string): string => {
  let text = '';
  for (const item of list) text += `${text === '' ? '' : indent}-${afterDash(item, indent)}`;
  return text;
};

/** Lines of a map in the order of `keys`; the first without its indent. */
const entriesText = (object: JsonObject, keys: readonly string[], indent: string): string => {
  let text = '';
  for (const key of keys) {
    const value = object[key];
    if (value === undefined) continue;
    const name = key.length > IMPLICIT_KEY ? `? ${quoted(key)}\n${indent}` : keyText(key);
    text += `${text === '' ? '' : indent}${name}:${afterKey(value, indent)}`;
  }
  return text;
};

const mapText = (object: JsonObject, indent: string): string => entriesText(object, Object.keys(object).sort(), indent);

const HEAD = ['apiVersion', 'kind', 'metadata', 'spec'];

/** A JSON value as one YAML document, ending in a line break. Keys are sorted, but those that head a manifest come first. */
export const yamlText = (value: JsonValue): string => {
  if (typeof value !== 'object' || value === null) return `${scalarText(value, '  ')}\n`;
  if (Array.isArray(value)) return value.length === 0 ? '[]\n' : listText(value, '');
  const head = HEAD.filter((key) => Object.hasOwn(value, key));
  const rest = Object.keys(value)
    .filter((key) => !HEAD.includes(key))
    .sort();
  return entriesText(value, [...head, ...rest], '') || '{}\n';
};
