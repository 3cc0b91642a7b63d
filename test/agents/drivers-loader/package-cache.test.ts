import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PackageCache, sha256Of } from '../../../agents/drivers-loader/package-cache';
import { aPackage, KEY } from './packages';
import { TestNode } from './test-node';

// Processes, on a machine that may be busy.
jest.setTimeout(60_000);

let directory: string;
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'weka-operator-cache-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

test.each([0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000])(
  'the SHA-256 of a file of %i bytes',
  async (size) => {
    const content = randomBytes(size);
    await writeFile(join(directory, 'file'), content);
    expect(await sha256Of(join(directory, 'file'))).toBe(createHash('sha256').update(content).digest('hex'));
  },
);

test.each<[string, (bytes: Buffer) => Buffer | undefined, string, number]>([
  ['the right bytes', (bytes) => bytes, 'found', 1],
  ['none', () => undefined, 'absent', 0],
  ['one byte less', (bytes) => bytes.subarray(1), 'removed', 0],
  ['one byte more', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]), 'removed', 0],
  ['no bytes', () => Buffer.alloc(0), 'removed', 0],
])('under the name of a package %s: %s', async (_, change, expected, left) => {
  const cache = new PackageCache(directory);
  const { bytes, entry } = await aPackage();
  const content = change(bytes);
  if (content !== undefined) await writeFile(cache.pathOf(entry), content);
  expect(await cache.find(entry)).toBe(expected);
  expect((await readdir(directory)).length).toBe(left);
});

test('only root sees what is unpacked, and it is gone afterwards, whatever came of it', async () => {
  const cache = new PackageCache(directory);
  const work = cache.withExtracted(0, async (place) => {
    expect((await stat(place)).mode & 0o777).toBe(0o700);
    await writeFile(join(place, 'module.ko'), '');
    throw new Error('no');
  });
  await expect(work).rejects.toThrow('no');
  expect(await readdir(directory)).toEqual([]);
});

test('what was loaded is remembered for one boot and one digest', async () => {
  const cache = new PackageCache(directory);
  const load = { bootID: 'b1', sha256: 'a'.repeat(64) };
  expect(await cache.wasLoaded(load)).toBe(false);
  await cache.record(load);
  expect(await cache.wasLoaded(load)).toBe(true);
  expect(await cache.wasLoaded({ ...load, bootID: 'b2' })).toBe(false);
  expect(await cache.wasLoaded({ ...load, sha256: 'b'.repeat(64) })).toBe(false);
});

const canMount = ((): boolean => {
  try {
    const place = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', place], { stdio: 'ignore' });
    execFileSync('umount', [place]);
    execFileSync('rmdir', [place]);
    return true;
  } catch {
    process.stderr.write('a full disk: tests SKIPPED: mounting a small file system takes root\n');
    return false;
  }
})();

(canMount ? describe : describe.skip)('on a file system of 64 KiB', () => {
  let node: TestNode;
  let full: string;
  beforeEach(async () => {
    node = await TestNode.start();
    full = await mkdtemp(join(tmpdir(), 'weka-operator-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', full]);
  });
  afterEach(async () => {
    execFileSync('umount', [full]);
    await rm(full, { recursive: true });
    await node.end();
  });

  test('a package that does not fit is named with its size, and nothing of it is left', async () => {
    const vermagic = `6.1 ${randomBytes(100_000).toString('hex')}`;
    const big = await aPackage([{ name: 'wekafsio', vermagic }]);
    await node.offer(big);
    const result = await node.load({ cacheDirectory: full });
    expect(result.failure).toEqual({
      code: 'NoSpaceOnNode',
      parameters: { directory: full, bytes: String(big.entry.size) },
    });
    expect((await readdir(full)).filter((name) => name !== '.lock')).toEqual([]);
    expect(node.kernel.log).toEqual([]);
  });

  test('modules that do not fit unpacked: the same, the package stays for the next attempt', async () => {
    const big = await aPackage([{ name: 'wekafsio', vermagic: `6.1 ${'x'.repeat(200_000)}` }]);
    await node.offer(big);
    const result = await node.load({ cacheDirectory: full });
    expect(result.failure).toMatchObject({ code: 'NoSpaceOnNode', parameters: { directory: full } });
    expect((await readdir(full)).length).toBe(2);
  });
});

test('a key of the cache never leaves its directory', () => {
  const cache = new PackageCache(directory);
  const key = { ...KEY, wekaVersion: '../../etc/passwd', kernel: '/../x' };
  const path = cache.pathOf({ ...key, sha256: 'a'.repeat(64), size: 1, source: 'built' });
  expect(path.slice(directory.length + 1)).not.toContain('/');
});
