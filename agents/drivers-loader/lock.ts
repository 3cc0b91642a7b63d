import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { OperatorError } from '../../lib/base/errors';
import { notInImage } from './failure';

const LOCK_FILE = '.lock';
/** What flock(1) is told to end with when another holds the lock. */
const HELD_BY_ANOTHER = 75;

/**
 * Runs `act` as the only loader of the node; rejects with LoaderBusy, at once, when another one is at work. The lock is the kernel's
 * (flock): it goes with the process that holds it, however that ends, and at a reboot, so there is none that is left behind.
 * Node.js has no call for it: flock(1) holds it for as long as its standard input is open.
 */
export const withLock = async <Result>(directory: string, act: () => Promise<Result>): Promise<Result> => {
  const args = ['-n', '-E', String(HELD_BY_ANOTHER), join(directory, LOCK_FILE), 'cat'];
  const holder = spawn('flock', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => holder.once('close', () => resolve()));
  holder.stdin.on('error', () => undefined); // It says more by how it ends.
  try {
    await taken(holder, directory);
    return await act();
  } finally {
    // A crash before this line closes it as well.
    holder.stdin.end();
    if (holder.pid !== undefined) await ended;
  }
};

/** Resolves when cat, which runs under the lock, gives back what it is given. */
const taken = (holder: ChildProcess, directory: string): Promise<void> =>
  new Promise((resolve, reject) => {
    let complaint = '';
    const fail = (cause: string): void => reject(new OperatorError('NodeDirectoryUnusable', { directory, cause }));
    holder.stdout?.once('data', () => resolve());
    holder.stderr?.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-300)));
    holder.once('error', () => reject(notInImage('flock')));
    holder.once('close', (code) => {
      if (code === HELD_BY_ANOTHER) reject(new OperatorError('LoaderBusy'));
      else fail(`flock ended with ${code ?? 'a signal'}: ${complaint.trim()}`);
    });
    holder.stdin?.write('\n');
  });
