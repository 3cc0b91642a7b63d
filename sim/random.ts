import type { Random } from '../controllers/runtime/random';

/** Mulberry32: 32 bits of state, fast, and the same stream on every machine. Not for secrets. */
export const seededRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return {
    next: () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  };
};

/** An independent stream for one purpose, so that drawing more here doesn't shift the numbers there. */
export const forkRandom = (seed: number, purpose: string): Random => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < purpose.length; at++) hash = Math.imul(hash ^ purpose.charCodeAt(at), 0x01000193) >>> 0;
  return seededRandom(hash ^ Math.imul(seed, 0x9e3779b1));
};

/** An integer from `low` to `high`, both included. */
export const between = (random: Random, low: number, high: number): number =>
  low + Math.floor(random.next() * (high - low + 1));

/** A UID in the form of UUID version 4, drawn from `random`. */
export const randomUid = (random: Random): string => {
  const hex = (digits: number): string =>
    Math.floor(random.next() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[Math.floor(random.next() * 4)]}${hex(3)}-${hex(6)}${hex(6)}`;
};

/** The letters and digits that the API server uses for generated names: no vowels, so no words. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/** `length` characters as `generateName` appends them. */
export const randomSuffix = (random: Random, length = 5): string => {
  let text = '';
  while (text.length < length) text += SAFE[Math.floor(random.next() * SAFE.length)];
  return text;
};
