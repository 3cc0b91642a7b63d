const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Milliseconds of a duration as Go writes it: `90s`, `1h30m`, `24h0m0s`, `0`. `undefined` for anything else: the schema has
 * refused it before it got here.
 */
export const parseDuration = (text: string): number | undefined => {
  if (text === '0') return 0;
  // Escaped, because the bundle must stay plain ASCII (test/cli/bundle.test.ts).
  if (!/^([0-9]+(\.[0-9]+)?(ns|us|\u00b5s|ms|s|m|h))+$/.test(text)) return undefined;
  return [...text.matchAll(/([0-9.]+)(ns|us|\u00b5s|ms|s|m|h)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit ?? ''] ?? 0),
    0,
  );
};
