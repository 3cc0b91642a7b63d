/**
 * JSON for people and for Git: keys sorted, indented by two. Written by hand because JSON.stringify sorts nothing: it
 * would need a sorted copy of everything, which costs more time and memory than the text itself.
 */
import type { JsonObject, JsonValue } from '../lib/base/json';

/** Nothing in it that JSON escapes. */
const SIMPLE = /^[ !#-[\]-~]*$/;

const textOf = (text: string): string => (SIMPLE.test(text) ? `"${text}"` : JSON.stringify(text));

/** Pieces are collected and joined once an item: texts put together level by level take several times their size. */
type Pieces = string[];

const write = (value: JsonValue, before: string, indent: string, pieces: Pieces): void => {
  if (typeof value === 'string') pieces.push(before + textOf(value));
  else if (typeof value !== 'object' || value === null) pieces.push(before + JSON.stringify(value));
  else if (Array.isArray(value)) writeList(value, before, indent, pieces);
  else writeMap(value, before, indent, pieces);
};

const writeList = (list: readonly JsonValue[], before: string, indent: string, pieces: Pieces): void => {
  if (list.length === 0) return void pieces.push(`${before}[]`);
  const inner = `${indent}  `;
  let lead = `${before}[${inner}`;
  for (const item of list) {
    write(item, lead, inner, pieces);
    lead = `,${inner}`;
  }
  pieces.push(`${indent}]`);
};

const writeMap = (map: JsonObject, before: string, indent: string, pieces: Pieces): void => {
  const inner = `${indent}  `;
  let lead: string | undefined;
  for (const key of Object.keys(map).sort()) {
    const value = map[key];
    if (value === undefined) continue;
    write(value, `${lead ?? `${before}{${inner}`}${textOf(key)}: `, inner, pieces);
    lead = `,${inner}`;
  }
  pieces.push(lead === undefined ? `${before}{}` : `${indent}}`);
};

/**
 * A JSON value as indented text with sorted keys, `before` in front of it, every line but the first indented by `indent`
 * spaces; keys whose value is `undefined` are left out.
 */
export const jsonText = (value: JsonValue, before = '', indent = 0): string => {
  const pieces: Pieces = [];
  write(value, before, `\n${' '.repeat(indent)}`, pieces);
  return pieces.join('');
};
