/** Comparing Kubernetes quantities: the server rewrites `1000m` to `1` and `1024Mi` to `1Gi`; that is no change. */
import type { JsonValue } from '../lib/base/json';

const SYNTAX = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/;
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

/** A quantity in units of 10^-9 (the finest the API server keeps), rounded up as it does; `undefined` when it is none. */
export const nanoUnits = (value: string | number): bigint | undefined => {
  const match = SYNTAX.exec(String(value).trim());
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(whole + fraction) * 1024n ** BigInt(BINARY.indexOf(suffix) + 1);
  const power = 9 - fraction.length + (exponent === undefined ? (DECIMAL[suffix] ?? 0) : Number(exponent.slice(1)));
  if (Math.abs(power) > 64) return undefined;
  const nano =
    power >= 0 ? digits * 10n ** BigInt(power) : (digits + 10n ** BigInt(-power) - 1n) / 10n ** BigInt(-power);
  return sign === '-' ? -nano : nano;
};

const isText = (value: JsonValue | undefined): value is string | number =>
  typeof value === 'string' || typeof value === 'number';

/** Whether two values are the same quantity. Values that are no quantities are compared as they are. */
export const sameQuantity = (a: JsonValue | undefined, b: JsonValue | undefined): boolean => {
  if (a === b) return true;
  if (!isText(a) || !isText(b)) return false;
  const first = nanoUnits(a);
  return first !== undefined && first === nanoUnits(b);
};
