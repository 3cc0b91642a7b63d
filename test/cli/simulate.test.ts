import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { Workplace } from './command';
import { ROOT, workplace } from './command';

jest.setTimeout(120_000);

let place: Workplace;
beforeEach(() => {
  place = workplace();
});
afterEach(() => place.remove());

const EXAMPLES = join(ROOT, 'examples');
const FIXTURES = join(ROOT, 'test/fixtures');
const POLICY = ['-f', join(EXAMPLES, 'policy.yaml'), '--nodes', join(EXAMPLES, 'nodes.yaml')];
const simulate = (...more: string[]) => place.run(['simulate', ...POLICY, ...more]);

interface Outcome {
  readonly settled: boolean;
  readonly tookMs: number;
  readonly writes: { readonly untilSettled: number; readonly after: number };
  readonly story: readonly {
    readonly at: number;
    readonly what: string;
    readonly object: string;
    readonly text: string;
  }[];
}

describe('simulate', () => {
  test('equal input and seed give the same bytes; the seed reaches the story', () => {
    const first = simulate('--seed', '7', '-o', 'json');
    expect(first.status).toBe(0);
    expect(simulate('--seed', '7', '-o', 'json').stdout).toBe(first.stdout);
    expect(simulate('--seed', '8', '-o', 'json').stdout).not.toBe(first.stdout);
  });

  test('-o json: it settled, and after that nothing was written', () => {
    const { stdout, stderr, status } = simulate('-o', 'json');
    const outcome = JSON.parse(stdout) as Outcome;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(Object.keys(outcome).sort()).toEqual(['settled', 'story', 'tookMs', 'writes']);
    expect(outcome).toMatchObject({ settled: true, writes: { after: 0 } });
    expect(outcome.tookMs).toBe(outcome.story.at(-1)?.at);
    expect(outcome.story.map(({ at }) => at)).toEqual(outcome.story.map(({ at }) => at).sort((a, b) => a - b));
    expect(outcome.story.at(-1)).toMatchObject({
      what: 'is',
      object: 'WekaPolicy/weka-operator-system/drivers',
      text: expect.stringMatching(/^Done/) as string,
    });
  });

  test('-o yaml says the same', () => {
    expect(parse(simulate('-o', 'yaml').stdout)).toEqual(JSON.parse(simulate('-o', 'json').stdout));
  });

  test('for people: the story with times, then the tables, then how it ended', () => {
    const { stdout } = simulate();
    expect(stdout).toMatch(/^ {7}0\.0s {2}\+ Node\/storage-1\n/);
    expect(stdout).toMatch(/\n\$ kubectl get wekapolicy -A\nNAMESPACE +NAME +TYPE/);
    expect(stdout).toMatch(/\nSettled after \d+m [\d.]+s of virtual time and \d+ writes; 0 in the ten minutes after/);
  });

  test('where no node fits, it ends all the same', () => {
    const nodes = place.write('nodes.yaml', 'nodes: [{name: a, unschedulable: true}]\n');
    const { status, stdout } = place.run([
      'simulate',
      '-f',
      join(EXAMPLES, 'policy.yaml'),
      '--nodes',
      nodes,
      '-o',
      'json',
    ]);
    expect({ status, settled: (JSON.parse(stdout) as Outcome).settled }).toEqual({ status: 0, settled: true });
  });
});

describe('demo', () => {
  test('makes a driver for real, which simulated nodes load, writes what was made, and does the same again', () => {
    const demo = () => place.run(['demo', '--examples', EXAMPLES, '--drivers', FIXTURES, '--write', 'made']);
    const first = demo();
    expect(first.status).toBe(0);
    expect(first.stdout).toMatch(/^A driver for real, before anything is simulated:\n {2}made {6}/);
    const [, digest = 'none'] = /SHA-256 (\w{12})…/.exec(first.stdout) ?? [];
    expect(first.stdout).toMatch(new RegExp(`opens \\S+ \\(${digest}`));
    for (const object of [
      'WekaPolicy/weka-operator-system/drivers',
      'WekaCluster/storage/demo',
      'WekaClient/storage/demo-clients',
    ])
      expect(first.stdout).toContain(`+ ${object}\n`);
    expect(first.stderr).toBe('27 manifests written to made\n');
    const written = readdirSync(join(place.directory, 'made'), { recursive: true }).map(String).sort();
    expect(written).toContain('weka-operator-system/service-drivers-dist.yaml');
    expect(written.filter((name) => name.includes('pod-weka-drivers-loader'))).toHaveLength(6);
    expect(demo().stdout).toBe(first.stdout);
  });

  test('what was made is marked as the operator’s own, one document a file', () => {
    place.run(['demo', '--examples', EXAMPLES, '--drivers', FIXTURES, '--write', 'made']);
    const text = readFileSync(join(place.directory, 'made/wekanode-storage-1.yaml'), 'utf8');
    expect(text).toMatch(/^# Not to be applied/);
    expect(parseAllDocuments(text)).toHaveLength(1);
  });

  test('outside of a checkout: says which file is missing', () => {
    const { status, stdout, stderr } = place.run(['demo']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('examples/policy.yaml');
    expect(stderr).toContain('no such file or directory');
    expect(existsSync(join(place.directory, 'dist'))).toBe(false);
  });
});
