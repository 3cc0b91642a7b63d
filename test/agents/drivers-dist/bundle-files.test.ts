import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { exportBundle, importBundle } from '../../../agents/drivers-dist/bundle-files';
import { readRecord, recordFile } from '../../../agents/drivers-dist/package-record';
import { BUNDLE_INDEX, bundledFile, bundleIndex } from '../../../lib/drivers/bundle';
import { packageId } from '../../../lib/drivers/package';
import type { IndexEntry } from '../../../lib/drivers/package-index';

const bytesOf = (kernel: string): Buffer => Buffer.from(`package for ${kernel} `.repeat(5_000));
const entryOf = (kernel: string, content = bytesOf(kernel)): IndexEntry => ({
  wekaVersion: '4.4.5',
  kernel,
  architecture: 'amd64',
  sha256: createHash('sha256').update(content).digest('hex'),
  size: content.length,
  source: 'built',
});
const ENTRIES = [entryOf('6.1.0+rt'), entryOf('6.1.0')];
const fetch = async ({ kernel }: IndexEntry, sink: { write(chunk: Buffer): Promise<void> }): Promise<void> => {
  const content = bytesOf(kernel);
  for (let at = 0; at < content.length; at += 10_000) await sink.write(content.subarray(at, at + 10_000));
};

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'bundle-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string): string => join(directory, name);

/** A tar of these files, as somebody else might write it. */
const handmade = async (files: readonly (readonly [string, Buffer | string, string?])[]): Promise<string> => {
  const tar = pack();
  for (const [name, content, type] of files)
    if (type === undefined) tar.entry({ name }, content);
    else tar.entry({ name, type: type as 'symlink', linkname: '/etc/passwd' });
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  writeFileSync(at('handmade.tar'), Buffer.concat(chunks));
  return at('handmade.tar');
};

test('what is exported is imported again, byte for byte, and a second time changes nothing', async () => {
  await exportBundle(at('b.tar'), ENTRIES, fetch);
  const outcomes = async (): Promise<string[]> =>
    (await importBundle(at('b.tar'), at('store'))).map(({ outcome }) => outcome);
  expect(await outcomes()).toEqual(['stored', 'stored']);
  for (const entry of ENTRIES)
    expect(readFileSync(join(at('store'), bundledFile(packageId(entry)))).equals(bytesOf(entry.kernel))).toBe(true);
  expect(await outcomes()).toEqual(['present', 'present']);
  const record = readRecord(readFileSync(join(at('store'), recordFile(packageId(ENTRIES[0]!))), 'utf8'));
  expect(record).toEqual({ sha256: ENTRIES[0]!.sha256, size: ENTRIES[0]!.size, imported: true });
});

test('equal packages give equal bundles, whatever their order', async () => {
  await exportBundle(at('a.tar'), ENTRIES, fetch);
  await exportBundle(at('b.tar'), [...ENTRIES].reverse(), fetch);
  expect(readFileSync(at('a.tar')).equals(readFileSync(at('b.tar')))).toBe(true);
});

test('a package that cannot be fetched leaves no bundle, and the old one as it was', async () => {
  writeFileSync(at('b.tar'), 'old');
  const failing = (): Promise<void> => Promise.reject(new Error('cut off'));
  await expect(exportBundle(at('b.tar'), ENTRIES, failing)).rejects.toThrow('cut off');
  expect(readFileSync(at('b.tar'), 'utf8')).toBe('old');
  expect(readdirSync(directory)).toEqual(['b.tar']);
});

test('a place that cannot be written to is named', () =>
  expect(exportBundle(at('no/such/b.tar'), ENTRIES, fetch)).rejects.toMatchObject({ code: 'OutputFailed' }));

describe('a bundle is refused', () => {
  const [first] = ENTRIES as [IndexEntry];
  const name = bundledFile(packageId(first));
  const good = bytesOf(first.kernel);
  const index = bundleIndex([first]);

  test.each([
    ['whose first file is not the index', [[name, good]], /first file is not index\.json/],
    ['whose index is no JSON', [[BUNDLE_INDEX, 'x']], /not a JSON object/],
    ['of another schema', [[BUNDLE_INDEX, '{"schema":2}']], /schema is 2/],
    ['that names nothing', [[BUNDLE_INDEX, '{"schema":1,"packages":[]}']], /names no package/],
    ['that names one twice', [[BUNDLE_INDEX, bundleIndex([first, first])]], /twice/],
    [
      'with other bytes than its index says',
      [
        [BUNDLE_INDEX, index],
        [name, Buffer.alloc(good.length)],
      ],
      /not those of its index/,
    ],
    ['that lacks a package', [[BUNDLE_INDEX, index]], /is missing in it/],
    [
      'with a file that its index does not name',
      [
        [BUNDLE_INDEX, index],
        ['../../etc/x', 'x'],
      ],
      /does not name/,
    ],
    [
      'with a link in place of a package',
      [
        [BUNDLE_INDEX, index],
        [name, '', 'symlink'],
      ],
      /does not name/,
    ],
  ] as [string, (readonly [string, Buffer | string, string?])[], RegExp][])('%s', async (_what, files, message) => {
    await expect(importBundle(await handmade(files), at('store'))).rejects.toThrow(message);
    expect(readdirSync(at('store')).filter((file) => file.endsWith('.tar.gz'))).toEqual([]);
    expect(readdirSync(directory).sort()).toEqual(['handmade.tar', 'store']);
  });

  test('that is cut off anywhere; what came before the cut is whole', async () => {
    await exportBundle(at('b.tar'), ENTRIES, fetch);
    const { length } = readFileSync(at('b.tar'));
    for (const part of [0.01, 0.3, 0.6, 0.9]) {
      const whole = readFileSync(at('b.tar'));
      writeFileSync(at('cut.tar'), whole);
      truncateSync(at('cut.tar'), Math.floor(length * part));
      await expect(importBundle(at('cut.tar'), at(`store-${part}`))).rejects.toMatchObject({ code: 'BundleInvalid' });
      for (const file of readdirSync(at(`store-${part}`)).filter((each) => each.endsWith('.tar.gz')))
        expect(ENTRIES.map((entry) => bundledFile(packageId(entry)))).toContain(file);
    }
  });

  test('that is not there', () =>
    expect(importBundle(at('none.tar'), at('store'))).rejects.toThrow('there is no such file'));
});
