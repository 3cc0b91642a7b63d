import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode, ErrorParameters } from '../lib/base/errors';
import { OperatorError } from '../lib/base/errors';
import type { SourceDocument } from './parse-yaml';
import { helmHint, parseYaml } from './parse-yaml';

/** Files above this are refused unread, in MB. */
export const LIMIT_MB = 10;
const MB = 1024 * 1024;
const MANIFEST = /\.(ya?ml|json)$/i;
const IGNORED = new Set(['node_modules', '.git']);

/** Something about a file that keeps it, or a document of it, from being read. */
export interface FileProblem {
  readonly file: string;
  readonly line: number;
  readonly document: number;
  readonly error: OperatorError;
  /** What to do; more telling than the table's remedy where the text tells more. */
  readonly remedy: string;
}

/** Everything that the paths hold, in the order given; files of a directory by name. */
export interface ReadResult {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly FileProblem[];
  /** How many files were looked at. */
  readonly files: number;
}

/** Reads files, directories (recursively: .yaml, .yml, .json) and standard input (`-`). Never throws for what users give it. */
export const readFiles = (paths: readonly string[]): ReadResult => {
  const listed = [...new Set(paths)].map(listFiles);
  const files = [...new Set(listed.flatMap((each) => each.files))];
  const read = files.map(readOne);
  return {
    documents: read.flatMap((each) => each.documents),
    problems: [...listed.flatMap((each) => each.problems), ...read.flatMap((each) => each.problems)],
    files: files.length,
  };
};

interface Listed {
  readonly files: readonly string[];
  readonly problems: readonly FileProblem[];
}

const fileProblem = (file: string, code: ErrorCode, parameters: ErrorParameters = {}): FileProblem => {
  const error = new OperatorError(code, { file: displayName(file), ...parameters });
  return { file, line: 1, document: 1, error, remedy: error.remedy };
};

const displayName = (file: string): string => (file === '-' ? 'standard input' : file);

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is a file',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files',
};

const unreadable = (file: string, thrown: unknown): FileProblem => {
  const { code = '', message } = thrown as NodeJS.ErrnoException;
  return fileProblem(file, 'FileUnreadable', { cause: CAUSES[code] ?? message });
};

const listFiles = (path: string): Listed => {
  if (path === '-') return { files: ['-'], problems: [] };
  try {
    if (!statSync(path).isDirectory()) return { files: [path], problems: [] };
    const found = listDirectory(path);
    const nothing = found.files.length === 0 && found.problems.length === 0;
    return nothing
      ? {
          files: [],
          problems: [
            fileProblem(path, 'FileUnreadable', { cause: 'the directory holds no .yaml, .yml or .json file' }),
          ],
        }
      : found;
  } catch (thrown) {
    return { files: [], problems: [unreadable(path, thrown)] };
  }
};

const listDirectory = (directory: string): Listed => {
  try {
    const entries = readdirSync(directory, { withFileTypes: true }).sort((left, right) =>
      left.name < right.name ? -1 : 1,
    );
    const found = entries
      .filter((entry) => !IGNORED.has(entry.name))
      .map((entry): Listed => {
        const path = join(directory, entry.name);
        if (entry.isDirectory()) return listDirectory(path);
        return { files: MANIFEST.test(entry.name) ? [path] : [], problems: [] };
      });
    return { files: found.flatMap((each) => each.files), problems: found.flatMap((each) => each.problems) };
  } catch (thrown) {
    return { files: [], problems: [unreadable(directory, thrown)] };
  }
};

const readOne = (file: string): Omit<ReadResult, 'files'> => {
  const content = readText(file);
  if (typeof content !== 'string') return { documents: [], problems: [content] };
  const parsed = parseYaml(content, file);
  const problems = parsed.problems.map((found): FileProblem => {
    const { line, document, cause, remedy } = helmHint(content, found);
    return {
      file,
      line,
      document,
      error: new OperatorError('YamlInvalid', { file: displayName(file), line, cause }),
      remedy,
    };
  });
  const empty = parsed.documents.length === 0 && problems.length === 0;
  return { documents: parsed.documents, problems: empty ? [fileProblem(file, 'FileEmpty')] : problems };
};

const readText = (file: string): string | FileProblem => {
  try {
    const size = file === '-' ? 0 : statSync(file).size;
    if (size > LIMIT_MB * MB) return tooLarge(file, size);
    const bytes = readFileSync(file === '-' ? 0 : file);
    if (bytes.length > LIMIT_MB * MB) return tooLarge(file, bytes.length);
    return isText(bytes) ? bytes.toString('utf8') : fileProblem(file, 'FileNotText');
  } catch (thrown) {
    return unreadable(file, thrown);
  }
};

const tooLarge = (file: string, bytes: number): FileProblem =>
  fileProblem(file, 'FileTooLarge', { size: (bytes / MB).toFixed(1), limit: LIMIT_MB });

/** UTF-8 without NUL bytes. */
const isText = (bytes: Buffer): boolean => {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
};
