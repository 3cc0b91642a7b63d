const DIGITS = /^\d+$/;

/**
 * Compares two resource versions of one kind: negative when `a` is older, 0 when equal, positive when newer;
 * `undefined` when either is not a number, as storages other than etcd may have it: then nothing is known.
 */
export const compareVersions = (a: string, b: string): number | undefined => {
  if (!DIGITS.test(a) || !DIGITS.test(b)) return undefined;
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (left.length !== right.length) return left.length - right.length;
  if (left === right) return 0;
  return left < right ? -1 : 1;
};

/** Whether `a` is certainly older than `b`. */
export const isOlder = (a: string, b: string): boolean => (compareVersions(a, b) ?? 0) < 0;

/** Whether `a` is certainly as new as `b`, or newer. */
export const isAtLeast = (a: string, b: string): boolean => (compareVersions(a, b) ?? -1) >= 0;
