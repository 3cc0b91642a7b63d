import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { access, mkdir, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { loadedFile, resultFile } from '../../../agents/drivers-loader/watch';
import type { LoadResult } from '../../../lib/drivers/agent-result';
import { readLoadResult } from '../../../lib/drivers/agent-result';
import type { PackageKey } from '../../../lib/drivers/package';
import { aPackage } from './packages';
import { TestNode } from './test-node';

// Processes, on a machine that may be busy.
jest.setTimeout(60_000);

const MAIN = join(__dirname, '../../../agents/drivers-loader/main.ts');

let node: TestNode;
beforeEach(async () => {
  node = await TestNode.start();
  await mkdir(node.settings.stateDirectory);
});
afterEach(() => node.end());

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

const start = (mode: string, more: Record<string, string> = {}): { child: ChildProcess; ended: Promise<Ended> } => {
  const { settings } = node;
  const env = {
    PATH: process.env['PATH'],
    WEKA_VERSION: settings.wekaVersion,
    DIST_URL: settings.distUrl,
    CA_FILE: settings.caFile,
    NODE_NAME: settings.nodeName,
    INDEX_DIRECTORY: settings.indexDirectory,
    CACHE_DIRECTORY: settings.cacheDirectory,
    STATE_DIRECTORY: settings.stateDirectory,
    TERMINATION_LOG: settings.terminationLog,
    JITTER_SECONDS: '0',
    ...more,
  };
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, mode], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<Ended>((resolve) => {
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('close', (code) => resolve({ code, said }));
  });
  return { child, ended };
};

/** A package for the kernel of this machine, whose modules would not load into it. */
const hostKey = (): PackageKey => ({
  wekaVersion: node.settings.wekaVersion,
  kernel: release(),
  architecture: ({ x64: 'amd64', arm64: 'arm64' } as Record<string, string>)[process.arch] ?? process.arch,
});

const result = async (): Promise<LoadResult | undefined> =>
  readLoadResult(await readFile(node.settings.terminationLog, 'utf8'));

test('what cannot be loaded ends with 0, and the termination message and the state say why', async () => {
  const { code } = await start('load').ended;
  expect(code).toBe(0);
  const found = await result();
  expect(found).toMatchObject({ kind: 'DriverLoadFailed', kernel: release(), failure: { code: 'DriverNotIndexed' } });
  expect(found?.bootID).toMatch(/^[0-9a-f-]{36}$/);
  expect(readLoadResult(await readFile(resultFile(node.settings.stateDirectory), 'utf8'))).toEqual(found);
});

test('so does an environment that says nothing', async () => {
  expect((await start('load', { DIST_URL: '' }).ended).code).toBe(0);
  expect(await result()).toMatchObject({ failure: { code: 'AgentMisconfigured', parameters: { name: 'DIST_URL' } } });
});

test('so does a termination message that cannot be written: the log has it', async () => {
  const { code, said } = await start('load', { TERMINATION_LOG: '/nowhere/at/all' }).ended;
  expect(code).toBe(0);
  expect(said).toContain('the termination message cannot be written');
});

test('a Pod that is deleted while it fetches: nothing is left, and it ends with 0', async () => {
  const key = hostKey();
  let asked: () => void = () => undefined;
  const fetching = new Promise<void>((resolve) => (asked = resolve));
  await node.offer(await aPackage([{ name: 'wekafsio' }], { key }), () => asked());
  const { child, ended } = start('load');
  await fetching;
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
  expect(await result()).toMatchObject({ failure: { code: 'LoaderStopped' } });
  expect(await node.cached()).toEqual([]);
});

test('the watch ends at once when it is told to, wherever it is', async () => {
  const { child, ended } = start('watch', { WATCH_SECONDS: '3600' });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  child.kill('SIGTERM');
  const { code, said } = await ended;
  expect([code, said.includes('there is no result of loading')]).toEqual([0, true]);
  await expect(access(loadedFile(node.settings.stateDirectory))).rejects.toThrow();
});

test('another mode is a mistake of whoever starts it', async () => {
  const { code, said } = await start('unload').ended;
  expect([code, said]).toEqual([2, 'usage: drivers-loader load|watch\n']);
});

test('an image that lacks a program is named, whatever it was to be used for', async () => {
  await node.offer(await aPackage([{ name: 'wekafsio' }], { key: hostKey() }));
  await start('load', { PATH: '/nowhere' }).ended;
  expect(await result()).toMatchObject({
    failure: { code: 'AgentMisconfigured', parameters: { name: 'flock', cause: 'is not in its image' } },
  });
});
