/** What a child asks of its own process. */
import { readdirSync } from 'node:fs';
import { peakMbOf } from './process';

/** Bytes of the heap that are in use after a full collection, in MB. */
export const heapMb = (): number => {
  for (let round = 0; round < 3; round++) (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 1e6;
};

/**
 * Peak resident memory of the process, in MB. Where the system tells it of the program alone: what getrusage tells includes
 * the memory of whoever started it, as it was then.
 */
export const peakMb = (): number => {
  const own = peakMbOf(process.pid);
  return Number.isNaN(own) ? process.resourceUsage().maxRSS / 1024 : own;
};

/** Open descriptors; 0 where the system doesn't tell. */
export const descriptors = (): number => {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
};

/** CPU time of the process so far, in ms. */
export const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** The longest time that the event loop was held since the start, in ms. */
export const stallWatch = (): (() => number) => {
  const EVERY_MS = 2;
  let [last, longest] = [performance.now(), 0];
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - EVERY_MS);
    last = now;
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    return longest;
  };
};

/** Ends the child with what it measured. */
export const tell = (figures: Readonly<Record<string, number>>): never => {
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
  return undefined as never;
};
