import { chmodSync, closeSync, copyFileSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../../lib/base/errors';
import type { ExitCode } from '../exit';
import { EXIT } from '../exit';
import type { Terminal } from '../terminal';

/** Arguments of `weka-operator copy-agent`. */
export interface CopyAgentOptions {
  /** `drivers-builder`; a bundle of that name lies beside the operator's. */
  readonly name: string;
  readonly directory: string;
  /** Where the agents' bundles lie. @default beside the operator's own bundle */
  readonly agents?: string;
  /** The runtime. @default the one that runs this */
  readonly runtime?: string;
}

/** Copies runtime and agent. Throws AgentMissing or OutputFailed. */
export const runCopyAgent = (options: CopyAgentOptions, terminal: Terminal): ExitCode => {
  const { name, directory, agents = join(__dirname, 'agents'), runtime = process.execPath } = options;
  const known = agentsIn(agents);
  if (!known.includes(name)) {
    throw new OperatorError('AgentMissing', { agent: name, known: known.length === 0 ? 'none' : known.join(', ') });
  }
  attempt(directory, () => mkdirSync(directory, { recursive: true }));
  replace(runtime, join(directory, 'node'), 0o755);
  replace(join(agents, `${name}.js`), join(directory, `${name}.js`), 0o644);
  terminal.err(`copied node and ${name}.js to ${directory}\n`);
  return EXIT.fine;
};

const agentsIn = (directory: string): string[] => {
  try {
    const names = readdirSync(directory).filter((file) => file.endsWith('.js'));
    return names.map((file) => file.slice(0, -'.js'.length)).sort();
  } catch {
    // Run from sources: no bundles were made.
    return [];
  }
};

/**
 * Under another name first, on disk, then renamed: a container never starts half a runtime. A crash leaves that other
 * name behind, which the next try writes over.
 */
const replace = (source: string, target: string, mode: number): void =>
  attempt(target, () => {
    const unfinished = `${target}.unfinished`;
    copyFileSync(source, unfinished);
    chmodSync(unfinished, mode);
    const descriptor = openSync(unfinished, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(unfinished, target);
  });

const attempt = <T>(file: string, act: () => T): T => {
  try {
    return act();
  } catch (error) {
    throw new OperatorError('OutputFailed', { file, cause: (error as Error).message }, { cause: error });
  }
};
