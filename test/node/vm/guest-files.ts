import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { findProgram, runProgram } from '../../artefacts/run-program';
import type { CpioEntry } from './cpio';

/** A file for the guest: the path of a file or directory on this machine, or its text. */
export type FileSource = string | { readonly text: string; readonly executable?: boolean };

/** Entries of an archive from files by their (absolute) path in the guest. Links on this machine are followed. */
export const fileEntries = async (files: Readonly<Record<string, FileSource>>): Promise<CpioEntry[]> => {
  const entries: CpioEntry[] = [];
  for (const [path, source] of Object.entries(files)) entries.push(...(await entriesOf(relative(path), source)));
  return entries;
};

const entriesOf = async (path: string, source: FileSource): Promise<CpioEntry[]> => {
  if (typeof source !== 'string') {
    return [{ path, kind: 'file', content: Buffer.from(source.text), mode: source.executable ? 0o755 : 0o644 }];
  }
  const { mode } = await stat(source);
  if ((await stat(source)).isDirectory()) {
    const inside = await readdir(source);
    const nested = await Promise.all(inside.map((name) => entriesOf(`${path}/${name}`, join(source, name))));
    return [{ path, kind: 'directory' }, ...nested.flat()];
  }
  return [{ path, kind: 'file', content: await readFile(source), mode: mode & 0o777 }];
};

/** A program of this machine, under `/usr/bin`, with every shared library that it needs at the library's own path. */
export const programEntries = async (program: string): Promise<CpioEntry[]> => {
  const found = program.startsWith('/') ? program : await findProgram(program);
  if (found === undefined) throw new Error(`${program} is not installed on this machine`);
  const path = await realpath(found);
  const libraries = await sharedLibraries(path);
  return fileEntries({
    [`/usr/bin/${basename(program)}`]: path,
    ...Object.fromEntries(libraries.map((library) => [library, library])),
  });
};

const sharedLibraries = async (path: string): Promise<string[]> => {
  // ldd fails for what is linked statically.
  const said = await runProgram('ldd', [path]).catch(() => '');
  return [...said.matchAll(/(\/[^ )]+) \(0x/g)].map(([, library]) => library as string);
};

const relative = (path: string): string => {
  if (!path.startsWith('/')) throw new Error(`a path in the guest is absolute, and ${path} is not`);
  return path.slice(1);
};
