import { setTimeout as wait } from 'node:timers/promises';

/** Between two looks: each costs a kubectl, and the node needs the processor more. */
const INTERVAL_MS = 1000;

/** Resolves as soon as `holds` gives true; rejects with `what` after `timeoutMs` (default 300,000) and the last error. */
export const eventually = async (what: string, holds: () => Promise<boolean>, timeoutMs = 300_000): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      if (await holds()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`, { cause: last });
    await wait(INTERVAL_MS);
  }
};
