import { isJsonObject } from './json';

/**
 * Shapes of JSON that comes over a wire from somebody who may be older, newer or hostile. A shape says what is wrong as a
 * sentence that names the place; fields that it doesn't name are not looked at.
 */

/** What is wrong with `value`, which stands at `path`; `undefined`: nothing. */
export type Shape = (value: unknown, path: string) => string | undefined;

const complain = (good: boolean, path: string, what: string): string | undefined =>
  good ? undefined : `${path} is not ${what}`;

/** A text of at most `length` characters, on one line. */
export const line =
  (length: number): Shape =>
  (value, path) =>
    complain(
      typeof value === 'string' && value.length <= length && !/[\u0000-\u001f\u007f]/.test(value),
      path,
      `a line of at most ${length} characters`,
    );

/** A text of at most `length` characters. */
export const text =
  (length: number): Shape =>
  (value, path) =>
    complain(typeof value === 'string' && value.length <= length, path, `a text of at most ${length} characters`);

/** A text that `test` accepts; `what` says which those are. */
export const textThat =
  (test: (text: string) => boolean, what: string): Shape =>
  (value, path) =>
    complain(typeof value === 'string' && test(value), path, what);

export const oneOf =
  (...values: readonly string[]): Shape =>
  (value, path) =>
    complain(typeof value === 'string' && values.includes(value), path, `one of ${values.join(', ')}`);

export const flag: Shape = (value, path) => complain(typeof value === 'boolean', path, 'true or false');

/** A whole number from `least` to `most`. */
export const whole =
  (least: number, most = Number.MAX_SAFE_INTEGER): Shape =>
  (value, path) =>
    complain(
      Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
      path,
      `a whole number from ${least} to ${most}`,
    );

/** A list of at most `length` items, each of that shape. */
export const listOf =
  (item: Shape, length: number): Shape =>
  (value, path) => {
    if (!Array.isArray(value) || value.length > length) return `${path} is not a list of at most ${length} items`;
    for (const [at, each] of value.entries()) {
      const problem = item(each, `${path}[${at}]`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };

/** Texts under any names, each of that shape. */
export const mapOf =
  (item: Shape): Shape =>
  (value, path) => {
    if (!isJsonObject(value)) return `${path} is not an object`;
    for (const [name, each] of Object.entries(value)) {
      const problem = item(each, `${path}.${name}`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };

/** An object with these fields; the `may` ones can be absent. */
export const fields =
  (must: Readonly<Record<string, Shape>>, may: Readonly<Record<string, Shape>> = {}): Shape =>
  (value, path) => {
    if (!isJsonObject(value)) return `${path} is not an object`;
    for (const [name, shape] of Object.entries({ ...must, ...may })) {
      if (value[name] === undefined && name in may) continue;
      const problem = shape(value[name], path === '' ? name : `${path}.${name}`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
