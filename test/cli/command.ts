import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The checkout. */
export const ROOT = join(__dirname, '../..');

/** What a command left behind. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory of its own outside the checkout, as a user's is, and the command run in it. */
export interface Workplace {
  readonly directory: string;
  /** Writes a file, directories on the way too; gives `name` back. */
  write(name: string, content: string | Buffer): string;
  /** The command as a user runs it: a process of its own, with pipes instead of a terminal. */
  run(
    args: readonly string[],
    options?: { readonly input?: string; readonly env?: Readonly<Record<string, string>> },
  ): Ended;
  remove(): void;
}

/** A new Workplace. */
export const workplace = (): Workplace => {
  const directory = mkdtempSync(join(tmpdir(), 'weka-operator-cli-'));
  // tsx is looked for from the directory upwards: it is found through a link.
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return {
    directory,
    write: (name, content) => {
      const path = join(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return name;
    },
    run: (args, options = {}) => {
      const env = { PATH: process.env['PATH'], HOME: directory, NODE_PATH: join(ROOT, 'node_modules'), ...options.env };
      const command = ['--import', 'tsx', join(ROOT, 'cli/main.ts'), ...args];
      const { status, stdout, stderr } = spawnSync(process.execPath, command, {
        cwd: directory,
        encoding: 'utf8',
        input: options.input ?? '',
        env,
      });
      return { status, stdout, stderr };
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
};
