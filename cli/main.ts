#!/usr/bin/env node
import { CommanderError } from 'commander';
import type { ExitCode } from './exit';
import { EXIT } from './exit';
import { program } from './program';
import { processTerminal } from './terminal';
import { reportFailure } from './report-failure';

/** The entry point of the package: parses the command line, runs one command, sets the exit code. */
const main = async (): Promise<ExitCode> => {
  const terminal = processTerminal();
  let code: ExitCode = EXIT.fine;
  try {
    await program({ terminal, exit: (given) => (code = given) }).parseAsync(process.argv);
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError)
      return thrown.exitCode === 0 || thrown.code === 'commander.help' ? helpCode(thrown) : EXIT.usage;
    return reportFailure(thrown, terminal);
  }
};

/** Help that was asked for is fine; help because nothing was said is wrong usage. */
const helpCode = (thrown: CommanderError): ExitCode => (thrown.code === 'commander.help' ? EXIT.usage : EXIT.fine);

/** A reader that has seen enough (`| head`) is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.fine);
});

void main().then((code) => (process.exitCode = code));
