import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../artefacts/run-program';
import type { CpioEntry } from './cpio';
import { cpioArchive } from './cpio';
import { describeVm } from './vm';

/** Unpacks with a reader that is not ours. */
const unpack = async (archive: Buffer): Promise<string> => {
  const directory = mkdtempSync(join(tmpdir(), 'weka-operator-cpio-'));
  const busybox = await findProgram('busybox');
  if (busybox === undefined) throw new Error('busybox is needed');
  execFileSync(busybox, ['cpio', '-idm', '--quiet'], { cwd: directory, input: archive });
  return directory;
};

const file = (path: string, text: string, mode?: number): CpioEntry => ({
  path,
  kind: 'file',
  content: Buffer.from(text),
  ...(mode === undefined ? {} : { mode }),
});

// busybox unpacks: it is there where virtual machines are.
describeVm('an archive of files for a guest', () => {
  test('another program unpacks files, links and directories as they were put in; of two with one path the last counts', async () => {
    const directory = await unpack(
      cpioArchive([
        file('usr/bin/program', '#!/bin/sh\n', 0o755),
        file('etc/odd', 'x'.repeat(4097), 0o600),
        file('etc/empty', ''),
        { path: 'bin', kind: 'link', content: Buffer.from('usr/bin') },
        { path: 'proc', kind: 'directory' },
        file('etc/odd', 'y'.repeat(5), 0o640),
      ]),
    );
    try {
      expect(readFileSync(join(directory, 'usr/bin/program'), 'utf8')).toBe('#!/bin/sh\n');
      expect(readFileSync(join(directory, 'etc/odd'), 'utf8')).toBe('yyyyy');
      expect(statSync(join(directory, 'etc/odd')).mode & 0o777).toBe(0o640);
      expect(statSync(join(directory, 'etc/empty')).size).toBe(0);
      expect(readlinkSync(join(directory, 'bin'))).toBe('usr/bin');
      expect(statSync(join(directory, 'proc')).isDirectory()).toBe(true);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('each part ends at a multiple of four bytes, so archives may follow one another', () => {
    for (const length of [0, 1, 2, 3, 4]) expect(cpioArchive([file('a', 'x'.repeat(length))]).length % 4).toBe(0);
  });
});
