import { Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from '../exit';
import { FORMATS } from '../output-formats';
import type { Terminal } from '../terminal';

/** What a command needs to run; main.ts gives the process's own. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Takes the exit code of the command that ran. */
  readonly exit: (code: ExitCode) => void;
}

/** Gathers the values of a repeatable option. */
export const collect = (value: string, earlier: readonly string[] | undefined): readonly string[] => [
  ...(earlier ?? []),
  value,
];

/** `-f`, as kubectl has it: repeatable. */
export const filenameOption = (): Option =>
  new Option(
    '-f, --filename <path>',
    'file, directory (recursively .yaml, .yml, .json) or - for standard input; repeatable',
  )
    .argParser(collect)
    .makeOptionMandatory();

/** `-o table|json|yaml`. */
export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'how to print the result').choices([...FORMATS]).default('table');

/** A whole number within bounds. */
export const wholeNumber =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high)
      throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
    return value;
  };

/** A count of nodes, at least 1, or a share of them: `3`, `10%`. */
export const countOrShare = (text: string): string => {
  if (!/^([1-9]\d{0,5}|([1-9]\d?|100)%)$/.test(text))
    throw new InvalidArgumentError('It must be a count from 1, as in 3, or a share from 1% to 100%.');
  return text;
};

/** A command with the parts of its help in one order: what it does, options, examples, exit codes. */
export const describedCommand = (
  name: string,
  help: {
    readonly summary: string;
    readonly description: string;
    readonly examples: readonly [string, string][];
    readonly exits: readonly [number, string][];
  },
): Command =>
  new Command(name)
    .summary(help.summary)
    // One paragraph: commander breaks its lines where the terminal ends.
    .description(help.description.replaceAll('\n', ' '))
    .addHelpText(
      'after',
      `\nExamples:\n${help.examples.map(([what, how]) => `  # ${what}\n  ${how}\n`).join('\n')}\nExit codes:\n${help.exits.map(([code, meaning]) => `  ${code}  ${meaning}`).join('\n')}\n`,
    );
