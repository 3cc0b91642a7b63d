/** Kubernetes quantities as numbers: enough to add up what Pods ask for. */
const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** `500m` → 0.5, `2Gi` → 2147483648. NaN for what is no quantity. */
export const quantityValue = (quantity: unknown): number => {
  if (typeof quantity === 'number') return quantity;
  const parsed = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]{0,2})$/.exec(String(quantity));
  const factor = FACTORS[parsed?.[2] ?? ''];
  return parsed === null || factor === undefined ? Number.NaN : Number(parsed[1]) * factor;
};

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

const scaled = (value: number, base: number, suffixes: readonly string[]): string => {
  let rest = value;
  let step = 0;
  for (; rest !== 0 && rest % base === 0 && step < suffixes.length - 1; step++) rest /= base;
  return `${rest}${suffixes[step] ?? ''}`;
};

/** As the API server stores it: `1000m` → `1`, `1024Mi` → `1Gi`, `0.5` → `500m`. The very value when it is no quantity. */
export const canonicalQuantity = (quantity: unknown): string => {
  const value = quantityValue(quantity);
  const text = String(quantity);
  if (Number.isNaN(value)) return text;
  if (!Number.isInteger(value)) return Number.isInteger(value * 1000) ? `${value * 1000}m` : text;
  return /i$/.test(text) ? scaled(value, 1024, BINARY) : scaled(value, 1000, DECIMAL);
};
