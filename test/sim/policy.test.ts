import { runScenario } from '../../cli/scenario/run-scenario';
import { conditionsOf, findCondition } from '../../lib/base/conditions';
import { assertConditionsConform } from '../conformance/conditions';
import type { World } from './policy-world';
import { API_VERSION, aWorld, NAMESPACE, policy, TYPE, wekaCluster } from './policy-world';

jest.setTimeout(120_000);

describe('a driver distribution policy on a cluster in memory', () => {
  let world: World;
  beforeEach(() => {
    world = aWorld();
  });
  afterEach(() => world.stop());

  it('becomes Ready once every kernel has its package, and then causes no write', async () => {
    world.apply(policy());
    await world.pass();
    const stored = world.get('policy', 'drivers')!;
    expect(stored.status).toMatchObject({ status: 'Done', progress: '2/2' });
    assertConditionsConform(stored);
    const before = world.writes();
    await world.pass(3_600_000);
    expect(world.writes()).toBe(before);
  });

  it('builds for a kernel that comes later, and leaves the builds that are done alone', async () => {
    world.apply(policy());
    await world.pass();
    const before = world.list('container').map(({ metadata }) => metadata.uid);
    world.cluster.nodes.add({ name: 'n3', kernel: '6.8.0-45-generic' });
    await world.pass();
    const after = world.list('container').map(({ metadata }) => metadata.uid);
    expect(after).toEqual(expect.arrayContaining(before));
    expect(after).toHaveLength(before.length + 1);
    expect(world.get('policy', 'drivers')?.status).toMatchObject({ progress: '3/3' });
  });

  it('builds only for nodes that it selects', async () => {
    world.cluster.nodes.add({ name: 'n3', kernel: '6.8.0-45-generic', labels: { pool: 'drivers' } });
    world.apply(policy({ nodeSelectors: [{ pool: 'drivers' }] }));
    await world.pass();
    expect(world.get('policy', 'drivers')?.status).toMatchObject({ progress: '1/1' });
    expect(world.get('node', 'n3')?.metadata.labels).toMatchObject({ 'weka.io/kernel': '6.8.0-45-generic' });
    expect(world.get('node', 'n1')?.metadata.labels).not.toHaveProperty(['weka.io/kernel']);
  });

  it('builds for the images of clusters too, and for both versions while one is being upgraded', async () => {
    world.apply(policy());
    const cluster = world.apply(wekaCluster('4.4.6'));
    await world.pass();
    expect(world.get('policy', 'drivers')?.status).toMatchObject({ progress: '4/4' });
    world.setStatus(cluster, { lastAppliedImage: 'registry.example/weka:4.4.4' });
    await world.pass();
    expect(world.get('policy', 'drivers')?.status).toMatchObject({ progress: '6/6' });
  });

  it('takes its children along when it is deleted, and its labels off the nodes', async () => {
    world.apply(policy());
    await world.pass();
    world.delete('policy', 'drivers');
    await world.pass();
    expect([world.names('policy'), world.names('container'), world.names('service'), world.names('pod')]).toEqual([
      [],
      [],
      [],
      [],
    ]);
    expect(world.get('node', 'n1')?.metadata.labels).not.toHaveProperty(['weka.io/kernel']);
    expect(world.names('wekaNode')).toEqual(['n1', 'n2']);
  });

  it('does not make the Pod of a finished build again', async () => {
    world.apply(policy());
    await world.pass();
    const builder = world.names('pod').find((name) => name.includes('builder'))!;
    world.delete('pod', builder);
    await world.pass();
    expect(world.names('pod')).not.toContain(builder);
    expect(world.get('container', builder)?.status).toMatchObject({ status: 'Completed' });
  });

  it('keeps living Pods when the operator is upgraded, says so, and makes the next ones anew', async () => {
    world.apply(policy());
    await world.pass();
    const before = world.get('pod', 'drivers-dist')!.metadata.uid;
    await world.restart({ operatorImage: 'registry.example/weka-operator:2' });
    await world.pass();
    expect(world.get('pod', 'drivers-dist')!.metadata.uid).toBe(before);
    const upToDate = () => findCondition(conditionsOf(world.get('container', 'drivers-dist')!), 'UpToDate');
    expect(upToDate()).toMatchObject({ status: 'False', reason: 'PodOutdated' });
    expect(world.get('policy', 'drivers')?.status).toMatchObject({ status: 'Done' });
    world.delete('pod', 'drivers-dist');
    await world.pass();
    expect(JSON.stringify(world.get('pod', 'drivers-dist')!.spec)).toContain('weka-operator:2');
    expect(upToDate()).toMatchObject({ status: 'True' });
  });

  it('leaves a Pod of somebody else alone that has the name of ours, and says whose it is', async () => {
    world.apply({
      ...TYPE.pod,
      metadata: { name: 'drivers-dist', namespace: NAMESPACE },
      spec: { containers: [{ name: 'theirs', image: 'registry.example/theirs:1' }] },
    });
    world.apply(policy());
    await world.pass();
    expect(JSON.stringify(world.get('pod', 'drivers-dist')?.spec)).toContain('theirs:1');
    expect(world.get('pod', 'drivers-dist')?.metadata.ownerReferences).toBeUndefined();
    const container = world.get('container', 'drivers-dist')!;
    expect(findCondition(conditionsOf(container), 'Ready')).toMatchObject({ status: 'False', reason: 'NameTaken' });
  });

  it('changes nothing for a policy of a type that is not run yet', async () => {
    world.apply({
      ...policy(),
      spec: { type: 'sign-drives', payload: { signDrivesPayload: { type: 'all-not-root' } } },
    });
    await world.pass();
    expect(findCondition(conditionsOf(world.get('policy', 'drivers')!), 'Stalled')).toMatchObject({
      status: 'True',
      reason: 'NotSupportedYet',
    });
    expect([world.names('container'), world.names('service')]).toEqual([[], []]);
  });

  it('passes labels on, but none by which a GitOps tool knows its own', async () => {
    const mine = { team: 'storage', 'argocd.argoproj.io/instance': 'app', 'app.kubernetes.io/instance': 'app' };
    const notes = {
      'argocd.argoproj.io/tracking-id': 'app:x',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    };
    world.apply(policy({}, { labels: mine, annotations: notes }));
    await world.pass();
    const made = (['container', 'service', 'pod'] as const).flatMap((kind) => world.list(kind));
    expect(made.length).toBeGreaterThan(5);
    for (const { metadata } of made) {
      expect(metadata.labels).toMatchObject({ team: 'storage' });
      const keys = Object.keys({ ...metadata.labels, ...metadata.annotations });
      expect(keys.filter((key) => /argocd|instance|last-applied/.test(key))).toEqual([]);
    }
  });

  it('says what the linter would, for a spec that works but hardly as meant', async () => {
    world.apply({
      apiVersion: API_VERSION,
      kind: 'WekaClient',
      metadata: { name: 'c', namespace: NAMESPACE },
      spec: {
        image: 'registry.example/weka:4.4.5',
        targetCluster: { name: 'a', namespace: NAMESPACE },
        joinIpPorts: ['10.0.0.1:14000'],
      },
    });
    await world.pass();
    const client = world.cluster.get({ apiVersion: API_VERSION, kind: 'WekaClient', namespace: NAMESPACE, name: 'c' })!;
    expect(findCondition(conditionsOf(client), 'SpecSound')).toMatchObject({
      status: 'False',
      message: expect.stringContaining('joinIpPorts') as string,
    });
  });
});

describe('the record of a node', () => {
  it('is no news as long as all is well', async () => {
    const world = aWorld();
    await world.pass();
    expect(world.cluster.list({ apiVersion: 'v1', kind: 'Event' })).toEqual([]);
    await world.stop();
  });

  it('outlives its Node for seven days, and a node that comes back is the old one', async () => {
    const world = aWorld();
    await world.pass();
    world.cluster.nodes.remove('n1');
    await world.pass(3 * 86_400_000);
    expect(world.get('wekaNode', 'n1')?.status).toMatchObject({ goneSince: expect.any(String) as string });
    world.cluster.nodes.add({ name: 'n1', kernel: '6.1.0-18-amd64' });
    await world.pass();
    expect(world.get('wekaNode', 'n1')?.status).not.toHaveProperty('goneSince');
    world.cluster.nodes.remove('n1');
    await world.pass(8 * 86_400_000);
    expect(world.names('wekaNode')).toEqual(['n2']);
    await world.stop();
  });

  it('follows a reboot', async () => {
    const world = aWorld();
    await world.pass();
    const before = world.get('wekaNode', 'n1')?.status?.['bootID'];
    world.cluster.nodes.reboot('n1', { kernel: '6.1.0-21-amd64' });
    await world.pass();
    expect(world.get('wekaNode', 'n1')?.status).toMatchObject({ kernel: '6.1.0-21-amd64' });
    expect(world.get('wekaNode', 'n1')?.status?.['bootID']).not.toBe(before);
    await world.stop();
  });
});

describe('a scenario', () => {
  const scenario = (seed: number) => ({
    seed,
    nodes: [{ name: 'n1' }, { name: 'n2', kernel: '5.15.0-91-generic' }],
    objects: [policy()],
    operatorImage: 'o:1',
  });
  const played = async (seed: number): Promise<string> => {
    const story: unknown[] = [];
    const { cluster, ...result } = await runScenario({
      ...scenario(seed),
      onHappening: (happening) => story.push(happening),
    });
    return JSON.stringify({ story, result, writes: cluster.log.lines() });
  };

  it('is a function of its seed, to the last write', async () => {
    expect(await played(7)).toBe(await played(7));
    expect(await played(7)).not.toBe(await played(8));
  });

  it('settles and then writes nothing', async () => {
    const { settled, writes } = await runScenario(scenario(1));
    expect({ settled, after: writes.after }).toEqual({ settled: true, after: 0 });
  });
});
