import { readdir, readFile, readlink } from 'node:fs/promises';

/** The text of a file; `undefined`: it is not there, or this process may not read it. */
export const textOf = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** The bytes of a file; `undefined` as above. */
export const bytesOf = async (path: string): Promise<Buffer | undefined> => {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
};

/** Names in a directory, sorted; none where it is not there or may not be read. */
export const namesIn = async (directory: string): Promise<string[]> => {
  try {
    return (await readdir(directory)).sort();
  } catch {
    return [];
  }
};

/** Where a link points to; `undefined`: it is gone, or hidden. */
export const linkOf = async (path: string): Promise<string | undefined> => {
  try {
    return await readlink(path);
  } catch {
    return undefined;
  }
};
