import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeDirectory } from '../../cli/gitops/write-directory';
import { readFiles } from '../../cli/read-files';
import type { Workplace } from './command';
import { workplace } from './command';

/** Nobody in particular: the tests may run as root, for whom no file is forbidden. */
const NOBODY = 65_534;

let place: Workplace;
beforeEach(() => {
  place = workplace();
  chmodSync(place.directory, 0o755);
});
afterEach(() => place.remove());

/** What `work` gives when it is done by a user without rights. */
const asNobody = <T>(work: () => T): T => {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
};

const at = (name: string): string => join(place.directory, name);

describe('no permission', () => {
  test.each([
    ['to read the file', 'a.yaml', 'a.yaml', 0o000],
    ['to enter its directory', 'closed/a.yaml', 'closed', 0o600],
  ])('%s: it is named, with the remedy', (_what, file, locked, mode) => {
    place.write(file, 'a: b\n');
    chmodSync(at(locked), mode);
    const { documents, problems } = asNobody(() => readFiles([at(file)]));
    chmodSync(at(locked), 0o700);
    expect(documents).toEqual([]);
    expect(problems.map(({ error, remedy }) => [error.code, error.message, remedy])).toEqual([
      ['FileUnreadable', `${at(file)}: permission denied.`, 'Check the path and its permissions.'],
    ]);
  });

  test('to list a directory: the files beside it are read all the same', () => {
    place.write('all/a.yaml', 'kind: A\n');
    place.write('all/closed/b.yaml', 'kind: B\n');
    chmodSync(at('all/closed'), 0o000);
    const { documents, problems } = asNobody(() => readFiles([at('all')]));
    chmodSync(at('all/closed'), 0o700);
    expect(documents).toHaveLength(1);
    expect(problems.map(({ error }) => error.message)).toEqual([`${at('all/closed')}: permission denied.`]);
  });

  test('to write: nothing is left half-written', () => {
    mkdirSync(at('out'), { mode: 0o555 });
    const writing = (): unknown => asNobody(() => writeDirectory(at('out'), [{ path: 'a/b.yaml', text: 'a: b\n' }]));
    expect(writing).toThrow(/out.*: permission denied\.$/);
    expect(readFiles([at('out')]).documents).toEqual([]);
  });
});
