/** Randomness as an argument: the simulator's is seeded. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

/** The machine's randomness: for jitter, never for secrets. */
export const systemRandom: Random = { next: () => Math.random() };
