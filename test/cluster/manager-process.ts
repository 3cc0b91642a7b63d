import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from './harness';
import { NAMESPACE } from './own-plane';

const ROOT = join(__dirname, '../..');

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

/** A manager as users run it: a process of its own. */
export interface ManagerProcess {
  /** /healthz, /readyz or /metrics. */
  get(path: string): Promise<{ readonly status: number; readonly body: string }>;
  /** Standard output so far, each line parsed. */
  log(): readonly LogLine[];
  /** Everything that it has said so far, on both streams. */
  said(): string;
  /** Resolves when /readyz says 200. */
  ready(): Promise<void>;
  /** Resolves when /readyz says 503 with a text that matches. */
  waitsFor(text: RegExp): Promise<void>;
  /** Sends the signal and resolves with the exit code; null when a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  readonly ended: Promise<number | null>;
}

const running = new Set<ManagerProcess>();

/** Ends what a failed test left running. */
export const stopManagers = async (): Promise<void> => {
  for (const each of running) await each.stop('SIGKILL');
};

/** Starts `weka-operator manager` and resolves when it serves its health. */
export const startManager = async (kubeconfig: string, more: readonly string[] = []): Promise<ManagerProcess> => {
  const args = ['manager', '--kubeconfig', kubeconfig, '--operator-namespace', NAMESPACE];
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      join(ROOT, 'cli/main.ts'),
      ...args,
      '--health-address',
      '127.0.0.1:0',
      '--gateway-address',
      '127.0.0.1:0',
      ...more,
    ],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  let over = false;
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve)).finally(() => {
    over = true;
    running.delete(manager);
  });
  const port = (): string | undefined => /on port (\d+)/.exec(stderr)?.[1];
  const get: ManagerProcess['get'] = async (path) => {
    const answer = await fetch(`http://127.0.0.1:${port()}${path}`, { signal: AbortSignal.timeout(5_000) });
    return { status: answer.status, body: await answer.text() };
  };
  const readyz = async (what: string, holds: (answer: { status: number; body: string }) => boolean): Promise<void> => {
    let last = { status: 0, body: '' };
    await eventually(what, async () => holds((last = await get('/readyz'))), 90_000).catch((error: Error) => {
      throw new Error(`${error.message}\nlast: ${last.status}\n${last.body}\nlog:\n${stdout.slice(-3000)}`);
    });
  };
  const manager: ManagerProcess = {
    get,
    log: () =>
      stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as LogLine),
    said: () => stdout + stderr,
    ready: () => readyz('the manager is ready', ({ status }) => status === 200),
    waitsFor: (text) => readyz(`readiness says ${text}`, ({ status, body }) => status === 503 && text.test(body)),
    stop: (signal = 'SIGTERM') => {
      if (!over) child.kill(signal);
      return ended;
    },
    ended,
  };
  running.add(manager);
  const gone = ended.then((code) => {
    throw new Error(`it ended with ${code}: ${stdout}${stderr}`);
  });
  await Promise.race([
    gone,
    eventually('it serves its health', () => Promise.resolve(over || port() !== undefined), 120_000),
  ]);
  gone.catch(() => undefined);
  return manager;
};
