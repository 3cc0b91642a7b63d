/** What the command line asks for. */
export interface BenchArguments {
  /** File for the rows as JSON. */
  readonly json?: string;
  /** Only measures whose id begins so. */
  readonly only?: string;
  /** Print the table as Markdown. */
  readonly markdown: boolean;
  readonly help: boolean;
}

export const USAGE = `npm run bench -- [--only ID] [--json FILE] [--markdown]

  --only ID     only the measures whose id begins with ID: synthesis, list, apply, watch, start, policy, crash, dist,
                loader, fleet
  --json FILE   write the rows as an array of {id, measure, unit, ours, peer, peerName, ratio, target, met}
  --markdown    print the table as Markdown

Every measure runs side by side with its peer, in fresh processes. The exit code is 0 whether or not targets are met.
`;

/** Parses the arguments. Throws an Error that says what is wrong. */
export const parseArguments = (given: readonly string[]): BenchArguments => {
  const valued: Record<string, string> = {};
  let [markdown, help] = [false, false];
  for (let index = 0; index < given.length; index++) {
    const argument = given[index] ?? '';
    if (argument === '--markdown') markdown = true;
    else if (argument === '--help' || argument === '-h') help = true;
    else if (argument === '--json' || argument === '--only') {
      const value = given[(index += 1)];
      if (value === undefined || value.startsWith('--')) throw new Error(`${argument} needs a value`);
      valued[argument.slice(2)] = value;
    } else throw new Error(`unknown argument ${argument}`);
  }
  return { ...valued, markdown, help };
};
