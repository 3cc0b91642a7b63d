import type { BuildNode } from '../../lib/drivers/demand';
import { buildDemands, imagesWithoutVersion } from '../../lib/drivers/demand';
import { wekaVersionOf } from '../../lib/drivers/package';
import type { NodeFacts } from '../../lib/nodes/node-facts';

const node = (
  name: string,
  kernel: string,
  labels: Record<string, string> = {},
  architecture = 'amd64',
): NodeFacts => ({
  name,
  uid: `uid-${name}`,
  labels,
  kernel,
  architecture,
  osImage: 'Debian GNU/Linux 12',
  bootID: 'b',
  ready: true,
  unschedulable: false,
});
const image = (tag: string, wantedBy = 'ensureImages') => ({ image: `registry.example/weka:${tag}`, wantedBy });

describe('wekaVersionOf', () => {
  test.each([
    ['quay.io/weka.io/weka-in-container:4.4.5.118-k8s.4', '4.4.5.118-k8s.4'],
    ['localhost:30000/weka-in-container:4.2.10', '4.2.10'],
    ['localhost:30000/weka-in-container', undefined],
    ['registry.example/weka@sha256:abc', 'sha256:abc'],
    ['registry.example/weka:4.4.5@sha256:abc', '4.4.5'],
  ])('of %s is %s', (reference, version) => expect(wekaVersionOf(reference)).toBe(version));
});

describe('buildDemands', () => {
  it('makes one build for each version and kernel', () => {
    const builds = buildDemands(
      [image('4.4.5'), image('4.4.2')],
      [node('a', '6.1'), node('b', '6.1'), node('c', '5.15')],
      [],
    );
    expect(builds.map(({ wekaVersion, kernel, nodes }) => [wekaVersion, kernel, nodes])).toEqual([
      ['4.4.2', '5.15', ['c']],
      ['4.4.2', '6.1', ['a', 'b']],
      ['4.4.5', '5.15', ['c']],
      ['4.4.5', '6.1', ['a', 'b']],
    ]);
  });

  it('builds once for two images of one version, and says who wants it', () => {
    const [build, ...more] = buildDemands(
      [image('4.4.5', 'WekaCluster/b'), { image: 'mirror.example/weka:4.4.5', wantedBy: 'WekaClient/a' }],
      [node('a', '6.1')],
      [],
    );
    expect(more).toEqual([]);
    expect(build).toMatchObject({ image: 'mirror.example/weka:4.4.5', wantedBy: ['WekaClient/a', 'WekaCluster/b'] });
  });

  it('ORs selector entries, ANDs the keys in one, and places the builder in the first entry that fits', () => {
    const nodes = [
      node('a', '6.1', { role: 'w', env: 'prod' }),
      node('b', '5.15', { role: 'w' }),
      node('c', '5.10', { pool: 'x' }),
    ];
    const builds = buildDemands([image('4.4.5')], nodes, [{ role: 'w', env: 'prod' }, { pool: 'x' }]);
    expect(builds.map(({ kernel, placement }) => [kernel, placement])).toEqual([
      ['5.10', { kind: 'labels', nodeSelector: { pool: 'x' } }],
      ['6.1', { kind: 'labels', nodeSelector: { role: 'w', env: 'prod' } }],
    ]);
  });

  it('keeps kernels apart that differ in flavour or architecture', () => {
    const builds = buildDemands(
      [image('4.4.5')],
      [node('a', '6.1'), node('b', '6.1+rt'), node('c', '6.1', {}, 'arm64')],
      [],
    );
    expect(builds).toHaveLength(3);
  });

  it('does not depend on the order of nodes and images', () => {
    const nodes = [node('a', '6.1'), node('b', '5.15'), node('c', '6.1')];
    const images = [image('4.4.5'), image('4.4.2', 'WekaCluster/x')];
    expect(buildDemands([...images].reverse(), [...nodes].reverse(), [])).toEqual(buildDemands(images, nodes, []));
  });

  it('waits for a node that has not reported its kernel', () =>
    expect(buildDemands([image('4.4.5')], [node('a', '')], [])).toEqual([]));

  it('names images whose version nobody can tell', () => {
    expect(imagesWithoutVersion([image('4.4.5'), { image: 'registry.example/weka', wantedBy: 'x' }])).toEqual([
      { image: 'registry.example/weka', wantedBy: 'x' },
    ]);
  });
});

describe('where a package is built', () => {
  type Installed = Readonly<Record<string, boolean>>;
  const observed = (name: string, kernel: string, installed: Installed): BuildNode => ({
    ...node(name, kernel),
    installed: Object.entries(installed).map(([release, headers]) => ({ release, headers })),
  });
  const anywhere = { kind: 'labels', nodeSelector: {} };

  test.each<[string, BuildNode[], Record<string, unknown>]>([
    ['nobody has looked yet', [node('a', '6.1')], { '6.1': anywhere }],
    ['all have headers', [observed('a', '6.1', { '6.1': true }), node('b', '6.1')], { '6.1': anywhere }],
    [
      'some lack them',
      [observed('a', '6.1', { '6.1': false }), observed('b', '6.1', { '6.1': true }), node('c', '6.1')],
      { '6.1': { kind: 'nodes', names: ['b'] } },
    ],
    [
      'one lacks them, and nobody has looked at the other',
      [observed('a', '6.1', { '6.1': false }), node('b', '6.1')],
      { '6.1': { kind: 'nodes', names: ['b'] } },
    ],
    [
      'a node that runs another kernel has them',
      [observed('a', '6.1', { '6.1': false }), observed('b', '6.8', { '6.8': true, '6.1': true })],
      { '6.1': { kind: 'nodes', names: ['b'] }, '6.8': anywhere },
    ],
    [
      'nobody has them',
      [observed('a', '6.1', { '6.1': false }), observed('b', '6.1', {})],
      { '6.1': { kind: 'nowhere', lacking: ['a', 'b'] } },
    ],
    [
      'a kernel is installed and not booted',
      [observed('a', '6.1', { '6.1': true, '6.8+rt': true }), observed('b', '6.1', { '6.1': true, '6.8+rt': false })],
      { '6.1': anywhere, '6.8+rt': { kind: 'nodes', names: ['a'] } },
    ],
    [
      'a kernel is installed without headers and not booted',
      [observed('a', '6.1', { '6.1': true, '6.8': false })],
      { '6.1': anywhere, '6.8': { kind: 'nowhere', lacking: ['a'] } },
    ],
  ])('%s', (_sentence, nodes, placements) => {
    const builds = buildDemands([image('4.4.5')], nodes, []);
    expect(Object.fromEntries(builds.map(({ kernel, placement }) => [kernel, placement]))).toEqual(placements);
  });

  it('looks only at nodes that the policy selects', () => {
    const chosen = { ...observed('a', '6.1', { '6.1': false }), labels: { pool: 'x' } };
    const other = observed('b', '6.1', { '6.1': true });
    const [build] = buildDemands([image('4.4.5')], [chosen, other], [{ pool: 'x' }]);
    expect(build).toMatchObject({ nodes: ['a'], placement: { kind: 'nowhere', lacking: ['a'] } });
  });

  it('names no more nodes than a scheduler needs to choose from', () => {
    const many = Array.from({ length: 40 }, (_, index) => observed(`n${index}`, '6.1', { '6.1': index > 0 }));
    const [build] = buildDemands([image('4.4.5')], many, []);
    expect(build?.placement).toMatchObject({ kind: 'nodes', names: { length: 16 } });
  });
});
