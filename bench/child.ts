import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { median } from './row';
import { childFile } from './compile';

/** What a child process measured, by name. */
export type Figures = Readonly<Record<string, number>>;

/** Everything that still runs, so that an end of the bench ends it too. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const start = (name: string, argument: unknown): ChildProcess => {
  const flags = ['--expose-gc', '--no-warnings'];
  // A bundle of extra authorities is parsed at the start of every process: it would be measured too.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn(process.execPath, [...flags, childFile(name), JSON.stringify(argument)], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
};

const lastLine = async (child: ChildProcess): Promise<string | undefined> => {
  let last: string | undefined;
  if (child.stdout !== null) for await (const line of createInterface({ input: child.stdout })) last = line;
  return last;
};

/** Runs `children/<name>.ts` in a fresh process; the last line it prints is its figures. */
export const measureOnce = async (name: string, argument: unknown): Promise<Figures> => {
  const child = start(name, argument);
  const end = new Promise<number | string | null>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal)),
  );
  const line = await lastLine(child);
  const ended = await end;
  if (ended !== 0 || line === undefined) throw new Error(`bench child ${name} ended with ${ended}`);
  return JSON.parse(line) as Figures;
};

/** One thing to measure: a child and what it is told. */
export interface Contender {
  readonly child: string;
  readonly argument: unknown;
}

/** Medians of `runs` runs of each, taken in turns: what disturbs the machine disturbs all of them. */
export const measure = async <Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  runs: number,
): Promise<Record<Name, Figures>> => {
  const names = Object.keys(contenders) as Name[];
  const all = new Map<Name, Figures[]>(names.map((name) => [name, []]));
  for (let run = 0; run < runs; run++)
    for (const name of names) {
      const { child, argument } = contenders[name];
      all.get(name)?.push(await measureOnce(child, argument));
    }
  return Object.fromEntries(names.map((name) => [name, medians(all.get(name) ?? [])])) as Record<Name, Figures>;
};

const medians = (runs: readonly Figures[]): Figures =>
  Object.fromEntries(Object.keys(runs[0] ?? {}).map((key) => [key, median(runs.map((run) => run[key] ?? NaN))]));

/** A process that serves until it is stopped. */
export interface Served {
  /** The first line it printed. */
  readonly hello: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts `children/<name>.ts` as a server: it is ready when it prints a line, and ends when its input does. */
export const serve = async (name: string, argument: unknown): Promise<Served> => {
  const child = start(name, argument);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const hello = await new Promise<string>((resolve, reject) => {
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', resolve);
    child.once('close', (code) => reject(new Error(`bench server ${name} ended with ${code}`)));
  });
  return {
    hello,
    pid: child.pid ?? NaN,
    stop: () => {
      child.stdin?.end();
      return ended;
    },
  };
};

/** For the record. */
export const machine = (): string =>
  `${availableParallelism()} processors, Node ${process.version}, ${process.platform}/${process.arch}`;

/** How busy the machine is, for the record. */
export const loads = (): string => {
  const [one, five, fifteen] = loadavg().map((load) => load.toFixed(1));
  return `load at the start ${one}, ${five}, ${fifteen} (1, 5, 15 minutes)`;
};
