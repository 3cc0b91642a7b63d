import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { AtomicFile, isTemporary, sweepTemporaries, writeFileAtomic } from '../../../agents/shared/atomic-file';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'atomic-file-'));
});
afterEach(() => rmSync(directory, { recursive: true }));
const at = (name: string): string => join(directory, name);

test('the file is not there before it is committed, and whole afterwards', async () => {
  const file = await AtomicFile.create(at('a'));
  const chunk = Buffer.alloc(700_000, 'x');
  for (let i = 0; i < 5; i++) await file.write(chunk);
  expect(readdirSync(directory).filter((name) => !isTemporary(name))).toEqual([]);
  expect(file.size).toBe(3_500_000);
  await file.commit();
  expect(readFileSync(at('a')).equals(Buffer.alloc(3_500_000, 'x'))).toBe(true);
  expect(readdirSync(directory)).toEqual(['a']);
});

test('the bytes can be looked at before the commit', async () => {
  const file = await AtomicFile.create(at('a'));
  await file.write(Buffer.from('hello'));
  await file.finish();
  expect(readFileSync(file.temporary, 'utf8')).toBe('hello');
  await file.discard();
  expect(readdirSync(directory)).toEqual([]);
});

test('replacing keeps the old contents until the new ones are complete', async () => {
  await writeFileAtomic(at('a'), 'old');
  const file = await AtomicFile.create(at('a'));
  await file.write(Buffer.from('new'));
  expect(readFileSync(at('a'), 'utf8')).toBe('old');
  await file.commit();
  expect(readFileSync(at('a'), 'utf8')).toBe('new');
});

test('a secret is never readable by others, not even for a moment', async () => {
  const file = await AtomicFile.create(at('key'), { mode: 0o600 });
  expect(statSync(file.temporary).mode & 0o777).toBe(0o600);
  await file.commit();
  expect(statSync(at('key')).mode & 0o777).toBe(0o600);
});

test('a directory that is not there is an error, and leaves nothing', async () => {
  await expect(writeFileAtomic(at('missing/a'), 'x')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(writeFileAtomic(directory, 'x')).rejects.toMatchObject({ code: expect.stringMatching(/EISDIR|EEXIST/) });
});

test('sweeping removes temporary files and nothing else', async () => {
  const file = await AtomicFile.create(at('a'));
  writeFileSync(at('.hidden'), '');
  writeFileSync(at('b.tmp'), '');
  expect(await sweepTemporaries(directory)).toHaveLength(1);
  expect(readdirSync(directory).sort()).toEqual(['.hidden', 'b.tmp']);
  await file.discard();
});

// A child replaces one file again and again with contents of one letter; it is killed at some moment of that.
const WRITER = `
  import { writeFileAtomic } from './agents/shared/atomic-file';
  const main = async () => {
    console.log('started');
    for (let i = 0; ; i++) await writeFileAtomic(process.argv[2], Buffer.alloc(3_000_000, 97 + (i % 26)));
  };
  void main();`;

test('a process that is killed leaves one whole state and what can be swept', async () => {
  const tools = mkdtempSync(join(tmpdir(), 'writer-'));
  const program = join(tools, 'writer.js');
  const stdin = { contents: WRITER, resolveDir: process.cwd(), loader: 'ts' as const };
  buildSync({ stdin, bundle: true, platform: 'node', outfile: program });
  for (let kill = 0; kill < 20; kill++) {
    const child = spawn(process.execPath, [program, at('a')], { stdio: ['ignore', 'pipe', 2] });
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, kill * 4));
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
    await sweepTemporaries(directory);
    expect(readdirSync(directory).filter((name) => name !== 'a')).toEqual([]);
    if (readdirSync(directory).length === 0) continue;
    const content = readFileSync(at('a'));
    expect(content.equals(Buffer.alloc(3_000_000, content[0] ?? 0))).toBe(true);
  }
  rmSync(tools, { recursive: true });
}, 60_000);
