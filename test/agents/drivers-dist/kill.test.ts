import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';
import { PackageStore, prepareDirectory } from '../../../agents/drivers-dist/package-store';
import { silentLog } from '../../../agents/shared/log';
import { packagePath } from '../../../lib/drivers/package';
import { aPackage, sha256 } from './packages';
import type { TestPackage } from './packages';
import type { BareServerOptions } from './bare-server';
import { PERMIT_KEY, uploadHeaders, wanted } from './test-dist';

// Processes that are started and killed, on a machine that may be busy.
jest.setTimeout(180_000);

let directory: string;
let program: string;
const tools = mkdtempSync(join(tmpdir(), 'dist-server-'));
beforeAll(() => {
  program = join(tools, 'server.js');
  const entry = join(__dirname, 'server-process.ts');
  buildSync({ entryPoints: [entry], bundle: true, platform: 'node', outfile: program, logLevel: 'error' });
});
afterAll(() => rmSync(tools, { recursive: true }));
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dist-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

interface Running {
  readonly port: number;
  kill(): Promise<void>;
}

/** The service as a process of its own, in clear: what is killed here is storage, not TLS. */
const serve = async (packages: readonly TestPackage[]): Promise<Running> => {
  const desired = { permitKeys: [PERMIT_KEY], packages: packages.map((each) => wanted(each, { sha256: each.sha256 })) };
  const argument: BareServerOptions = { directory, desired };
  const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(argument)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line)));
    child.once('close', (code) => reject(new Error(`the service ended with ${code}`)));
  });
  return {
    port,
    kill: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
};

/** Uploads; `progress` is told how many bytes were sent. Resolves with the status, 0 when the connection broke. */
const upload = (port: number, content: TestPackage, progress: (bytes: number) => void): Promise<number> =>
  new Promise((resolve) => {
    const outgoing = request(
      { host: '127.0.0.1', port, path: packagePath(content.id), method: 'PUT', headers: uploadHeaders(content) },
      (incoming) => {
        incoming.resume();
        incoming.once('end', () => resolve(incoming.statusCode ?? 0));
        incoming.once('error', () => resolve(0));
      },
    );
    outgoing.once('error', () => resolve(0));
    const PIECE = 50_000;
    const send = (at: number): void => {
      progress(at);
      if (at >= content.bytes.length) outgoing.end();
      else outgoing.write(content.bytes.subarray(at, at + PIECE), () => setImmediate(send, at + PIECE));
    };
    send(0);
  });

/** What a new process finds, as its store sees it. */
const survivors = async (): Promise<{ readonly digests: string[]; readonly files: string[] }> => {
  await prepareDirectory(directory);
  const store = new PackageStore({ directory, log: silentLog, onChange: () => undefined });
  await store.scan;
  const found = store.holdings();
  const digests = found.map(({ id }) => sha256(readFileSync(join(directory, `${id}.tar.gz`))));
  expect(digests).toEqual(found.map((each) => each.sha256));
  expect(store.quarantined()).toEqual([]);
  store.close();
  return { digests, files: readdirSync(directory).filter((name) => !['quarantine', 'identity'].includes(name)) };
};

const KILLS = 30;

test(`killed ${KILLS} times in the middle of an upload: the package is there whole, or not at all`, async () => {
  const content = await aPackage('6.1.0', 3_000_000);
  let stored = 0;
  for (let round = 0; round < KILLS; round++) {
    const service = await serve([content]);
    // Over all of the body, and a little behind it: there the file is synced, renamed and recorded.
    const at = Math.floor((content.bytes.length * 1.1 * (round + Math.random())) / KILLS);
    let killed: Promise<void> | undefined;
    const status = await upload(service.port, content, (sent) => {
      if (sent >= at) killed ??= service.kill();
      else if (sent >= content.bytes.length) setTimeout(() => void (killed ??= service.kill()), Math.random() * 20);
    });
    await (killed ??= service.kill());
    const { digests, files } = await survivors();
    expect([[], [content.sha256]]).toContainEqual(digests);
    // What was acknowledged stays.
    if (status === 201) expect(digests).toEqual([content.sha256]);
    expect(files.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    stored += digests.length;
    rmSync(directory, { recursive: true });
    directory = mkdtempSync(join(tmpdir(), 'dist-'));
  }
  expect(stored).toBeLessThan(KILLS);
});

test('killed while a package is replaced: the old one is there, or the new one', async () => {
  const [before, after] = [await aPackage('6.1.0', 1_000_000), await aPackage('6.1.0', 1_000_000)];
  const seen = new Set<string>();
  for (let round = 0; round < 12; round++) {
    const first = await serve([before]);
    expect(await upload(first.port, before, () => undefined)).toBe(201);
    await first.kill();
    const second = await serve([after]);
    let killed: Promise<void> | undefined;
    await upload(second.port, after, (sent) => {
      if (sent >= after.bytes.length) setTimeout(() => void (killed ??= second.kill()), round * 2);
    });
    await (killed ??= second.kill());
    const { digests } = await survivors();
    expect([[before.sha256], [after.sha256]]).toContainEqual(digests);
    digests.forEach((digest) => seen.add(digest));
    rmSync(directory, { recursive: true });
    directory = mkdtempSync(join(tmpdir(), 'dist-'));
  }
  expect(seen.size).toBeGreaterThan(0);
});
