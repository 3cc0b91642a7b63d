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

/** Where a map or list goes: `lead` stands before its first line, `indent` before all others. */
interface Place {
  readonly lead: string;
  readonly indent: string;
}

/** Lines are collected and joined once a document: texts put together level by level take several times their size. */
type Lines = string[];

const writeValue = (value: JsonValue, head: string, indent: string, lines: Lines): void => {
  const inner = `${indent}  `;
  if (typeof value !== 'object' || value === null) lines.push(`${head} ${scalarText(value, inner)}`);
  else if (Array.isArray(value) && value.length === 0) lines.push(`${head} []`);
  else {
    const line = lines.push(head) - 1;
    const place = { lead: inner, indent: inner };
    if (Array.isArray(value)) writeList(value, place, lines);
    else if (!writeMap(value, place, lines)) lines[line] = `${head} {}`;
  }
};

/** An item: its first line stays beside the dash. */
const writeItem = (value: JsonValue, dash: string, indent: string, lines: Lines): void => {
  const place = { lead: `${dash} `, indent: `${indent}  ` };
  if (typeof value !== 'object' || value === null) lines.push(place.lead + scalarText(value, place.indent));
  else if (!Array.isArray(value)) {
    if (!writeMap(value, place, lines)) lines.push(`${dash} {}`);
  } else if (value.length === 0) lines.push(`${dash} []`);
  else writeList(value, place, lines);
};

const writeList = (list: readonly JsonValue[], { lead, indent }: Place, lines: Lines): void => {
  let before = lead;
  for (const item of list) {
    writeItem(item, `${before}-`, indent, lines);
    before = indent;
  }
};

/** Whether there was anything to write: keys whose value is `undefined` are left out. */
const writeEntries = (object: JsonObject, keys: readonly string[], { lead, indent }: Place, lines: Lines): boolean => {
  let before = lead;
  let any = false;
  for (const key of keys) {
    const value = object[key];
    if (value === undefined) continue;
    const name = key.length > IMPLICIT_KEY ? `? ${quoted(key)}\n${indent}` : keyText(key);
    writeValue(value, `${before}${name}:`, indent, lines);
    before = indent;
    any = true;
  }
  return any;
};

const writeMap = (object: JsonObject, place: Place, lines: Lines): boolean =>
  writeEntries(object, Object.keys(object).sort(), place, lines);

const HEAD = ['apiVersion', 'kind', 'metadata', 'spec'];

const NO_INDENT: Place = { lead: '', indent: '' };

/** A JSON value as one YAML document, ending in a line break. Keys are sorted, but those that head a manifest come first. */
export const yamlText = (value: JsonValue): string => {
  if (typeof value !== 'object' || value === null) return `${scalarText(value, '  ')}\n`;
  const lines: Lines = [];
  if (Array.isArray(value)) writeList(value, NO_INDENT, lines);
  else {
    const head = HEAD.filter((key) => Object.hasOwn(value, key));
    const rest = Object.keys(value)
      .filter((key) => !HEAD.includes(key))
      .sort();
    writeEntries(value, [...head, ...rest], NO_INDENT, lines);
  }
  if (lines.length === 0) return Array.isArray(value) ? '[]\n' : '{}\n';
  lines.push('');
  return lines.join('\n');
};
