import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What `npm run import` and `npm run docs` write, whole directories and single files. */
const GENERATED = ['crds', 'imports', 'docs'];

/** File → SHA-256 of every file in the generated directories. A directory that is missing has none. */
export const readGenerated = async (root: string): Promise<ReadonlyMap<string, string>> => {
  const digests = new Map<string, string>();
  for (const directory of GENERATED) {
    const entries = await readdir(join(root, directory), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries.filter((one) => one.isFile())) {
      const file = join(entry.parentPath, entry.name);
      const digest = createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
      digests.set(file.slice(root.length + 1), digest);
    }
  }
  return digests;
};

/** Files that differ, are new or are gone, sorted. */
export const staleFiles = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] => {
  const all = new Set([...before.keys(), ...after.keys()]);
  return [...all].filter((file) => before.get(file) !== after.get(file)).sort();
};
