import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { ArchiveFile, ArchiveLimits } from '../../../agents/shared/archive';
import { ArchiveError, packArchive, readArchive, readEntry } from '../../../agents/shared/archive';

jest.setTimeout(120_000);

const file = (name: string, content: string | Buffer = name): ArchiveFile => ({ name, content: Buffer.from(content) });
const manifest = file('manifest.json', '{}');
const modules = [file('modules/wekafsgw.ko', Buffer.alloc(3000, 'g')), file('modules/wekafsio.ko', 'io')];

const unpack = async (bytes: Buffer, limits?: ArchiveLimits, chunk = 64): Promise<ArchiveFile[]> => {
  const pieces = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) =>
    bytes.subarray(at * chunk, (at + 1) * chunk),
  );
  const files: ArchiveFile[] = [];
  for await (const entry of readArchive(Readable.from(pieces), limits))
    files.push({ name: entry.name, content: await readEntry(entry) });
  return files;
};

/** A header as tar writes it, with whatever trick the test wants in it. */
interface Raw {
  readonly name?: string;
  readonly prefix?: string;
  readonly type?: string;
  readonly link?: string;
  readonly content?: string | Buffer;
  readonly size?: string;
  readonly magic?: string;
}
const header = ({ name = 'x', prefix = '', type = '0', link = '', content = '', size, magic }: Raw): Buffer => {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write('0000644\0' + '0000000\0' + '0000000\0', 100);
  block.write(size ?? `${Buffer.from(content).length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write(type, 156);
  block.write(link, 157);
  block.write(magic ?? 'ustar\x0000', 257, 'latin1');
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
};
const entry = (raw: Raw): Buffer => {
  const content = Buffer.from(raw.content ?? '');
  return Buffer.concat([header(raw), content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
};
const end = Buffer.alloc(1024);
const first = entry({ name: 'manifest.json', content: '{}' });
const archive = (...parts: Buffer[]): Buffer => gzipSync(Buffer.concat(parts));

const refusal = async (bytes: Buffer, limits?: ArchiveLimits): Promise<string> => {
  try {
    await unpack(bytes, limits);
    return 'taken';
  } catch (error) {
    expect(error).toBeInstanceOf(ArchiveError);
    return (error as Error).message;
  }
};

describe('packArchive', () => {
  test('gives back what was put in, in its order, whatever the pieces it arrives in', async () => {
    const bytes = await packArchive([manifest, ...modules]);
    for (const chunk of [1, 7, 512, 1 << 20])
      expect(await unpack(bytes, undefined, chunk)).toEqual([manifest, ...modules]);
  });

  test('gives equal bytes for equal files, with no trace of time, user or machine', async () => {
    const bytes = await packArchive([manifest, ...modules]);
    expect(await packArchive([manifest, ...modules])).toEqual(bytes);
    expect(bytes.subarray(0, 10).toString('hex')).toBe('1f8b08000000000002ff');
    const tarHeader = gunzipSync(bytes).subarray(0, 512);
    const field = (at: number, length: number): string =>
      tarHeader.toString('latin1', at, at + length).replace(/[\0 ]+$/, '');
    expect([field(0, 100), field(100, 8), field(108, 8), field(116, 8), field(136, 12)]).toEqual([
      'manifest.json',
      '000644',
      '000000',
      '000000',
      '00000000000',
    ]);
    expect([field(265, 32), field(297, 32)]).toEqual(['', '']);
  });

  test.each([
    '/etc/passwd',
    '../x',
    'a/../b',
    'a//b',
    'a/',
    '',
    '.',
    '.hidden',
    'a\\b',
    'a b',
    'ä',
    'a\0b',
    'x'.repeat(101),
  ])('refuses to write %j', async (name) => {
    await expect(packArchive([file(name)])).rejects.toThrow(ArchiveError);
  });

  test('any files under good names come back as they were', async () => {
    const name = fc
      .stringMatching(/^[a-z0-9_]{1,12}(\/[a-z0-9_.+-]{0,12}[a-z0-9]){0,2}$/)
      .filter((text) => !text.includes('/.') && !/\/[+-]/.test(text));
    const files = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 2000 })), {
      selector: ([text]) => text,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 3000 }), async (drawn, chunk) => {
        const all = [manifest, ...drawn.map(([text, bytes]) => file(text, Buffer.from(bytes)))];
        expect(await unpack(await packArchive(all), undefined, chunk)).toEqual(all);
      }),
      { numRuns: 50 },
    );
  });
});

describe('readArchive', () => {
  test('takes an archive that another program wrote, when it is as plain as ours', async () => {
    expect(
      await unpack(archive(first, entry({ name: 'modules/a.ko', content: 'A' }), end, Buffer.alloc(8192))),
    ).toEqual([manifest, file('modules/a.ko', 'A')]);
  });

  test('skips what the reader leaves unread', async () => {
    const names: string[] = [];
    for await (const { name } of readArchive(Readable.from([await packArchive([manifest, ...modules])])))
      names.push(name);
    expect(names).toEqual(['manifest.json', 'modules/wekafsgw.ko', 'modules/wekafsio.ko']);
  });

  test('a reader that stops early leaves nothing open', async () => {
    const source = Readable.from([await packArchive([manifest, ...modules])]);
    for await (const { name } of readArchive(source)) {
      expect(name).toBe('manifest.json');
      break;
    }
    expect(source.destroyed).toBe(true);
  });

  test("a failure of the source is its own, not the archive's", async () => {
    const bytes = await packArchive([manifest]);
    const source = Readable.from(
      (async function* () {
        yield bytes.subarray(0, 20);
        throw Object.assign(new Error('the connection was reset'), { code: 'ECONNRESET' });
      })(),
    );
    await expect(
      (async () => {
        for await (const _ of readArchive(source));
      })(),
    ).rejects.toThrow('the connection was reset');
  });

  const evil: Record<string, Buffer> = {
    'an absolute path': archive(first, entry({ name: '/etc/passwd' }), end),
    'a path that climbs': archive(first, entry({ name: 'modules/../../x' }), end),
    'a path that climbs by its prefix': archive(first, entry({ name: 'x', prefix: '..' }), end),
    'an absolute path by its prefix': archive(first, entry({ name: 'x', prefix: '/etc' }), end),
    'a path of backslashes': archive(first, entry({ name: 'modules\\..\\x' }), end),
    'a symbolic link': archive(first, entry({ name: 'modules/a.ko', type: '2', link: '/etc/shadow' }), end),
    'a hard link': archive(first, entry({ name: 'modules/a.ko', type: '1', link: 'manifest.json' }), end),
    'a character device': archive(first, entry({ name: 'modules/a.ko', type: '3' }), end),
    'a block device': archive(first, entry({ name: 'modules/a.ko', type: '4' }), end),
    'a directory': archive(first, entry({ name: 'modules/', type: '5' }), end),
    'a directory by its name': archive(first, entry({ name: 'modules/' }), end),
    'a fifo': archive(first, entry({ name: 'modules/a.ko', type: '6' }), end),
    'a contiguous file': archive(first, entry({ name: 'modules/a.ko', type: '7' }), end),
    'a sparse file': archive(first, entry({ name: 'modules/a.ko', type: 'S' }), end),
    'a pax header that renames': archive(
      first,
      entry({ name: 'p', type: 'x', content: '18 path=/etc/cron\n' }),
      entry({ name: 'modules/a.ko' }),
      end,
    ),
    'a pax header that resizes': archive(
      first,
      entry({ name: 'p', type: 'x', content: '10 size=5\n' }),
      entry({ name: 'modules/a.ko' }),
      end,
    ),
    'a pax header for all': archive(entry({ name: 'p', type: 'g', content: '18 path=/etc/cron\n' }), first, end),
    'a long name of GNU': archive(
      first,
      entry({ name: '././@LongLink', type: 'L', content: '/etc/cron' }),
      entry({ name: 'modules/a.ko' }),
      end,
    ),
    'a long link of GNU': archive(
      first,
      entry({ name: '././@LongLink', type: 'K', content: '/etc/cron' }),
      entry({ name: 'modules/a.ko' }),
      end,
    ),
    'an entry behind the end': archive(first, end, entry({ name: 'modules/a.ko' }), end),
    'an entry behind one block of zeros': archive(first, Buffer.alloc(512), entry({ name: 'modules/a.ko' }), end),
    'a pax header behind the end': archive(first, end, entry({ name: 'p', type: 'x', content: '18 path=/etc/cron\n' })),
    'the same name twice': archive(first, entry({ name: 'modules/a.ko' }), entry({ name: 'modules/a.ko' }), end),
    'the manifest twice': archive(first, first, end),
    'the manifest not first': archive(entry({ name: 'modules/a.ko' }), first, end),
    'a negative size': archive(first, entry({ name: 'modules/a.ko', size: `\xff${'\xff'.repeat(10)}\xf6` }), end),
    'an immense size': archive(first, entry({ name: 'modules/a.ko', size: '77777777777\0' }), end),
    'a size that is no number': archive(first, entry({ name: 'modules/a.ko', size: 'zzzzzzzzzzz\0' }), end),
    'an unknown format': archive(first, entry({ name: 'modules/a.ko', magic: 'wrong!00' }), end),
    'nothing at all': Buffer.alloc(0),
    'an empty archive': archive(end),
    'no end': archive(first),
    'half an end': archive(first, Buffer.alloc(512)),
    'plain text': Buffer.from('<html>not found</html>'),
    'text in gzip': gzipSync('<html>not found</html>'.repeat(100)),
  };
  test.each(Object.entries(evil))('refuses %s', async (_, bytes) => {
    expect(await refusal(bytes)).not.toBe('taken');
  });

  test('says what is wrong', async () => {
    const said = await Promise.all(
      [
        'a path that climbs',
        'a symbolic link',
        'a pax header that renames',
        'the same name twice',
        'the manifest not first',
        'no end',
        'plain text',
      ].map((name) => refusal(evil[name] as Buffer)),
    );
    expect(said).toEqual([
      '"modules/../../x" is no name for a file in it',
      '"modules/a.ko" is not a plain file',
      'it has extension headers, or entries behind its end',
      'modules/a.ko is in it twice',
      'its first entry is not manifest.json',
      'it is cut off',
      'it is not gzip, or damaged',
    ]);
  });

  test.each([
    ['too many entries', { entries: 2, fileBytes: 9999, totalBytes: 99999 }, 'it has more than 2 entries'],
    [
      'a file that is too large',
      { entries: 9, fileBytes: 2999, totalBytes: 99999 },
      '"modules/wekafsgw.ko" is larger than 2999 bytes',
    ],
    ['too much of everything', { entries: 9, fileBytes: 9999, totalBytes: 3000 }, 'it unpacks to more than 3000 bytes'],
  ])('refuses %s', async (_, limits, message) => {
    expect(await refusal(await packArchive([manifest, ...modules]), limits)).toBe(message);
  });

  test('refuses a bomb after its limit, not after its length', async () => {
    const bomb = archive(first, entry({ name: 'modules/a.ko', content: Buffer.alloc(64 << 20) }), end);
    const limits = { entries: 9, fileBytes: 1 << 30, totalBytes: 1 << 20 };
    const source = Readable.from([bomb.subarray(0, 4096), bomb.subarray(4096)]);
    let got = 0;
    await expect(
      (async () => {
        for await (const { content } of readArchive(source, limits))
          for await (const chunk of content) got += chunk.length;
      })(),
    ).rejects.toThrow('it unpacks to more than 1048576 bytes');
    expect(got).toBeLessThanOrEqual(1 << 20);
  });

  test('refuses an archive that is cut off at any byte', async () => {
    const bytes = await packArchive([manifest, ...modules]);
    for (let length = 0; length < bytes.length; length++) {
      expect(await refusal(bytes.subarray(0, length))).toBe('it is cut off');
    }
  });

  test('never takes other content for what one flipped bit makes of it', async () => {
    const whole = [manifest, ...modules];
    const bytes = await packArchive(whole);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      const read = await unpack(flipped).catch((error: unknown) => error);
      // Bits of gzip's own header that nobody reads (time, system) may differ.
      if (!(read instanceof ArchiveError)) expect(read).toEqual(whole);
    }
  });

  test('any headers at all give safe names or a refusal, and nothing hangs', async () => {
    const raw = fc.record(
      {
        name: fc.oneof(
          fc.string({ maxLength: 100 }),
          fc.constantFrom('manifest.json', 'modules/a.ko', '../x', '/x', 'a/./b'),
        ),
        prefix: fc.oneof(fc.string({ maxLength: 100 }), fc.constantFrom('..', '/', 'modules')),
        type: fc.constantFrom(...'01234567xgLKSDVN\0'),
        content: fc.string({ maxLength: 1200 }),
        link: fc.string({ maxLength: 50 }),
      },
      { requiredKeys: ['name'] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(raw, { maxLength: 5 }), async (raws) => {
        const read = await unpack(archive(first, ...raws.map(entry), end)).catch((error: unknown) => error);
        if (read instanceof ArchiveError) return;
        for (const { name } of read as ArchiveFile[]) expect(name).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._+/-]*$/);
        for (const { name } of read as ArchiveFile[]) expect(name.split('/')).not.toContain('..');
        expect(new Set((read as ArchiveFile[]).map(({ name }) => name)).size).toBe((read as ArchiveFile[]).length);
      }),
      { numRuns: 300 },
    );
  });
});
