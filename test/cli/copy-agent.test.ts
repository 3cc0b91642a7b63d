import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runCopyAgent } from '../../cli/run/copy-agent';
import type { Terminal } from '../../cli/terminal';
import { OperatorError } from '../../lib/base/errors';
import { ROOT, workplace } from './command';

const silent: Terminal = { out: () => undefined, err: () => undefined, colour: false, errIsTerminal: false, width: 80 };

describe('copy-agent', () => {
  let place: string;
  let agents: string;
  let target: string;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'weka-operator-copy-'));
    [agents, target] = [join(place, 'agents'), join(place, 'pod', 'agent')];
    mkdirSync(agents);
    writeFileSync(join(agents, 'drivers-builder.js'), 'console.log("built by " + process.execPath);\n');
    writeFileSync(join(agents, 'drivers-dist.js'), '');
  });
  afterEach(() => rmSync(place, { recursive: true, force: true }));

  const copy = (name: string, directory = target, runtime?: string): number =>
    runCopyAgent({ name, directory, agents, ...(runtime === undefined ? {} : { runtime }) }, silent);
  const failure = (act: () => unknown): OperatorError => {
    try {
      act();
    } catch (error) {
      if (error instanceof OperatorError) return error;
      throw error;
    }
    throw new Error('it did not fail');
  };

  test('what it copied runs, by the runtime it copied', () => {
    expect(copy('drivers-builder')).toBe(0);
    expect(readdirSync(target).sort()).toEqual(['drivers-builder.js', 'node']);
    const ran = spawnSync(join(target, 'node'), [join(target, 'drivers-builder.js')], { encoding: 'utf8' });
    expect(ran.stdout).toBe(`built by ${join(target, 'node')}\n`);
  });

  test('a second time, and after a crash that left half a file, it leaves both whole and nothing else', () => {
    copy('drivers-builder');
    writeFileSync(join(target, 'node.unfinished'), 'half');
    writeFileSync(join(target, 'node'), 'an older runtime');
    copy('drivers-builder');
    expect(readdirSync(target).sort()).toEqual(['drivers-builder.js', 'node']);
    expect(readFileSync(join(target, 'node')).equals(readFileSync(process.execPath))).toBe(true);
  });

  test.each([
    ['unknown', 'drivers-bilder'],
    ['a way out of the directory', '../agents/drivers-builder'],
    ['empty', ''],
  ])('a name that is %s is refused with the names there are, before anything is written', (_what, name) => {
    const error = failure(() => copy(name));
    expect(error.code).toBe('AgentMissing');
    expect(error.message).toContain('it carries: drivers-builder, drivers-dist');
    expect(existsSync(target)).toBe(false);
  });

  test('a directory that cannot be one is named, with the reason', () => {
    writeFileSync(join(place, 'file'), '');
    const error = failure(() => copy('drivers-builder', join(place, 'file')));
    expect([error.code, error.message]).toEqual(['OutputFailed', expect.stringContaining(join(place, 'file'))]);
  });

  test('where the new runtime cannot be written, the old one stays whole', () => {
    copy('drivers-builder');
    mkdirSync(join(target, 'node.unfinished'));
    const error = failure(() => copy('drivers-builder'));
    expect([error.code, error.message]).toEqual(['OutputFailed', expect.stringContaining(join(target, 'node'))]);
    expect(statSync(join(target, 'node')).size).toBe(statSync(process.execPath).size);
  });

  test('killed at any moment, what has the final name is whole', async () => {
    const script = `require(${JSON.stringify(join(ROOT, 'cli/run/copy-agent.ts'))}).runCopyAgent(JSON.parse(process.argv[1]), { err() {} })`;
    const argument = JSON.stringify({ name: 'drivers-builder', directory: target, agents });
    const child = spawn(process.execPath, ['--require', 'tsx/cjs', '-e', script, argument], { cwd: ROOT });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    while (child.exitCode === null && !existsSync(target)) await wait(1);
    await wait(5);
    child.kill('SIGKILL');
    await gone;
    const size = existsSync(join(target, 'node')) ? statSync(join(target, 'node')).size : undefined;
    expect([undefined, statSync(process.execPath).size]).toContain(size);
    expect(copy('drivers-builder')).toBe(0);
  });

  test('from the command line: help teaches, wrong usage is 2, a build without agents says what to do', () => {
    const elsewhere = workplace();
    try {
      expect(elsewhere.run(['copy-agent', '--help']).stdout).toMatch(
        /Examples:\n {2}# .+\n {2}weka-operator copy-agent/,
      );
      expect(elsewhere.run(['copy-agent', 'drivers-dist']).status).toBe(2);
      const { status, stderr } = elsewhere.run(['copy-agent', 'drivers-dist', 'here']);
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringMatching(/carries no agent drivers-dist; it carries: none[^]*remedy Run it in an image/),
      });
    } finally {
      elsewhere.remove();
    }
  });
});
