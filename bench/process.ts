/** What can be known of another process; NaN where the system doesn't tell. */
import { readFileSync } from 'node:fs';

/** Of the clock that Linux counts CPU time by, in ms. */
const TICK_MS = 10;

const read = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
};

/** Peak resident memory, in MB. */
export const peakMbOf = (pid: number): number => Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(pid, 'status'))?.[1]) / 1024;

/** CPU time so far, in ms, in steps of ten. */
export const cpuMsOf = (pid: number): number => {
  // The name comes before them, in parentheses, and may have spaces.
  const [, , , , , , , , , , , user, system] = read(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(user) + Number(system)) * TICK_MS;
};
