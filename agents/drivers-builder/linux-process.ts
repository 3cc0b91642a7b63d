import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Command, Ended, Watch } from './host';

/** A line of a program that never ends its lines is cut there. */
const LINE_CHARACTERS = 4096;

/** Hands on the lines of a stream as they come; what has no end is the last line. */
const splitLines = (stream: Readable | null, onLine: (line: string) => void): void => {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? '';
    if (rest.length > LINE_CHARACTERS) lines.push(rest.slice(0, LINE_CHARACTERS));
    if (rest.length > LINE_CHARACTERS) rest = '';
    for (const line of lines) onLine(line.slice(0, LINE_CHARACTERS));
  });
  stream?.on('end', () => {
    if (rest !== '') onLine(rest);
  });
};

/** Kills a program and all that it started: they are a process group of their own. */
const killGroup = (child: ChildProcess): void => {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself just now.
  }
};

/**
 * Runs a program to its end. No shell, no standard input, an environment of its own. What it leaves running when it ends
 * is killed too: nothing goes on behind the next step's back.
 */
export const runProcess = ({ program, args, env }: Command, { onLine, signal }: Watch): Promise<Ended> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const child = spawn(program, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const kill = (): void => killGroup(child);
    const settle = (ended: Ended): void => {
      signal.removeEventListener('abort', kill);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve(ended);
    };
    signal.addEventListener('abort', kill, { once: true });
    splitLines(child.stdout, onLine);
    splitLines(child.stderr, onLine);
    child.once('error', (error) => settle({ how: 'not started', cause: error.message }));
    // Its descendants may hold its output open; without this, `close` would wait for them.
    child.once('exit', kill);
    child.once('close', (code, killed) =>
      settle(code === null ? { how: 'killed', signal: killed ?? 'unknown' } : { how: 'exited', code }),
    );
  });
