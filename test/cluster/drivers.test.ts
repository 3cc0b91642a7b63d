import { createHash } from 'node:crypto';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LiveObject } from '../../lib/base/kube-object';
import { describeCluster } from './harness';
import type { DriverCluster } from './kubelet/driver-cluster';
import { startDriverCluster, VERSIONS } from './kubelet/driver-cluster';
import { loadedModules, moduleFile } from './kubelet/machine';
import { nodesKernel } from './kubelet/prerequisites';
import type { Registry } from './kubelet/registry';
import { REGISTRY_AUTHORITY, startRegistry } from './kubelet/registry';
import { NAMESPACE } from './own-plane';

// Whole processes, on a machine that may be busy; each step waits for what it is about, and for nothing else.
jest.setTimeout(600_000);

const DIST_URL = `https://drivers-dist.${NAMESPACE}.svc.cluster.local:60002`;
/** Of the policy's distribution service, on the node that it runs on. */
const STORAGE = `opt/k8s-weka/drivers-dist/${NAMESPACE}/drivers-dist`;
const [V1, V2] = VERSIONS;
/** Of this version there is no image: only the registry has its driver. */
const V3 = { version: '4.4.7.9', image: 'registry.example/weka-in-container:4.4.7.9' };

const weka = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'weka.weka.io/v1alpha1',
  kind,
  metadata: { name, namespace: NAMESPACE },
  spec,
});
const policy = weka('WekaPolicy', 'drivers', {
  type: 'enable-local-drivers-distribution',
  image: V1.image,
  payload: { driverDistPayload: { nodeSelectors: [{ 'weka.io/builds-drivers': 'true' }] } },
});
const client = (image: string, driversDistService = DIST_URL): object =>
  weka('WekaClient', 'clients', {
    image,
    driversDistService,
    joinIpPorts: ['10.0.0.1:14000'],
    nodeSelector: { 'weka.io/clients': 'true' },
  });

const named = (name: string) => ({ name, namespace: 'default', labels: { app: name } });
const container = (name: string, mode: string): object => ({
  apiVersion: 'weka.weka.io/v1alpha1',
  kind: 'WekaContainer',
  metadata: named(name),
  spec: { agentPort: 60001, image: V1.image, mode, name: 'dist', numCores: 1, port: 60002 },
});
const byHand = [
  container('weka-drivers-dist', 'drivers-dist'),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: named('weka-drivers-dist'),
    spec: {
      type: 'ClusterIP',
      ports: [{ name: 'weka-drivers-dist', port: 60002, targetPort: 60002 }],
      selector: { app: 'weka-drivers-dist' },
    },
  },
  container('weka-drivers-builder', 'drivers-builder'),
];

const sha256Of = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

const kernel = nodesKernel();
/** On a build server a machine that can't have such nodes is a failure. */
const runs = kernel !== undefined || process.env['CI'] !== undefined;

/** One road: each test begins where the one before it ended. */
(runs ? describeCluster : describe.skip)('a driver’s way, on a real API server with agents as processes', () => {
  let cluster: DriverCluster;
  let registry: Registry;
  beforeAll(async () => {
    if (kernel === undefined) throw new Error('there are no stand-ins for nodes here: the set-up says why');
    registry = await startRegistry(V3.version, kernel);
    cluster = await startDriverCluster(kernel, REGISTRY_AUTHORITY);
  });
  afterAll(async () => {
    await cluster?.stop();
    await registry?.stop();
  });
  const driversReady = (): Promise<string> => cluster.condition('wekaclient', 'clients', 'DriversReady');
  const isLoaded = async (version: string): Promise<boolean> => {
    const loaded = await Promise.all(cluster.nodes.map(({ machine }) => moduleFile(machine, 'wekafsio', 'version')));
    return loaded.every((each) => each === version) && (await driversReady()) === LOADED;
  };
  const LOADED = 'True Loaded: The driver is loaded on all nodes (2/2).';
  const modules = (): Promise<string[][]> => Promise.all(cluster.nodes.map(({ machine }) => loadedModules(machine)));
  const BOTH_ON_BOTH = [
    ['wekafsgw', 'wekafsio'],
    ['wekafsgw', 'wekafsio'],
  ];
  const loaders = async (): Promise<string[]> =>
    (await cluster.names('daemonsets,pods')).filter((name) => name.includes('drivers-loader'));
  const builders = (): Promise<string[]> => cluster.names('wekacontainers,pods', '-l', 'weka.io/mode=drivers-builder');
  const dist = () => {
    const node = cluster.nodes.find((each) => each.pod('drivers-dist') !== undefined);
    const pod = node?.pod('drivers-dist');
    if (node === undefined || pod === undefined) throw new Error('there is no distribution service');
    return { pod, storage: join(node.machine.root, STORAGE) };
  };
  /** Paths of the packages that the policy's distribution service has, of a WEKA version. */
  const stored = async (version: string): Promise<string[]> => {
    const { storage } = dist();
    const names = await readdir(storage);
    return names
      .filter((name) => name.startsWith(version) && name.endsWith('.tar.gz'))
      .map((name) => join(storage, name));
  };

  test('a policy and a client lead to a driver that is built once and loaded on all nodes', async () => {
    expect(await modules()).toEqual([[], []]);
    await cluster.apply([policy, client(V1.image)]);
    await cluster.until('the first version is loaded', () => isLoaded(V1.version));
    expect(await modules()).toEqual(BOTH_ON_BOTH);
    expect(await cluster.condition('wekapolicy', 'drivers', 'Ready')).toMatch(/^True/);
    expect(await builders()).toHaveLength(2);
  });

  test('what the observers have seen stands in the records of their nodes', async () => {
    await cluster.until('the records say what is loaded', async () => {
      const records: (LiveObject | undefined)[] = [];
      for (const { name } of cluster.nodes) records.push(await cluster.get('wekanode', name));
      return records.every(({ status } = {} as LiveObject) =>
        JSON.stringify(status?.['modules'] ?? []).includes('wekafsio'),
      );
    });
    const { machine, name } = cluster.nodes[0] as DriverCluster['nodes'][number];
    expect((await cluster.get('wekanode', name))?.status).toMatchObject({
      bootID: machine.bootID,
      kernel: machine.release,
      driver: { wekaVersion: V1.version },
    });
  });

  test('no Pod holds a token that the API server accepts', async () => {
    const { stdout } = await cluster.plane.kubectl(['get', 'pods', '-A', '-o', 'json']);
    expect(stdout).toContain('"audience": "weka-operator"');
    expect(stdout).not.toContain('kube-api-access');
  });

  test('a distribution service that is killed serves again, with what it had', async () => {
    const [file = ''] = await stored(V1.version);
    const digest = await sha256Of(file);
    const { pod } = dist();
    pod.kill('weka-container', 'SIGKILL');
    await cluster.until('it is down', () => Promise.resolve(!pod.ready));
    await cluster.until('it is ready again', () => Promise.resolve(pod.ready));
    expect(await sha256Of(file)).toBe(digest);
    expect(pod.restarts('weka-container')).toBe(1);
  });

  test('one byte of the stored package is flipped: it goes into quarantine and is made good without anybody', async () => {
    const [file = ''] = await stored(V1.version);
    const digest = await sha256Of(file);
    const { storage } = dist();
    const handle = await open(file, 'r+');
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, 1000);
    await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, 1000);
    await handle.close();
    await cluster.until('it is in quarantine', async () => (await readdir(join(storage, 'quarantine'))).length > 0);
    await cluster.until('it is whole again', async () => {
      const [now] = await stored(V1.version);
      return now !== undefined && (await sha256Of(now)) === digest;
    });
    await cluster.until('all is well', async () => (await driversReady()) === LOADED);
  });

  test('an upgrade replaces the driver by that of the second version', async () => {
    await cluster.apply([client(V2.image)]);
    await cluster.until('the second version is loaded', () => isLoaded(V2.version));
    expect(await modules()).toEqual(BOTH_ON_BOTH);
  });

  test('the client is deleted: the loader goes, the driver stays loaded', async () => {
    await cluster.plane.kubectl(['delete', 'wekaclient', 'clients', '-n', NAMESPACE]);
    await cluster.until('the loader is gone', async () => (await loaders()).length === 0);
    expect(await modules()).toEqual(BOTH_ON_BOTH);
  });

  test('the policy is deleted: service, dist, builders and all of their Pods go', async () => {
    await cluster.plane.kubectl(['delete', 'wekapolicy', 'drivers', '-n', NAMESPACE]);
    await cluster.until('they are gone', async () => {
      const names = await cluster.names('pods,services,wekacontainers');
      return names.every((name) => !name.includes('/drivers-'));
    });
    expect(await modules()).toEqual(BOTH_ON_BOTH);
  });

  test('a client that names a registry gets its driver from there: mirrored once, built by nobody', async () => {
    await cluster.apply([client(V3.image, registry.url)]);
    await cluster.until('the version of the registry is loaded', () => isLoaded(V3.version));
    expect(await modules()).toEqual(BOTH_ON_BOTH);
    expect(await builders()).toEqual([]);
    expect(await registry.fetches()).toBe(1);
    expect((await cluster.index(V3.version))[0]).toMatchObject({ sha256: registry.sha256, source: 'registry' });
  });

  test('deployed by hand as the documentation has it: dist, Service and builder in a namespace of the user', async () => {
    await cluster.apply([...byHand, client(V1.image, 'https://weka-drivers-dist.default.svc.cluster.local:60002')]);
    await cluster.until('the first version is loaded again', () => isLoaded(V1.version));
    expect(await modules()).toEqual(BOTH_ON_BOTH);
    const { stdout } = await cluster.plane.kubectl(['get', 'wekacontainers', '-n', 'default', '-o', 'json']);
    const states = (JSON.parse(stdout) as { items: LiveObject[] }).items.map(({ metadata, status }) => [
      metadata.name,
      status?.['status'],
    ]);
    expect(states).toEqual([
      ['weka-drivers-builder', 'Completed'],
      ['weka-drivers-dist', 'Running'],
    ]);
  });

  test('no token and no key is in the log of the manager', async () => {
    expect(cluster.manager.said()).not.toMatch(/eyJ[\w-]+\.[\w-]+\.|PRIVATE KEY/);
  });
});
