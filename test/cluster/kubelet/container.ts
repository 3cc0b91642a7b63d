import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, openSync, closeSync, realpathSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A directory or file of this machine, and where the container has it. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface ContainerOrder {
  /** Directory of its own; made anew. */
  readonly directory: string;
  /** Directory with the files of its image. */
  readonly image: string;
  /** Directory that is the node's root. */
  readonly node: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** File that what it says is added to. */
  readonly log: string;
}

/** How a container's first process ended: as a shell counts it, 128 and more for a signal. */
export interface Ended {
  readonly exitCode: number;
  readonly message: string;
}

const SIGNAL_NUMBER: Readonly<Record<string, number>> = { SIGINT: 2, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };
const ENTER = join(__dirname, 'enter.sh');
/** As the kubelet cuts it. */
const MESSAGE_BYTES = 4096;

/**
 * Where a path leads once it is the container's: links of this machine, whose root lies below it, are followed here, because
 * an absolute one (/var/run) would lead out of a root that is not entered yet.
 */
const inRoot = (path: string): string => {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return join(inRoot(parent), path.slice(parent.length));
};

/** A process in a file system of its own, made of this machine's and the image's. It ends with whoever started it. */
export class Container {
  readonly ended: Promise<Ended>;

  private constructor(
    private readonly child: ChildProcess,
    message: string,
  ) {
    const exit = new Promise<number>((resolve) => {
      child.once('error', () => resolve(127));
      child.once('exit', (code, signal) => resolve(code ?? 128 + (SIGNAL_NUMBER[signal ?? ''] ?? 0)));
    });
    this.ended = exit.then(async (exitCode) => {
      const bytes = await readFile(message).catch(() => Buffer.alloc(0));
      return { exitCode, message: bytes.subarray(0, MESSAGE_BYTES).toString('utf8') };
    });
  }

  static async start(order: ContainerOrder): Promise<Container> {
    const [layers, message] = [join(order.directory, 'layers'), join(order.directory, 'termination-log')];
    await rm(order.directory, { recursive: true, force: true });
    await mkdir(layers, { recursive: true });
    await writeFile(message, '');
    const mounts = order.mounts.flatMap(({ source, target, readOnly }) => [
      realpathSync(source),
      inRoot(target),
      readOnly ? 'ro' : 'rw',
    ]);
    const enter = ['/bin/sh', ENTER, layers, order.image, order.node, message, ...mounts, '--', ...order.command];
    const log = openSync(order.log, 'a');
    const child = spawn('unshare', ['--mount', '--propagation', 'private', ...enter], {
      env: order.environment,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    return new Container(child, message);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Whether a program that is run inside ends with 0, as `kubectl exec` runs it. */
  run(command: readonly string[]): Promise<boolean> {
    return new Promise((resolve) => {
      const inside = ['--target', String(this.child.pid), '--mount', '--root', '--wd=/', '--', ...command];
      const child = spawn('nsenter', inside, { stdio: 'ignore' });
      child.once('error', () => resolve(false));
      child.once('exit', (code) => resolve(code === 0));
    });
  }
}
