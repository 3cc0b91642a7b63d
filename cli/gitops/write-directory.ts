import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { OperatorError } from '../../lib/base/errors';

/** Says which files of a directory are ours; lies beside them. No .json: kubectl and Argo CD would take it for a manifest. */
export const MARKER = '.weka-operator-synth';
const FORMAT = 1;

/** A file to be written; `path` is relative, with `/`. */
export interface OutputFile {
  readonly path: string;
  readonly text: string;
}

/** What became of the files. */
export interface WriteResult {
  readonly written: readonly string[];
  readonly unchanged: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Makes `directory` hold exactly `files` of ours. What others put there stays. Everything is written beside its place
 * first and then renamed, so a full disk changes nothing. A crash leaves old and new files mixed, each whole, and a
 * marker that names both: the next run finishes the work.
 */
export const writeDirectory = (directory: string, files: readonly OutputFile[]): WriteResult => {
  const before = ownedFiles(directory);
  const wanted = files.map(({ path }) => path);
  const foreign = wanted.find((path) => !before.includes(path) && existsSync(join(directory, path)));
  if (foreign !== undefined) throw new OperatorError('OutputNotOurs', { directory: join(directory, foreign) });
  const changed = files.filter(({ path, text }) => readIfFile(join(directory, path)) !== text);
  const removed = before.filter((path) => !wanted.includes(path));
  replaceFiles(directory, [marker([...before, ...wanted])]);
  replaceFiles(directory, changed);
  for (const path of removed) removeFile(directory, path);
  replaceFiles(directory, [marker(wanted)]);
  const written = changed.map(({ path }) => path);
  return { written, unchanged: wanted.filter((path) => !written.includes(path)), removed };
};

const marker = (paths: readonly string[]): OutputFile => ({
  path: MARKER,
  text: `${JSON.stringify({ madeBy: 'weka-operator synth', format: FORMAT, files: [...new Set(paths)].sort() }, null, 2)}\n`,
});

/** The files that an earlier run wrote. Throws OutputNotOurs when the directory holds something and no marker. */
const ownedFiles = (directory: string): readonly string[] => {
  if (!existsSync(directory)) return [];
  if (!lstatSync(directory).isDirectory() && !isDirectory(directory))
    throw new OperatorError('OutputFailed', { file: directory, cause: 'it is a file, not a directory' });
  const text = readIfFile(join(directory, MARKER));
  if (text !== undefined) return parseMarker(directory, text);
  const entries = attempt(directory, () => readdirSync(directory));
  if (entries.length > 0) throw new OperatorError('OutputNotOurs', { directory });
  return [];
};

const parseMarker = (directory: string, text: string): readonly string[] => {
  try {
    const { files, format } = JSON.parse(text) as { files?: unknown; format?: unknown };
    if (format === FORMAT && Array.isArray(files))
      return files.filter((path): path is string => typeof path === 'string' && isInside(path));
  } catch {
    // Falls through: a marker that can't be read proves nothing.
  }
  throw new OperatorError('OutputNotOurs', { directory });
};

/** A marker that somebody changed must not lead out of the directory. */
const isInside = (path: string): boolean => !path.startsWith('/') && !path.split('/').includes('..');

const isDirectory = (path: string): boolean => {
  try {
    return readdirSync(path).length >= 0;
  } catch {
    return false;
  }
};

const readIfFile = (path: string): string | undefined => {
  try {
    return lstatSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
};

const temporary = (directory: string, path: string): string =>
  join(directory, dirname(path), `.${path.split('/').at(-1)}.part`);

const replaceFiles = (directory: string, files: readonly OutputFile[]): void => {
  const begun: string[] = [];
  try {
    for (const { path, text } of files) {
      const part = temporary(directory, path);
      attempt(part, () => mkdirSync(dirname(part), { recursive: true }));
      begun.push(part);
      attempt(join(directory, path), () => writeFileSync(part, text));
    }
  } catch (thrown) {
    for (const part of begun) rmSync(part, { force: true });
    throw thrown;
  }
  for (const { path } of files)
    attempt(join(directory, path), () => renameSync(temporary(directory, path), join(directory, path)));
};

const removeFile = (directory: string, path: string): void => {
  attempt(join(directory, path), () => rmSync(join(directory, path), { force: true }));
  const parent = dirname(path);
  if (parent === '.') return;
  try {
    rmdirSync(join(directory, parent));
  } catch {
    // Somebody's files are in it: it stays.
  }
};

const attempt = <T>(file: string, work: () => T): T => {
  try {
    return work();
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const causes: Readonly<Record<string, string>> = {
      EACCES: 'permission denied',
      EPERM: 'permission denied',
      ENOSPC: 'the disk is full',
      EROFS: 'the file system is read-only',
      ENOTDIR: 'a part of the path is a file',
    };
    throw new OperatorError('OutputFailed', { file, cause: causes[code ?? ''] ?? message }, { cause: thrown });
  }
};
