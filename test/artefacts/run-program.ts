import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export interface RunOptions {
  readonly cwd?: string;
  /** Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Standard input. Default: none. */
  readonly stdin?: string | Buffer;
}

/**
 * Runs a program to its end and gives its standard output. Rejects with the end of what it complained of. It dies with
 * this process: a preparation of minutes must not outlive the run that asked for it.
 */
export const runProgram = (program: string, args: readonly string[], options: RunOptions = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    const { cwd, env, stdin } = options;
    const child = spawn(program, args, {
      stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
    });
    const stop = (): boolean => child.kill('SIGKILL');
    process.once('exit', stop);
    const stdout: Buffer[] = [];
    let complaint = '';
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)));
    child.once('error', (error) => reject(new Error(`${program}: ${error.message}`)));
    child.once('close', (code, signal) => {
      process.removeListener('exit', stop);
      if (code === 0) resolve(Buffer.concat(stdout).toString());
      else reject(new Error(`${program} ${args[0] ?? ''} ended with ${code ?? signal}: ${complaint.trim()}`));
    });
    // A program may end before it has read everything; its exit code says more than EPIPE does.
    if (stdin !== undefined) child.stdin?.on('error', () => undefined).end(stdin);
  });

/** Where administrators' programs lie; the PATH of an ordinary user often lacks them. */
const ADMINISTRATORS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The path of a program, as a shell would find it; `undefined`: it isn't installed. */
export const findProgram = async (name: string): Promise<string | undefined> => {
  for (const directory of [...(process.env['PATH'] ?? '').split(delimiter), ...ADMINISTRATORS]) {
    const path = join(directory, name);
    if (
      directory !== '' &&
      (await access(path, constants.X_OK).then(
        () => true,
        () => false,
      ))
    )
      return path;
  }
  return undefined;
};

/** A thing that must be installed: a program of that name, or a file of that absolute path, and the Debian package that has it. */
export interface Prerequisite {
  readonly name: string;
  readonly package: string;
}

/** Those that are not there, as one phrase for people; `undefined`: all are. */
export const lackingOf = async (prerequisites: readonly Prerequisite[]): Promise<string | undefined> => {
  const lacking: Prerequisite[] = [];
  for (const one of prerequisites) {
    const there = one.name.startsWith('/')
      ? await access(one.name).then(
          () => true,
          () => false,
        )
      : await findProgram(one.name);
    if (!there) lacking.push(one);
  }
  if (lacking.length === 0) return undefined;
  const packages = [...new Set(lacking.map((one) => one.package))];
  return `${lacking.map(({ name }) => name).join(', ')} not found (Debian packages: ${packages.join(' ')})`;
};
