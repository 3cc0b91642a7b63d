import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../artefacts/store';
import { findBinaries } from './binaries';
import { DIRECTORY_PREFIX } from './control-plane';
import { COORDINATES_VARIABLE } from './coordinates';

/** A control plane kept by another process. */
export interface SharedControlPlane {
  readonly coordinatesFile: string;
  readonly startedInMs: number;
  /** Resolves when every process of it is gone and its directory removed. */
  stop(): Promise<void>;
}

export interface SharedOptions {
  /** Of the API server. Default: loopback. */
  readonly address?: string;
  /** Program and arguments that run the keeper, and so all servers, elsewhere: `ip netns exec NAME`. */
  readonly launcher?: readonly string[];
}

/** Starts a keeper (keeper.ts) with a control plane. Rejects with what went wrong, nothing left running. */
export const startShared = async (binaries: string, options: SharedOptions = {}): Promise<SharedControlPlane> => {
  const start = Date.now();
  const script = [process.execPath, '--import', 'tsx', join(__dirname, 'keeper.ts'), binaries];
  const [program, ...args] = [...(options.launcher ?? []), ...script, ...(options.address ? [options.address] : [])];
  const keeper = spawn(program as string, args, {
    cwd: join(__dirname, '..', '..'),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const gone = new Promise<void>((resolve) => keeper.once('close', () => resolve()));
  const coordinatesFile = await firstLine(keeper);
  const stop = async (): Promise<void> => {
    keeper.stdin.end();
    await gone;
  };
  return { coordinatesFile, startedInMs: Date.now() - start, stop };
};

const firstLine = (keeper: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    let complaint = '';
    keeper.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    keeper.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('\n')) resolve(said.trim());
    });
    keeper.once('error', reject);
    keeper.once('close', () => reject(new Error(complaint.trim() || 'the keeper of the control plane ended')));
  });

/** Removes what a killed keeper left behind: its servers, by their ids and only where they run in that directory. */
export const sweepLeftovers = async (): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    if (name.startsWith(DIRECTORY_PREFIX)) await sweep(join(tmpdir(), name));
  }
};

const sweep = async (directory: string): Promise<void> => {
  const keeper = (await pids(join(directory, 'keeper.pid')))[0];
  const age = Date.now() - (await stat(directory).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
  if (keeper === undefined ? age < 60_000 : isAlive(keeper)) return;
  for (const pid of await pids(join(directory, 'servers.pid'))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(directory)) process.kill(pid, 'SIGKILL');
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
};

const pids = async (file: string): Promise<number[]> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number);
};

/** Environment variable that names a file to which reasons for skipping are appended, for the summary at the end. */
export const NOTES_VARIABLE = 'WEKA_OPERATOR_TEST_NOTES';

/**
 * One control plane for all cluster suites, its coordinates in the environment of the workers; `undefined` where no
 * binaries can be had, said loudly: the suites then report themselves as skipped. A broken build is an error in CI.
 */
export const provide = async (environment: NodeJS.ProcessEnv): Promise<SharedControlPlane | undefined> => {
  const say = (line: string): void => void process.stderr.write(`control plane: ${line}\n`);
  await sweepLeftovers();
  const binaries = await findBinaries({ environment, say });
  if ('missing' in binaries) {
    if (binaries.failed && environment['CI'])
      throw new Error(`no control plane for the cluster suites: ${binaries.missing}`);
    announceSkipping(
      `cluster suites SKIPPED: ${binaries.missing}. Install Go 1.26 or set KUBEBUILDER_ASSETS to run them.`,
      environment,
    );
    return undefined;
  }
  const shared = await startShared(binaries.directory);
  say(`ready after ${(shared.startedInMs / 1000).toFixed(1)} s (binaries: ${binaries.origin}, ${binaries.directory})`);
  environment[COORDINATES_VARIABLE] = shared.coordinatesFile;
  return shared;
};

/** Says loudly that suites are skipped, and why; again in the summary at the end. */
export const announceSkipping = (note: string, environment: NodeJS.ProcessEnv): void => {
  const line = '='.repeat(100);
  process.stderr.write(`\n${line}\n${note}\n${line}\n\n`);
  const notes = environment[NOTES_VARIABLE];
  if (notes !== undefined) appendFileSync(notes, `${note}\n`);
};
