/** What a command may know of the world around it; tests give their own. */
export interface Terminal {
  /** Results. Machine-readable when asked for; nothing else goes there. */
  readonly out: (text: string) => void;
  /** Progress, summaries and errors. */
  readonly err: (text: string) => void;
  /** Whether results may carry colour. */
  readonly colour: boolean;
  /** Whether messages on `err` may carry colour and be overwritten. */
  readonly errIsTerminal: boolean;
  /** Columns of the terminal; undefined when the output is not one. */
  readonly width: number | undefined;
}

/** The process's own terminal. Colour only on a terminal, never with NO_COLOR or TERM=dumb. */
export const processTerminal = (): Terminal => {
  const plain = (process.env['NO_COLOR'] ?? '') !== '' || process.env['TERM'] === 'dumb';
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    colour: process.stdout.isTTY === true && !plain,
    errIsTerminal: process.stderr.isTTY === true && !plain,
    width: process.stdout.isTTY === true ? process.stdout.columns : undefined,
  };
};

const CODES = { red: 31, green: 32, yellow: 33, blue: 34, cyan: 36, bold: 1, dim: 2 } as const;
export type Colour = keyof typeof CODES;

/** `text` in `colour`, or plain when colour is off. */
export const paint = (on: boolean, colour: Colour, text: string): string =>
  on ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
