import { offlineInstallation } from '../../controllers/installation';
import { reconcilers } from '../../controllers/reconcilers';
import { silentLogger } from '../../controllers/runtime/log';
import { createManager } from '../../controllers/runtime/manager';
import { createMetrics } from '../../controllers/runtime/metrics';
import type { LiveObject, Manifest } from '../../lib/base/kube-object';
import { conditionsOf, findCondition } from '../../lib/base/conditions';
import type { SimCluster } from '../../sim/cluster';
import { createSimCluster } from '../../sim/cluster';
import { forkRandom } from '../../sim/random';
import { runScenario } from '../../cli/scenario/run-scenario';
import { assertConditionsConform } from '../conformance/conditions';

const API_VERSION = 'weka.weka.io/v1alpha1';
const NAMESPACE = 'default';
const USER = { user: 'kubernetes-admin', manager: 'kubectl', force: true };
const TYPE = {
  policy: { apiVersion: API_VERSION, kind: 'WekaPolicy' },
  container: { apiVersion: API_VERSION, kind: 'WekaContainer' },
  wekaNode: { apiVersion: API_VERSION, kind: 'WekaNode' },
  service: { apiVersion: 'v1', kind: 'Service' },
  pod: { apiVersion: 'v1', kind: 'Pod' },
  node: { apiVersion: 'v1', kind: 'Node' },
};

const policy = (payload: object = {}, more: object = {}): Manifest => ({
  ...TYPE.policy,
  metadata: { name: 'drivers', namespace: NAMESPACE, ...more },
  spec: {
    type: 'enable-local-drivers-distribution',
    image: 'registry.example/weka:4.4.5',
    payload: { driverDistPayload: { ensureImages: ['registry.example/weka:4.4.5'], ...payload } },
  },
});

const aCluster = (seed: number): SimCluster => {
  const cluster = createSimCluster({ seed, namespaces: ['default', 'kube-system', 'weka-operator-system'] });
  cluster.nodes.add({ name: 'n1', kernel: '6.1.0-18-amd64' });
  cluster.nodes.add({ name: 'n2', kernel: '5.15.0-91-generic' });
  return cluster;
};

/** The operator on a cluster in memory, with nodes of two kernels. */
const aWorld = (seed = 1, more: { cluster?: SimCluster; operatorImage?: string } = {}) => {
  const cluster = more.cluster ?? aCluster(seed);
  const stop = new AbortController();
  const manager = createManager({
    client: cluster.client(),
    clock: cluster.clock,
    random: forkRandom(seed, 'manager'),
    logger: silentLogger,
    reconcilers: reconcilers(
      offlineInstallation({ operatorImage: more.operatorImage ?? 'registry.example/weka-operator:1' }),
    ),
    namespaces: [],
    operatorNamespace: 'weka-operator-system',
    identity: 'test',
    leaderElection: false,
    metrics: createMetrics(),
  });
  const running = manager.start(stop.signal);
  const apply = (manifest: Manifest): LiveObject => cluster.server.apply(manifest, USER);
  return {
    cluster,
    apply,
    pass: (ms = 300_000) => cluster.clock.run({ forMs: ms }),
    names: (type: keyof typeof TYPE) => cluster.list(TYPE[type]).map(({ metadata }) => metadata.name),
    get: (type: keyof typeof TYPE, name: string) =>
      cluster.get({ ...TYPE[type], name, ...(type === 'node' || type === 'wekaNode' ? {} : { namespace: NAMESPACE }) }),
    delete: (type: keyof typeof TYPE, name: string) =>
      cluster.server.delete(
        { ...TYPE[type], name, ...(type === 'node' ? {} : { namespace: NAMESPACE }) },
        { user: 'kubernetes-admin', propagation: 'Background' },
      ),
    writes: () => cluster.log.count({ user: 'weka-operator' }),
    stop: async () => {
      stop.abort(new Error('over'));
      await cluster.clock.run({ forMs: 60_000 });
      await running;
    },
  };
};

describe('a driver distribution policy on a cluster in memory', () => {
  let world: ReturnType<typeof aWorld>;
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
    const before = world.cluster.list(TYPE.container).map(({ metadata }) => metadata.uid);
    world.cluster.nodes.add({ name: 'n3', kernel: '6.8.0-45-generic' });
    await world.pass();
    const after = world.cluster.list(TYPE.container).map(({ metadata }) => metadata.uid);
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
    const cluster = world.apply({
      apiVersion: API_VERSION,
      kind: 'WekaCluster',
      metadata: { name: 'prod', namespace: NAMESPACE },
      spec: { template: 'dynamic', image: 'registry.example/weka:4.4.6', dynamicTemplate: {} },
    });
    await world.pass();
    expect(world.get('policy', 'drivers')?.status).toMatchObject({ progress: '4/4' });
    world.cluster.server.apply(
      {
        apiVersion: cluster.apiVersion,
        kind: cluster.kind,
        metadata: { name: 'prod', namespace: NAMESPACE },
        status: { lastAppliedImage: 'registry.example/weka:4.4.4' },
      },
      { ...USER, subresource: 'status' },
    );
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
    await world.stop();
    world = aWorld(1, { cluster: world.cluster, operatorImage: 'registry.example/weka-operator:2' });
    const before = world.get('pod', 'drivers-dist')!.metadata.uid;
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
    const made = [TYPE.container, TYPE.service, TYPE.pod].flatMap((type) => world.cluster.list(type));
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
