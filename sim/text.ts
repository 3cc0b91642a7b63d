import type { JsonValue } from '../lib/base/json';

/** A scalar as text; empty for what is absent or no scalar. */
export const textOf = (value: JsonValue | undefined): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
