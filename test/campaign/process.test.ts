import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFaultFile } from '../../cli/scenario/read-faults';

jest.setTimeout(120_000);

const ROOT = join(__dirname, '..', '..');
const TSX = join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs');
const MAIN = join(ROOT, 'test', 'campaign', 'main.ts');
const run = (...args: string[]) => spawnSync(process.execPath, [TSX, MAIN, ...args], { encoding: 'utf8', cwd: ROOT });

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weka-operator-campaign-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (text: string): string => {
  const path = join(directory, 'faults.yaml');
  writeFileSync(path, text);
  return path;
};

describe('the campaign as a process', () => {
  it('says how many runs it did, and exits 0', () => {
    const { status, stdout } = run('--runs', '1', '--seed', '5');
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^1 runs, seeds 5 to 5, .*0 failed/) as string,
    });
  });

  it('exits 2 for a seed that is no number, with one sentence', () => {
    const { status, stderr } = run('--seed', 'seven');
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: '--seed is seven: it must be a whole number from 0 to 4294967295.\n',
    });
  });

  it('prints what it has when it is interrupted', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN, '--minutes', '2'], { cwd: ROOT });
    let said = '';
    child.stdout.on('data', (data: Buffer) => (said += data.toString()));
    const over = new Promise<number | null>((resolve) => child.once('close', resolve));
    setTimeout(() => child.kill('SIGINT'), 8_000);
    expect(await over).toBe(0);
    expect(said).toMatch(/Interrupted\. \d+ runs/);
  });

  it('says so when the disk is full, after it has told everything', () => {
    const { status, stdout, stderr } = run('--runs', '1', '--output', '/dev/full');
    expect(status).toBe(1);
    expect(stdout).toContain('1 runs');
    expect(stderr).toContain('Writing /dev/full failed: ENOSPC');
  });
});

describe('a file with a fault plan', () => {
  it('is read', () => {
    expect(readFaultFile(file('faults: [{fault: crash, write: 2}]')).faults).toHaveLength(1);
  });

  test.each([
    ['faults: [', 'YamlInvalid', 'faults.yaml:'],
    ['faults: [{fault: crash, wirte: 2}]', 'FaultPlanInvalid', 'faults[0].wirte is no field of crash'],
    ['[]', 'FaultPlanInvalid', 'A fault plan is an object'],
  ])('%s is refused', (text, code, words) => {
    expect(() => readFaultFile(file(text))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(words) as string }) as Error,
    );
  });

  it('that is not there is named', () => {
    expect(() => readFaultFile(join(directory, 'none.yaml'))).toThrow(/none\.yaml/);
  });
});
