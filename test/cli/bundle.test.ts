import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './command';

describe('what the image runs', () => {
  let place: string;
  let dist: string;
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'weka-operator-bundle-'));
    dist = join(place, 'dist');
    const { status, stderr } = node(['--import', 'tsx', join(ROOT, 'cli/generate/bundle.ts'), dist], ROOT);
    if (status !== 0) throw new Error(stderr);
  }, 120_000);
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  // Far from node_modules: what a bundle lacks is not found there by chance.
  const node = (args: readonly string[], cwd = place) =>
    spawnSync(process.execPath, args, {
      cwd,
      encoding: 'utf8',
      timeout: 60_000,
      env: { PATH: process.env['PATH'], HOME: place },
    });
  const operator = (...args: string[]) => node([join(dist, 'weka-operator.js'), ...args]);
  const agents = (): string[] =>
    readdirSync(join(ROOT, 'agents')).filter((name) => existsSync(join(ROOT, 'agents', name, 'main.ts')));

  test('is one file for the operator, one for each agent, and their version', () => {
    expect(readdirSync(join(dist, 'agents')).sort()).toEqual(agents().map((name) => `${name}.js`));
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(operator('--version').stdout).toBe(`${version}\n`);
  });

  // One letter beyond ASCII, even in a regular expression, makes of the whole text one of two bytes a letter: it takes twice
  // the memory, and a twentieth longer to start.
  test('is plain ASCII', () => {
    const strange = [...readFileSync(join(dist, 'weka-operator.js'), 'latin1').matchAll(/.{0,20}[^\0-\x7f]/g)];
    expect(strange.map(([around]) => around)).toEqual([]);
  });

  test('needs nothing beside it: every command teaches, and a manager gets as far as its kubeconfig', () => {
    const commands = [...operator('--help').stdout.matchAll(/^ {2}(\w[\w-]*) .*$/gm)].map(([, name]) => name as string);
    expect(commands).toEqual(expect.arrayContaining(['manager', 'copy-agent', 'plan']));
    for (const command of commands.filter((name) => name !== 'weka-operator' && name !== 'help')) {
      expect([command, operator(command, '--help').status]).toEqual([command, 0]);
    }
    const { status, stderr } = operator('manager', '--kubeconfig', '/no/such/file');
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringContaining('/no/such/file') });
  }, 60_000);

  test('hands each agent out, and each starts far from everything else', () => {
    for (const agent of agents()) {
      expect([agent, operator('copy-agent', agent, join(place, 'pod')).status]).toEqual([agent, 0]);
      const { stderr } = node([join(place, 'pod', `${agent}.js`)]);
      expect([agent, stderr]).toEqual([agent, expect.not.stringMatching(/Cannot find module|SyntaxError/)]);
    }
  }, 60_000);
});
