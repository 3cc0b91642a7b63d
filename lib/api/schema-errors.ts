import type { ErrorObject } from 'ajv';
import { DURATION_PATTERN } from './field';
import { closest } from './lint/closest';
import type { Path } from './lint/path';
import { parsePath, pathText, valueAt } from './lint/path';
import type { Problem } from './problem';
import { CIDR_PATTERN } from './network';
import { IMAGE_PATTERN } from './shared-spec';

const typeName = (value: unknown): string =>
  Array.isArray(value)
    ? 'a list'
    : value === null
      ? 'null'
      : typeof value === 'object'
        ? 'a map'
        : `the ${typeof value}`;
const quoted = (value: unknown): string =>
  typeof value === 'object' && value !== null ? typeName(value) : JSON.stringify(value);
const got = (value: unknown): string =>
  typeof value === 'object' ? typeName(value) : `${typeName(value)} ${JSON.stringify(value)}`;

const WORDS: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
};
const expected = (types: string | readonly string[]): string =>
  [types]
    .flat()
    .map((type) => WORDS[type] ?? type)
    .join(' or ');

const typeRemedy = (types: string | readonly string[], value: unknown): string => {
  const wanted = [types].flat();
  if (typeof value === 'string' && /^-?\d+$/.test(value) && wanted.includes('integer'))
    return `Write ${value} without quotes.`;
  if (typeof value === 'string' && /^(true|false)$/.test(value) && wanted.includes('boolean'))
    return `Write ${value} without quotes.`;
  if ((typeof value === 'number' || typeof value === 'boolean') && wanted.includes('string'))
    return `Put it in quotes: "${value}".`;
  if (wanted.includes('array')) return 'Write a list, each item on a line of its own after a dash.';
  return `Write ${expected(types)}.`;
};

/** Patterns that users meet often, in words: what is meant, and how to write it. */
const FORMS: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  [DURATION_PATTERN]: ['a duration', 'Write numbers with units, for example 90s, 5m or 1h30m.'],
  [IMAGE_PATTERN]: ['an image with a version', 'Add the version as a tag, for example :4.4.10.200, or a digest.'],
  [CIDR_PATTERN]: ['a subnet', 'Write address and prefix length, for example 10.20.0.0/24.'],
};

type Said = Pick<Problem, 'rule' | 'message' | 'remedy'>;
type Say = (path: string, value: unknown, error: ErrorObject) => Said;
const params = (error: ErrorObject): Record<string, unknown> => error.params as Record<string, unknown>;

const bound: Say = (path, value, error) => ({
  rule: 'bounds',
  message: `${path} is ${quoted(value)}, but ${error.message ?? 'it is out of bounds'}.`,
  remedy: `Choose a value within the bound: ${error.message ?? 'see the reference'}.`,
});

const SAY: Readonly<Record<string, Say>> = {
  type: (path, value, error) => {
    const types = params(error)['type'] as string | readonly string[];
    return {
      rule: 'wrong-type',
      message: `${path} must be ${expected(types)}, not ${got(value)}.`,
      remedy: typeRemedy(types, value),
    };
  },
  enum: (path, value, error) => {
    const allowed = params(error)['allowedValues'] as readonly string[];
    const near = typeof value === 'string' ? closest(value, allowed) : undefined;
    return {
      rule: 'enum',
      message: `${path} is ${quoted(value)}, which is none of ${allowed.join(', ')}.`,
      remedy: near === undefined ? 'Choose one of them.' : `Write ${near} if that is meant.`,
    };
  },
  required: (path) => ({
    rule: 'required',
    message: `${path} is missing.`,
    remedy: 'Add it; the reference page of the kind says what it does.',
  }),
  pattern: (path, value, error) => {
    const pattern = String(params(error)['pattern']);
    const [what, remedy] = FORMS[pattern] ?? [
      `of the form ${pattern}`,
      'Correct its form; the reference page of the kind shows examples.',
    ];
    return { rule: 'pattern', message: `${path} is ${quoted(value)}, which is not ${what}.`, remedy };
  },
  format: (path, value, error) => ({
    rule: 'format',
    message: `${path} is ${quoted(value)}, which is not a ${String(params(error)['format'])}.`,
    remedy: 'Correct its form.',
  }),
  minimum: bound,
  maximum: bound,
  minLength: bound,
  maxLength: bound,
  minItems: bound,
  maxItems: bound,
  maxProperties: bound,
};

const other: Say = (path, value, error) => ({
  rule: error.keyword,
  message: `${path} is ${quoted(value)}: ${error.message ?? 'not valid'}.`,
  remedy: 'Correct it; see the reference page of the kind.',
});

/** A finding of ajv on `root` as a sentence with a remedy. */
export const problemOf = (root: unknown, error: ErrorObject): Problem => {
  const parent: Path = error.instancePath === '' ? [] : parsePath(error.instancePath);
  const at = error.keyword === 'required' ? [...parent, String(params(error)['missingProperty'])] : parent;
  const path = pathText(at);
  return { path, ...(SAY[error.keyword] ?? other)(path, valueAt(root, at), error) };
};
