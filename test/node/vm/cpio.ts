/** One entry of an archive. Paths are relative: `usr/bin/node`. */
export interface CpioEntry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  /** Of a file its bytes, of a link its target. */
  readonly content?: Buffer;
  /** Permission bits. Default: 0o755. */
  readonly mode?: number;
}

const TYPE = { file: 0o100000, directory: 0o040000, link: 0o120000 } as const;

/**
 * An archive in the format that Linux unpacks as its first file system ("newc"). Everything belongs to root; parents
 * that are not entries are added; of two entries with one path the last counts. Archives may follow one another: the
 * kernel unpacks one over the other.
 */
export const cpioArchive = (entries: readonly CpioEntry[]): Buffer => {
  const all = [...withParents(entries), { path: 'TRAILER!!!', kind: 'file', mode: 0 } as const];
  return Buffer.concat(all.flatMap((entry, index) => record(entry, index + 1)));
};

const withParents = (entries: readonly CpioEntry[]): CpioEntry[] => {
  const byPath = new Map<string, CpioEntry>();
  for (const entry of entries) {
    const parts = entry.path.split('/');
    for (let length = 1; length < parts.length; length++) {
      const path = parts.slice(0, length).join('/');
      if (!byPath.has(path)) byPath.set(path, { path, kind: 'directory' });
    }
    byPath.set(entry.path, entry);
  }
  return [...byPath.values()];
};

const record = (entry: CpioEntry, inode: number): Buffer[] => {
  const content = entry.content ?? Buffer.alloc(0);
  const name = Buffer.from(`${entry.path}\0`);
  const mode = entry.path === 'TRAILER!!!' ? 0 : TYPE[entry.kind] | (entry.mode ?? 0o755);
  const links = entry.kind === 'directory' ? 2 : 1;
  // magic, inode, mode, uid, gid, links, time, size, device (2), special device (2), length of name, checksum
  const numbers = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(`070701${numbers.map((n) => n.toString(16).padStart(8, '0')).join('')}`);
  return [header, name, padding(header.length + name.length), content, padding(content.length)];
};

/** Each part ends at a multiple of four bytes. */
const padding = (length: number): Buffer => Buffer.alloc((4 - (length % 4)) % 4);
