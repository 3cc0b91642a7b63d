import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LiveObject } from '../../lib/base/kube-object';
import { managerRoles } from '../../lib/operator/manager-role';
import { trustPolicies } from '../../lib/operator/trust-policy';
import { kubeconfigOf } from '../cluster/coordinates';
import { CRD_DIRECTORY } from '../cluster/harness';
import type { Cluster } from './harness';
import { describeE2e, eventually, NETWORK, newCluster, NODE_NAME, OPERATOR_IMAGE, WEKA_IMAGES } from './harness';

const ROOT = join(__dirname, '../..');
const NAMESPACE = 'weka-operator-system';
const ACCOUNT = `system:serviceaccount:${NAMESPACE}:weka-operator`;
const DIST_URL = `https://weka-drivers-dist.${NAMESPACE}.svc.cluster.local:60002`;
const [V1, V2] = WEKA_IMAGES;
const versionOf = (image: string): string => image.slice(image.lastIndexOf(':') + 1);

const weka = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'weka.weka.io/v1alpha1',
  kind,
  metadata: { name, namespace: NAMESPACE },
  spec,
});
const policy = weka('WekaPolicy', 'weka-drivers', {
  type: 'enable-local-drivers-distribution',
  image: V1,
  payload: { driverDistPayload: {} },
});
const client = (image: string): object =>
  weka('WekaClient', 'clients', { image, driversDistService: DIST_URL, joinIpPorts: ['10.0.0.1:14000'] });

/** The operator beside the control plane, as an account that has the manager's roles and nothing more. */
const startOperator = (cluster: Cluster, directory: string): ChildProcess => {
  const kubeconfig = join(directory, 'kubeconfig');
  const identity = { user: ACCOUNT, groups: ['system:serviceaccounts', `system:serviceaccounts:${NAMESPACE}`] };
  writeFileSync(kubeconfig, kubeconfigOf(cluster.coordinates, identity), { mode: 0o600 });
  const gateway = `${NETWORK.host}:9443`;
  const manager = ['manager', '--kubeconfig', kubeconfig, '--health-address', '127.0.0.1:0'];
  const more = [
    '--gateway-address',
    gateway,
    '--gateway-url',
    `https://${gateway}`,
    '--operator-image',
    OPERATOR_IMAGE,
  ];
  const main = ['--import', 'tsx', join(ROOT, 'cli/main.ts')];
  // Nothing outside is ever asked: the network of the test has no way out, and the test says that none is needed.
  return cluster.spawn(process.execPath, [...main, ...manager, ...more, '--offline'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
};

/** A long road in one suite: each step begins where the one before it ended, as on a real node. */
describeE2e('drivers on a real node', () => {
  let cluster: Cluster;
  let operator: ChildProcess | undefined;
  let log = '';
  const directory = mkdtempSync(join(tmpdir(), 'weka-operator-e2e-'));

  beforeAll(async () => {
    cluster = await newCluster();
    await cluster.kubectl(['create', 'namespace', NAMESPACE]);
    await cluster.kubectl(['apply', '--server-side', '-f', CRD_DIRECTORY]);
    await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', CRD_DIRECTORY]);
    const subject = { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: ACCOUNT };
    await cluster.apply([...managerRoles(NAMESPACE, subject), ...trustPolicies(NAMESPACE, ACCOUNT)]);
    operator = startOperator(cluster, directory);
    for (const stream of [operator.stdout, operator.stderr])
      stream?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  });
  afterAll(async () => {
    const ended = operator === undefined ? undefined : once(operator, 'close');
    operator?.kill();
    await ended;
    await cluster?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const get = async (kind: string, name: string): Promise<LiveObject | undefined> => {
    const { code, stdout } = await cluster.kubectl(['get', kind, name, '-n', NAMESPACE, '-o', 'json'], {
      mayFail: true,
    });
    return code === 0 ? (JSON.parse(stdout) as LiveObject) : undefined;
  };
  const condition = async (kind: string, name: string, type: string): Promise<string> => {
    const conditions = ((await get(kind, name))?.status?.['conditions'] ?? []) as Record<string, string>[];
    const found = conditions.find((each) => each['type'] === type);
    return `${found?.['status']} ${found?.['reason']}: ${found?.['message']}`;
  };
  /** Waits; what failed is told with everything that helps to see why. */
  const until = (what: string, holds: () => Promise<boolean>, ms = 420_000): Promise<void> =>
    eventually(what, holds, ms).catch(async (error: Error) => {
      const pods = await cluster.kubectl(['get', 'pods,wekacontainers,wekanodes', '-A', '-o', 'wide'], {
        mayFail: true,
      });
      const ready = await condition('wekaclient', 'clients', 'DriversReady');
      throw new Error([error.message, ready, pods.stdout, log.slice(-4000)].join('\n'));
    });
  const ready = (message = 'True Loaded'): Promise<void> =>
    until('the client says DriversReady', async () =>
      (await condition('wekaclient', 'clients', 'DriversReady')).startsWith(message),
    );
  /** On the node itself, past all of Kubernetes. */
  const onNode = async (command: string): Promise<string> => (await cluster.node.run(command)).output.trim();
  const modules = (): Promise<string> => onNode('grep -o "^weka[a-z]*" /proc/modules | sort | xargs');
  const loadedVersion = (): Promise<string> => onNode('cat /sys/module/wekafsio/version');
  const names = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await cluster.kubectl(['get', ...args, '-n', NAMESPACE, '-o', 'name']);
    return stdout.split('\n').filter(Boolean);
  };
  /** Where the distribution service has the first version. */
  const packageFile = (): Promise<string> =>
    onNode(`find /opt/k8s-weka/drivers-dist -name '${versionOf(V1)}_*.tar.gz' -not -path '*quarantine*' | head -1`);
  const builderPods = async (): Promise<string[]> => (await names('pods', '-l', 'weka.io/mode=drivers-builder')).sort();

  test('a policy and a client lead from headers to a loaded driver', async () => {
    expect(await modules()).toBe('');
    await cluster.apply([policy, client(V1)]);
    await ready();
    expect(await modules()).toBe('wekafsgw wekafsio');
    expect(await loadedVersion()).toBe(versionOf(V1));
    expect(await condition('wekapolicy', 'weka-drivers', 'Ready')).toMatch(/^True/);
    const record = await get('wekanode', NODE_NAME);
    expect(record?.status).toMatchObject({ driver: { wekaVersion: versionOf(V1) }, secureBoot: expect.any(String) });
  });

  test('no Pod on the node holds a token that the API server accepts', async () => {
    const { stdout } = await cluster.kubectl(['get', 'pods', '-A', '-o', 'json']);
    const pods = (JSON.parse(stdout) as { items: LiveObject[] }).items;
    expect(pods.length).toBeGreaterThan(2);
    expect(JSON.stringify(pods)).not.toContain('kube-api-access');
  });

  test('a power cut: the driver comes back from the cache of the node, nothing is built or fetched again', async () => {
    const before = await builderPods();
    await cluster.kubectl(['delete', 'service', 'weka-drivers-dist', '-n', NAMESPACE, '--wait=false']);
    await cluster.powerCycle();
    await until('the modules are loaded again', async () => (await modules()) === 'wekafsgw wekafsio');
    await ready();
    expect(await builderPods()).toEqual(before);
    const bootID = (await get('node', NODE_NAME))?.status?.['nodeInfo'] as { bootID: string };
    expect((await get('wekanode', NODE_NAME))?.status?.['bootID']).toBe(bootID.bootID);
  });

  test('one byte of the stored package is flipped: it is quarantined and made good without anybody', async () => {
    await until('the package is stored', async () => (await packageFile()) !== '');
    const file = await packageFile();
    const digest = await onNode(`sha256sum ${file} | cut -d' ' -f1`);
    await onNode(`printf '\\377' | dd of=${file} bs=1 seek=1000 conv=notrunc 2>/dev/null; sync`);
    expect(await onNode(`sha256sum ${file} | cut -d' ' -f1`)).not.toBe(digest);
    await until('it is whole again', async () => {
      const now = await packageFile();
      return now !== '' && (await onNode(`sha256sum ${now} | cut -d' ' -f1`)) === digest;
    });
    await ready();
    expect(await loadedVersion()).toBe(versionOf(V1));
  });

  test('an upgrade replaces the driver by that of the second version', async () => {
    await cluster.apply([client(V2)]);
    await until('the second version is loaded', async () => (await loadedVersion()) === versionOf(V2));
    await ready();
  });

  test('the policy is deleted: service, dist and builders go, the loader and the driver stay', async () => {
    await cluster.kubectl(['delete', 'wekapolicy', 'weka-drivers', '-n', NAMESPACE]);
    await until('its children are gone', async () => {
      const children = await names('services,wekacontainers', '-l', 'weka.io/policy-name=weka-drivers');
      return children.length === 0;
    });
    expect((await names('daemonsets')).filter((name) => name.includes('loader'))).toHaveLength(1);
    expect(await modules()).toBe('wekafsgw wekafsio');
  });

  test('the client is deleted: the loader goes, the driver stays loaded', async () => {
    await cluster.kubectl(['delete', 'wekaclient', 'clients', '-n', NAMESPACE]);
    await until('the loader is gone', async () => {
      const loaders = (await names('daemonsets')).filter((name) => name.includes('loader'));
      return loaders.length === 0;
    });
    expect(await modules()).toBe('wekafsgw wekafsio');
  });
});
