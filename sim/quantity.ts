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
