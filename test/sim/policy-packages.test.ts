import type { Manifest } from '../../lib/base/kube-object';
import { packageId } from '../../lib/drivers/package';
import { packageFile } from '../../sim/drivers/package-file';
import { flipByte } from '../../sim/drivers/storages';
import type { World } from './policy-world';
import { API_VERSION, aWorld, HOUR, IMAGE, MINUTE, NAMESPACE, policy, TYPE, wekaCluster } from './policy-world';

jest.setTimeout(300_000);

const [K61, K515] = ['6.1.0-18-amd64', '5.15.0-91-generic'];
const key = (kernel: string, wekaVersion = '4.4.5') => ({ wekaVersion, kernel, architecture: 'amd64' });
const ALL_STORED = { [K61]: 'Stored', [K515]: 'Stored' };

let world: World;
afterEach(() => world.stop());

const start = (...options: Parameters<typeof aWorld>): World => (world = aWorld(...options));
const busyBuilders = (): number =>
  world
    .list('pod')
    .filter(({ metadata, status }) => metadata.name.includes('builder') && status?.['phase'] !== 'Succeeded').length;

describe('where the packages of a policy come from', () => {
  it('are mirrored where the registry has them, and built at once where it does not', async () => {
    start();
    const { sha256 } = world.registry.publish(key(K61));
    world.apply(policy({ source: 'RegistryThenLocal' }));
    await world.pass();
    expect(world.states()).toEqual(ALL_STORED);
    expect(world.packages().map(({ kernel, source }) => [kernel, source])).toEqual([
      [K515, 'built'],
      [K61, 'registry'],
    ]);
    expect(world.packages()[1]).toMatchObject({ sha256 });
    expect(world.builders()).toHaveLength(1);
    // One question for each package, one fetch for the one that is there.
    expect(world.registry.calls.map(({ by }) => by).sort()).toEqual(['dist', 'operator', 'operator']);
  });

  it('wait for a registry that is in trouble, and are built after a quarter of an hour', async () => {
    start();
    world.registry.trouble(503);
    world.apply(policy({ source: 'RegistryThenLocal' }));
    await world.pass(10 * MINUTE);
    expect(world.builders()).toEqual([]);
    expect(world.ready('policy', 'drivers')).toMatchObject({
      reason: 'RegistryFailed',
      message: expect.stringContaining('longer than 15 minutes, it is built here') as string,
    });
    await world.pass(10 * MINUTE);
    expect(world.states()).toEqual(ALL_STORED);
  });

  it('are never built where the policy says so', async () => {
    start();
    world.registry.publish(key(K61));
    world.apply(policy({ source: 'Registry' }));
    await world.pass();
    expect(world.states()).toEqual({ [K61]: 'Stored', [K515]: 'Unavailable' });
    expect(world.ready('policy', 'drivers')).toMatchObject({ status: 'False', reason: 'PackageUnavailable' });
    expect(world.builders()).toEqual([]);
  });

  test.each([
    ['the policy builds everything', {}, {}],
    ['the site is offline', { offline: true }, { source: 'RegistryThenLocal' }],
  ])('ask no registry when %s', async (_why, settings, payload) => {
    start({ settings });
    world.apply(policy(payload));
    await world.pass();
    expect(world.states()).toEqual(ALL_STORED);
    expect(world.registry.calls).toEqual([]);
  });

  it('come back by themselves when their bytes change or go: built anew, or mirrored anew', async () => {
    start();
    world.registry.publish(key(K61));
    world.apply(policy({ source: 'RegistryThenLocal' }));
    await world.pass();
    const dist = world.agents.dist('drivers-dist')!;
    for (const kernel of [K61, K515]) flipByte(dist.storage, packageId(key(kernel)));
    dist.touched();
    await world.pass();
    expect(world.states()).toEqual(ALL_STORED);
    // Somebody deletes the files by hand.
    dist.storage.files.clear();
    dist.storage.records.clear();
    dist.touched();
    await world.pass(10 * MINUTE);
    expect(world.states()).toEqual(ALL_STORED);
    expect([...dist.storage.files.keys()].sort()).toEqual([packageId(key(K515)), packageId(key(K61))]);
  });

  it('are built anew in place of bytes that nobody vouches for, and nobody deletes a file for that', async () => {
    start();
    world.apply(policy());
    await world.pass();
    const { storage } = world.agents.dist('drivers-dist')!;
    world.delete('policy', 'drivers');
    await world.pass();
    const id = packageId(key(K61));
    const left = packageFile({ ...key(K61), symbols: 'other', toolchain: 'an older one' });
    storage.files.set(id, left);
    storage.records.set(id, { sha256: left.sha256 });
    world.apply(policy());
    await world.pass();
    expect(world.states()).toEqual(ALL_STORED);
    expect(storage.files.get(id)?.sha256).not.toBe(left.sha256);
  });
});

describe('the builders of a policy', () => {
  it('are as many at a time as may run, and say that they wait', async () => {
    const nodes = Array.from({ length: 6 }, (_, index) => ({ name: `n${index}`, kernel: `6.1.${index}` }));
    start({ nodes, settings: { maxBuilds: 2 } });
    world.agents.builds = { takesMs: MINUTE };
    world.apply(policy());
    let most = 0;
    for (let second = 0; second < 600; second += 5) {
      await world.pass(5_000);
      most = Math.max(most, busyBuilders());
      if (second === 30) expect(Object.values(world.states()).filter((state) => state === 'Queued')).toHaveLength(4);
    }
    expect(most).toBe(2);
    expect(world.statusOf()).toMatchObject({ status: 'Done', progress: '6/6' });
  });

  it('go to another node when theirs falls silent for good', async () => {
    start({ nodes: [{ name: 'n1' }, { name: 'n2' }, { name: 'n3', kernel: K515 }] });
    world.agents.builds = { takesMs: 10 * MINUTE };
    world.apply(policy({ distNodeSelector: { 'kubernetes.io/hostname': 'n3' } }));
    await world.pass(2 * MINUTE);
    const nodesOf = (): string[] =>
      world
        .list('pod')
        .filter(({ metadata }) => metadata.name.includes('6-1-0-18-amd64'))
        .map(({ spec }) => spec?.['nodeName'] as string);
    const [lost = ''] = nodesOf();
    world.cluster.nodes.stop(lost);
    await world.pass(20 * MINUTE);
    expect(world.states()).toEqual(ALL_STORED);
    expect(nodesOf()).toEqual([lost === 'n1' ? 'n2' : 'n1']);
  });

  it('try again after growing pauses, and at once with another script', async () => {
    start();
    const attempts: number[] = [];
    world.agents.builds = {
      takesMs: 1_000,
      failureOf: () => {
        attempts.push(world.cluster.clock.now());
        return {
          code: 'CompilerMissing',
          parameters: { programs: 'gcc', kernel: 'k', compiler: 'gcc 12', packages: 'gcc-12' },
        };
      },
    };
    world.apply(policy({ nodeSelectors: [{ 'kubernetes.io/hostname': 'n1' }] }));
    await world.pass(10 * MINUTE);
    const pauses = attempts.slice(1).map((at, index) => Math.round((at - (attempts[index] ?? 0)) / 10_000));
    expect(pauses).toEqual([3, 6, 12, 24]);
    expect(world.ready('policy', 'drivers')).toMatchObject({ reason: 'CompilerMissing' });
    expect(world.builders()[0]?.status).toMatchObject({ status: 'Error', attempts: 5 });
    expect(world.list('event').map((event) => event['reason'])).toContain('CompilerMissing');
    world.agents.builds = { takesMs: 1_000 };
    const script = 'apt-get install -y gcc-12';
    world.apply(policy({ nodeSelectors: [{ 'kubernetes.io/hostname': 'n1' }], builderPreRunScript: script }));
    await world.pass(MINUTE);
    expect(world.statusOf()).toMatchObject({ status: 'Done', progress: '1/1' });
    expect(world.builders()[0]?.status).not.toHaveProperty('attempts');
  });

  it('go where the headers are, and wait for them where they are nowhere', async () => {
    const bare = { kernels: [{ release: K61, headers: false }] };
    start({
      nodes: [
        { name: 'n1', kernel: K61, osImage: 'Debian GNU/Linux 12 (bookworm)' },
        { name: 'n2', kernel: K61, osImage: 'Debian GNU/Linux 12 (bookworm)' },
      ],
      machines: { n1: bare, n2: bare },
    });
    await world.pass(MINUTE);
    world.apply(policy());
    await world.pass();
    const { reason, message } = world.ready('policy', 'drivers');
    expect(reason).toBe('HeadersMissing');
    expect(message).toContain(`Install linux-headers-${K61} on n1`);
    world.machine('n2').change({ kernels: [{ release: K61, headers: true }] });
    await world.pass();
    expect(world.states()).toEqual({ [K61]: 'Stored' });
    expect(world.builders()[0]?.status).toMatchObject({ nodeAffinity: 'n2' });
  });

  it('build for a kernel that is installed and not booted, before it is', async () => {
    const next = '6.1.0-21-amd64';
    const installed = { kernels: [K61, next].map((release) => ({ release, headers: true })) };
    start({ nodes: [{ name: 'n1', kernel: K61 }], machines: { n1: installed } });
    world.apply(policy());
    await world.pass();
    expect(world.states()).toEqual({ [K61]: 'Stored', [next]: 'Stored' });
  });

  it('are kept apart by flavour, architecture and the end of a long kernel release', async () => {
    const long = `6.1.0-${'x'.repeat(64)}`;
    const kernels = ['6.1.0', '6.1.0+rt', '6.1.0+64k', `${long}1`, `${long}2`];
    start({
      nodes: [
        ...kernels.map((kernel, index) => ({ name: `n${index}`, kernel })),
        { name: 'arm', kernel: '6.1.0', architecture: 'arm64' as const },
      ],
    });
    world.apply(policy());
    await world.pass(10 * MINUTE);
    expect(world.statusOf()).toMatchObject({ status: 'Done', progress: '6/6' });
    const digests = world.packages().map(({ sha256 }) => sha256);
    expect(new Set(digests).size).toBe(6);
  });

  it('of a version that nobody uses stay for a day, whatever becomes of the operator, and then go', async () => {
    start({ nodes: [{ name: 'n1', kernel: K61 }] });
    world.apply(policy({ ensureImages: [IMAGE] }));
    world.apply(wekaCluster('4.4.4'));
    await world.pass();
    expect(world.builders()).toHaveLength(2);
    world.apply(wekaCluster('4.4.6'));
    await world.pass(20 * HOUR);
    expect(world.packages().find(({ wekaVersion }) => wekaVersion === '4.4.4')).toMatchObject({ state: 'Unused' });
    expect(world.builders()).toHaveLength(3);
    await world.restart();
    await world.pass(3 * HOUR);
    expect(world.builders()).toHaveLength(3);
    await world.pass(2 * HOUR);
    expect(world.builders()).toHaveLength(2);
    expect(world.packages().map(({ wekaVersion }) => wekaVersion)).toEqual(['4.4.5', '4.4.6']);
    expect(world.statusOf()).toMatchObject({ status: 'Done', progress: '2/2' });
  });

  it('of a version in use stay though no node runs their kernel any more', async () => {
    start();
    world.apply(policy());
    await world.pass();
    world.cluster.nodes.remove('n2');
    await world.pass(50 * HOUR);
    expect(world.builders()).toHaveLength(2);
    expect(world.statusOf()).toMatchObject({ status: 'Done', progress: '1/1' });
  });
});

describe('two policies', () => {
  it('have a service and builders each, and do not touch each other', async () => {
    start();
    const second = policy(
      { nodeSelectors: [{ 'kubernetes.io/hostname': 'n1' }] },
      { name: 'other', namespace: NAMESPACE },
    );
    world.apply(policy());
    world.apply(second);
    await world.pass(10 * MINUTE);
    expect([world.statusOf().progress, world.statusOf('other').progress]).toEqual(['2/2', '1/1']);
    expect(world.names('service')).toEqual(['drivers-dist', 'other-dist']);
    world.delete('policy', 'other');
    await world.pass();
    expect(world.names('service')).toEqual(['drivers-dist']);
    expect(world.statusOf()).toMatchObject({ status: 'Done', progress: '2/2' });
  });

  it('start one after the other when told so', async () => {
    start();
    const waits = policy({}, { name: 'other', namespace: NAMESPACE });
    (waits.spec?.['payload'] as Record<string, unknown>)['waitForPolicies'] = ['drivers'];
    world.apply(waits);
    await world.pass();
    expect(world.ready('policy', 'other')).toMatchObject({ reason: 'WaitingForPolicies' });
    expect(world.names('service')).toEqual([]);
    world.apply(policy());
    await world.pass(15 * MINUTE);
    expect(world.statusOf('other')).toMatchObject({ status: 'Done' });
  });
});

describe('the storage of a distribution service', () => {
  const distVolumes = (): unknown => world.get('pod', 'drivers-dist')?.spec?.['volumes'];

  it('is a directory of the first node, and moves and is filled again when that node is lost', async () => {
    start({
      nodes: [
        { name: 'n1', kernel: K61 },
        { name: 'n2', kernel: K61 },
      ],
    });
    world.apply(policy());
    await world.pass();
    expect(JSON.stringify(distVolumes())).toContain('/opt/k8s-weka/drivers-dist/default/drivers-dist');
    const first = world.get('container', 'drivers-dist')?.status?.['nodeAffinity'] as string;
    world.delete('pod', 'drivers-dist');
    await world.pass();
    expect(world.get('pod', 'drivers-dist')?.spec?.['nodeName']).toBe(first);
    world.cluster.nodes.remove(first);
    await world.pass(20 * MINUTE);
    expect(world.get('pod', 'drivers-dist')?.spec?.['nodeName']).toBe(first === 'n1' ? 'n2' : 'n1');
    expect(world.states()).toEqual({ [K61]: 'Stored' });
    expect(world.agents.dist('drivers-dist')?.storage.files.size).toBe(1);
  });

  it('is a claim that the operator makes, once its class is there, and that outlives the policy', async () => {
    start();
    world.apply(policy({ storage: { size: '5Gi', storageClassName: 'fast' } }));
    await world.pass();
    expect(world.ready('policy', 'drivers')).toMatchObject({
      reason: 'StorageClassMissing',
      message: expect.stringContaining('StorageClass fast does not exist') as string,
    });
    world.apply({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'fast' },
      provisioner: 'example.com/disk',
    });
    await world.pass(10 * MINUTE);
    expect(world.get('claim', 'drivers-dist')?.spec).toMatchObject({
      storageClassName: 'fast',
      resources: { requests: { storage: '5Gi' } },
    });
    expect(JSON.stringify(distVolumes())).toContain('"persistentVolumeClaim":{"claimName":"drivers-dist"}');
    expect(world.statusOf()).toMatchObject({ status: 'Done' });
    world.delete('policy', 'drivers');
    await world.pass();
    expect([world.names('container'), world.names('claim')]).toEqual([[], ['drivers-dist']]);
  });

  it('is what the next policy of that name finds: nothing is built twice', async () => {
    start();
    world.apply(policy());
    world.apply({ ...wekaCluster('4.4.5'), spec: { ...wekaCluster('4.4.5').spec, nodeSelector: {} } });
    await world.pass();
    const built = world.packages().map(({ sha256 }) => sha256);
    world.delete('policy', 'drivers');
    await world.pass();
    world.apply(policy());
    await world.pass();
    expect(world.packages().map(({ sha256 }) => sha256)).toEqual(built);
    expect(world.builders()).toEqual([]);
  });

  test.each([
    ['a claim that exists', { claimName: 'mine' }, '"claimName":"mine"'],
    ['a directory', { hostPath: '/srv/drivers' }, '"path":"/srv/drivers"'],
  ])('is %s', async (_what, storage, volume) => {
    start();
    world.apply(policy({ storage }));
    await world.pass(MINUTE);
    expect(JSON.stringify(distVolumes())).toContain(volume);
    expect(world.names('claim')).toEqual([]);
  });
});

describe('driver distribution that is deployed by hand', () => {
  const container = (name: string, spec: object, labels: Record<string, string> = {}): Manifest => ({
    ...TYPE.container,
    metadata: { name, namespace: NAMESPACE, labels },
    spec: { agentPort: 60001, image: IMAGE, name: 'dist', numCores: 1, port: 60002, ...spec },
  });
  const dist = (name = 'weka-drivers-dist'): Manifest =>
    container(name, { mode: 'drivers-dist' }, { app: 'weka-drivers-dist' });
  const service: Manifest = {
    ...TYPE.service,
    metadata: { name: 'weka-drivers-dist', namespace: NAMESPACE },
    spec: {
      type: 'ClusterIP',
      ports: [{ name: 'weka-drivers-dist', port: 60002, targetPort: 60002 }],
      selector: { app: 'weka-drivers-dist' },
    },
  };
  const builder = container('weka-drivers-builder', { mode: 'drivers-builder' });
  const listed = (name = 'weka-drivers-dist') =>
    (world.get('container', name)?.status as { packages?: { kernel: string; state: string }[] }).packages ?? [];

  it('builds for the kernel of the node that the builder is on, and serves it under the user’s own Service', async () => {
    start({ nodes: [{ name: 'n1', kernel: K61 }] });
    for (const manifest of [dist(), service, builder]) world.apply(manifest);
    await world.pass();
    expect(world.ready('container', 'weka-drivers-dist')).toMatchObject({ status: 'True' });
    expect(world.get('container', 'weka-drivers-builder')?.status).toMatchObject({ status: 'Completed' });
    expect(listed()).toMatchObject([{ kernel: K61, state: 'Stored', source: 'built' }]);
    expect(world.get('pod', 'weka-drivers-dist')?.metadata.labels).toMatchObject({ app: 'weka-drivers-dist' });
    const result = JSON.parse(world.get('container', 'weka-drivers-builder')?.status?.['result'] as string) as object;
    expect(result).toMatchObject({ driver_built: true, err: null, weka_version: '4.4.5', kernel: K61 });
    expect(world.list('event').map((event) => event['reason'])).toContain('BuildCompleted');
  });

  it('uploads without a Service too, and is served by one that comes later', async () => {
    start({ nodes: [{ name: 'n1', kernel: K61 }] });
    for (const manifest of [dist(), builder]) world.apply(manifest);
    await world.pass();
    expect(listed()).toMatchObject([{ state: 'Stored' }]);
  });

  it('says what is missing: a service, or which of several', async () => {
    start({ nodes: [{ name: 'n1', kernel: K61 }] });
    world.apply(builder);
    await world.pass(MINUTE);
    expect(world.ready('container', 'weka-drivers-builder')).toMatchObject({ reason: 'UploadTargetMissing' });
    for (const manifest of [dist(), dist('another')]) world.apply(manifest);
    await world.pass(MINUTE);
    expect(world.ready('container', 'weka-drivers-builder')).toMatchObject({
      reason: 'UploadTargetAmbiguous',
      message: expect.stringContaining('another, weka-drivers-dist') as string,
    });
    expect(world.names('pod').filter((name) => name.includes('builder'))).toEqual([]);
    world.apply(container('weka-drivers-builder', { mode: 'drivers-builder', uploadResultsTo: 'another' }));
    await world.pass();
    expect(listed('another')).toMatchObject([{ kernel: K61, state: 'Stored' }]);
  });

  it('is repaired without a human', async () => {
    start({ nodes: [{ name: 'n1', kernel: K61 }] });
    for (const manifest of [dist(), service, builder]) world.apply(manifest);
    await world.pass();
    const served = world.agents.dist('weka-drivers-dist')!;
    flipByte(served.storage, packageId(key(K61)));
    served.touched();
    await world.pass();
    expect(listed()).toMatchObject([{ state: 'Stored' }]);
    expect(served.storage.files.size).toBe(1);
  });

  it('of a loader is a demand: it makes no Pod, and is Completed when its node has the driver', async () => {
    start();
    world.apply(
      container('weka-drivers-loader', { mode: 'drivers-loader', nodeSelector: { 'kubernetes.io/hostname': 'n1' } }),
    );
    await world.pass(MINUTE);
    const loader = () => world.get('container', 'weka-drivers-loader')?.status;
    expect(loader()).toMatchObject({ status: 'WaitForDrivers', nodeAffinity: 'n1' });
    expect(world.names('pod')).not.toContain('weka-drivers-loader');
    world.registry.publish(key(K61));
    await world.pass(2 * HOUR);
    expect(loader()).toMatchObject({ status: 'Completed', nodeAffinity: 'n1' });
    world.delete('container', 'weka-drivers-loader');
    await world.pass();
    expect(world.names('container')).toEqual([]);
  });
});

describe('a policy with as little as possible', () => {
  it('serves from the operator’s own image, and has nothing to build', async () => {
    start();
    world.apply({
      apiVersion: API_VERSION,
      kind: 'WekaPolicy',
      metadata: { name: 'drivers', namespace: NAMESPACE },
      spec: { type: 'enable-local-drivers-distribution', payload: { driverDistPayload: {} } },
    });
    await world.pass();
    expect(world.statusOf()).toMatchObject({ status: 'Done', progress: '0/0' });
    const pod = world.get('pod', 'drivers-dist');
    expect(pod?.spec).not.toHaveProperty('initContainers');
    expect(JSON.stringify(pod?.spec)).toContain('registry.example/weka-operator:1');
  });
});
