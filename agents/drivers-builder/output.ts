/** Lines that are kept of what a program says. */
const TAIL = 5;
const TAIL_CHARACTERS = 200;
const ERRORS = 500;

/** Lines that tell of an error, the most telling kind first. */
const KINDS: readonly RegExp[] = [
  /^(?<file>[^\s:][^:]*):(?<line>\d+)(:\d+)?: (fatal )?error: /,
  /^[^\s:]+: (fatal )?error: /,
  /^ERROR: /,
  /undefined reference to|^ld: /,
  /: not found$|: No such file or directory$/,
  /^make(\[\d+\])?: \*\*\* /,
];

interface FoundError {
  readonly kind: number;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const readError = (text: string): FoundError | undefined => {
  const kind = KINDS.findIndex((pattern) => pattern.test(text));
  if (kind < 0) return undefined;
  const groups = KINDS[kind]?.exec(text)?.groups;
  return { kind, file: groups?.['file'] ?? '', line: Number(groups?.['line'] ?? 0), text };
};

const compare = (a: FoundError, b: FoundError): number =>
  a.kind - b.kind || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line);

/**
 * What is worth telling of a program's output: its last lines, and its first error. Files are compiled at once, and the
 * order of their lines is chance: the first error is the first by file and line, so that the same failure is told alike.
 */
export class Output {
  private readonly errors: FoundError[] = [];
  private readonly tail: string[] = [];
  /** Whether a line told that there is no space left. */
  full = false;

  /** `directory`: left out of lines that name a file in it. */
  constructor(private readonly directory = '') {}

  take(line: string): void {
    const text = this.directory === '' ? line : line.replaceAll(`${this.directory}/`, '');
    if (text.trim() === '') return;
    this.tail.push(text.length > TAIL_CHARACTERS ? `${text.slice(0, TAIL_CHARACTERS)}…` : text);
    if (this.tail.length > TAIL) this.tail.shift();
    this.full ||= text.includes('No space left on device');
    const error = readError(text);
    if (error !== undefined && this.errors.length < ERRORS) this.errors.push(error);
  }

  get last(): readonly string[] {
    return this.tail;
  }

  /** `undefined`: no line looked like one. */
  get error(): string | undefined {
    return [...this.errors].sort(compare)[0]?.text;
  }
}
