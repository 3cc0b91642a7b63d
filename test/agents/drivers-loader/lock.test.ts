import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../../../agents/drivers-loader/lock';

// Processes, on a machine that may be busy.
jest.setTimeout(60_000);

let directory: string;
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'weka-operator-lock-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

test('only one acts at a time: the second is refused at once, and may act when the first has ended', async () => {
  const done: string[] = [];
  await withLock(directory, async () => {
    await expect(withLock(directory, async () => done.push('second'))).rejects.toMatchObject({ code: 'LoaderBusy' });
    done.push('first');
  });
  await withLock(directory, async () => done.push('third'));
  expect(done).toEqual(['first', 'third']);
});

test('it is given back when the work fails', async () => {
  await expect(withLock(directory, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(withLock(directory, async () => 'again')).resolves.toBe('again');
});

test('it is nobody’s when its holder was killed, with kill -9', async () => {
  const program = `
    const { withLock } = require(process.argv[1]);
    withLock(process.argv[2], () => { console.log('held'); return new Promise((end) => setTimeout(end, 300_000)); });`;
  const lock = join(__dirname, '../../../agents/drivers-loader/lock.ts');
  const holder = spawn(process.execPath, ['--import', 'tsx', '-e', program, lock, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    holder.stdout.once('data', resolve);
    holder.once('exit', (code) => reject(new Error(`the holder ended with ${code}`)));
  });
  await expect(withLock(directory, async () => 'mine')).rejects.toMatchObject({ code: 'LoaderBusy' });
  const gone = new Promise((resolve) => holder.once('close', resolve));
  holder.kill('SIGKILL');
  await gone;
  // flock ends a moment after the process whose pipe it reads.
  const deadline = Date.now() + 10_000;
  let got: string | undefined;
  while (got === undefined && Date.now() < deadline)
    got = await withLock(directory, async () => 'mine').catch(() => undefined);
  expect(got).toBe('mine');
});

test('a directory that is not there is named', async () => {
  const missing = join(directory, 'missing');
  await expect(withLock(missing, async () => undefined)).rejects.toMatchObject({
    code: 'NodeDirectoryUnusable',
    parameters: { directory: missing },
  });
});
