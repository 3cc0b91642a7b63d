import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveOn, goodServer } from '../shared/misbehaving-server';
import { aPackage } from './packages';
import { TestDist, wanted } from './test-dist';

// Real sockets and TLS handshakes, on a machine that may be busy.
jest.setTimeout(60_000);

/** A file system of `mib` MiB, or why there can't be one here. */
const smallDisk = (mib: number): { readonly directory: string } | { readonly problem: string } => {
  const directory = mkdtempSync(join(tmpdir(), 'small-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'none', directory]);
  if (status === 0) return { directory };
  rmSync(directory, { recursive: true });
  return { problem: 'a file system can be mounted by root only' };
};

const disk = smallDisk(4);
const problem = 'problem' in disk ? disk.problem : undefined;
const directory = 'directory' in disk ? disk.directory : '';
let dist: TestDist;
afterAll(() => {
  if (problem !== undefined) return;
  expect(spawnSync('umount', [directory]).status).toBe(0);
  rmSync(directory, { recursive: true });
});

(problem === undefined ? describe : describe.skip)(
  `a full disk${problem === undefined ? '' : ` (skipped: ${problem})`}`,
  () => {
    afterEach(async () => {
      await dist.service.stop(0);
      for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true });
    });
    const files = (): string[] => readdirSync(directory).filter((name) => /tar|json|tmp/.test(name));

    test('is seen before an upload is read; what is stored stays', async () => {
      dist = await TestDist.start({ storage: { keptFree: 0 } }, { directory });
      const [first, second] = [await aPackage('6.1.0', 3_000_000), await aPackage('6.2.0', 2_000_000)];
      dist.tell({ packages: [wanted(first), wanted(second)] });
      expect((await dist.put(first)).status).toBe(201);
      expect((await dist.put(second)).status).toBe(507);
      dist.tell({ limitBytes: 1e9 });
      await dist.until(({ full }) => (full ? true : undefined));
      expect((await dist.get(first.id)).body.equals(first.bytes)).toBe(true);
    });

    test('that fills up during an upload: nothing stays of it, and the next one that fits is taken', async () => {
      // The service believes that there is room for anything, as when others fill the disk meanwhile.
      dist = await TestDist.start({ storage: { keptFree: -1e9 } }, { directory });
      const [large, small] = [await aPackage('6.1.0', 6_000_000), await aPackage('6.2.0', 1_000_000)];
      dist.tell({ packages: [wanted(large), wanted(small)] });
      const answer = await dist.put(large);
      expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([507, { code: 'StorageFull' }]);
      expect(files()).toEqual([]);
      expect((await dist.put(small)).status).toBe(201);
      expect((await dist.get(small.id)).body.equals(small.bytes)).toBe(true);
    });

    test('a mirrored package whose size nobody told is refused where the room ends', async () => {
      dist = await TestDist.start({ storage: { keptFree: 0 } }, { directory });
      const content = await aPackage('6.1.0', 6_000_000);
      const registry = await serveOn(goodServer(content.bytes));
      dist.tell({ packages: [wanted(content, { mirror: { url: registry.url, sha256: content.sha256 } })] });
      const { failure } = await dist.untilHeld(content.id, 'failed');
      expect(failure).toEqual({ code: 'StorageFull', parameters: { id: content.id } });
      await dist.until(({ full }) => (full ? true : undefined));
      dist.tell({ packages: [] });
      await registry.close();
      await dist.eventually(() => files().length === 0);
    });
  },
);
