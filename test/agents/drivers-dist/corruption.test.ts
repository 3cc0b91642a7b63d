import {
  closeSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { packagePath } from '../../../lib/drivers/package';
import { aPackage } from './packages';
import type { TestPackage } from './packages';
import { authority, TestDist, wanted } from './test-dist';

// Real sockets and TLS handshakes, on a machine that may be busy.
jest.setTimeout(60_000);

let dist: TestDist;
/** Nothing is kept in memory, so that every download reads the disk. */
const UNCACHED = { storage: { cacheBytes: 1 } };
const start = async (options: Parameters<typeof TestDist.start>[0] = {}, size = 1_500_000): Promise<TestPackage> => {
  dist = await TestDist.start(options);
  const content = await aPackage('6.1.0', size);
  dist.tell({ packages: [wanted(content)] });
  await dist.put(content);
  await dist.untilHeld(content.id, 'stored');
  return content;
};
afterEach(() => dist.stop());

const fileOf = ({ id }: TestPackage): string => join(dist.directory, `${id}.tar.gz`);
const flip = (content: TestPackage, position: number): void => {
  const file = openSync(fileOf(content), 'r+');
  writeSync(file, Buffer.from([(content.bytes[position] ?? 0) ^ 1]), 0, 1, position);
  closeSync(file);
};
const quarantined = (): string[] => readdirSync(join(dist.directory, 'quarantine'));

test('a flipped byte is noticed by itself: quarantine, and a report', async () => {
  const content = await start();
  flip(content, 1_400_000);
  const held = await dist.untilHeld(content.id, 'quarantined');
  expect(held.failure).toEqual({ code: 'PackageCorrupted', parameters: { id: content.id } });
  expect(quarantined()).toEqual([`${content.id}.tar.gz`]);
  expect((await dist.get(content.id)).status).toBe(404);
  expect((await dist.call('/metrics')).body.toString()).toContain('weka_drivers_dist_quarantines_total 1');
});

test('whoever asks first after a change gets nothing of it', async () => {
  const content = await start();
  flip(content, 10);
  expect((await dist.get(content.id)).status).toBe(404);
});

test('a new upload repairs it', async () => {
  const content = await start();
  flip(content, 10);
  await dist.untilHeld(content.id, 'quarantined');
  expect((await dist.put(content)).status).toBe(201);
  await dist.untilHeld(content.id, 'stored');
  expect((await dist.get(content.id)).body.equals(content.bytes)).toBe(true);
});

/** Reads a download piece by piece; `afterFirst` runs when the first one is there and the rest is not. */
const slowly = (content: TestPackage, afterFirst: () => void): Promise<{ bytes: Buffer; cut: boolean }> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: dist.port, path: packagePath(content.id), ca: authority.certificate };
    request(options, (incoming) => {
      const chunks: Buffer[] = [];
      const end = (cut: boolean) => (): void => resolve({ bytes: Buffer.concat(chunks), cut });
      incoming.once('readable', () => {
        afterFirst();
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      });
      incoming.once('end', end(false));
      incoming.once('error', end(true));
    })
      .on('error', reject)
      .end();
  });

test('a byte that is flipped during a download ends it before that byte', async () => {
  const content = await start(UNCACHED, 16_000_000);
  const position = 15_500_000;
  const { bytes, cut } = await slowly(content, () => flip(content, position));
  expect(cut).toBe(true);
  expect(bytes.length).toBeLessThanOrEqual(position);
  expect(bytes.equals(content.bytes.subarray(0, bytes.length))).toBe(true);
  await dist.untilHeld(content.id, 'quarantined');
  expect((await dist.call('/metrics')).body.toString()).toContain('downloads_total{outcome="cut"} 1');
});

test('a file that is cut during a download ends it', async () => {
  const content = await start(UNCACHED, 16_000_000);
  const { bytes, cut } = await slowly(content, () => truncateSync(fileOf(content), 15_000_000));
  expect(cut).toBe(true);
  expect(bytes.equals(content.bytes.subarray(0, bytes.length))).toBe(true);
});

test('bytes in memory are right whatever happens to the file: that download ends well', async () => {
  const content = await start({}, 16_000_000);
  await dist.get(content.id);
  const { bytes, cut } = await slowly(content, () => flip(content, 15_500_000));
  expect([cut, bytes.equals(content.bytes)]).toEqual([false, true]);
  await dist.untilHeld(content.id, 'quarantined');
});

test('a package that somebody deletes is missing in the next report, and can come again', async () => {
  const content = await start();
  rmSync(fileOf(content));
  await dist.until(({ packages }) => (packages.length === 0 ? true : undefined));
  expect((await dist.get(content.id)).status).toBe(404);
  expect((await dist.put(content)).status).toBe(201);
});

test('a file that is only touched is looked at again, and stays', async () => {
  const content = await start();
  utimesSync(fileOf(content), 1, 1);
  expect((await dist.get(content.id)).body.equals(content.bytes)).toBe(true);
  expect(quarantined()).toEqual([]);
});

test('what changed while the service was down is found at its start', async () => {
  const content = await start();
  const other = await aPackage('6.2.0');
  dist.tell({ packages: [wanted(content), wanted(other)] });
  await dist.put(other);
  await dist.service.stop(0);
  flip(content, 3);
  await dist.start();
  await dist.until(({ packages }) => (packages.length === 2 ? true : undefined));
  expect(dist.held(content.id)?.state).toBe('quarantined');
  expect(dist.held(other.id)?.state).toBe('stored');
  expect((await dist.get(other.id)).body.equals(other.bytes)).toBe(true);
});

test('a damaged record, or none: the file is not served, until the operator names its digest', async () => {
  const content = await start();
  await dist.service.stop(0);
  writeFileSync(join(dist.directory, `${content.id}.json`), '{"schema":1,"sha256":');
  await dist.start();
  await dist.until((observed) => observed);
  expect(dist.observed?.packages).toEqual([]);
  expect((await dist.get(content.id)).status).toBe(404);
  dist.tell({ packages: [wanted(content, { sha256: content.sha256 })] });
  await dist.untilHeld(content.id, 'stored');
  expect((await dist.get(content.id)).body.equals(content.bytes)).toBe(true);
});

test('a package and its record that are laid into the directory are served', async () => {
  const content = await start();
  const aside = join(dist.directory, 'aside');
  renameSync(fileOf(content), aside);
  await dist.until(({ packages }) => (packages.length === 0 ? true : undefined));
  renameSync(aside, fileOf(content));
  await dist.untilHeld(content.id, 'stored');
});

test('strange files in the directory are left alone', async () => {
  const content = await start();
  for (const name of ['notes.txt', 'x.tar.gz', '.hidden']) writeFileSync(join(dist.directory, name), 'x');
  await dist.restart();
  expect((await dist.get(content.id)).status).toBe(200);
  expect(readdirSync(dist.directory)).toEqual(expect.arrayContaining(['notes.txt', 'x.tar.gz', '.hidden']));
});
