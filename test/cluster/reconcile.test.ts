import { setTimeout as wait } from 'node:timers/promises';
import { connect } from '../../controllers/kube/connect';
import type { RestClient } from '../../controllers/kube/rest-client';
import { offlineInstallation } from '../../controllers/installation';
import { reconcilers } from '../../controllers/reconcilers';
import { systemClock } from '../../controllers/runtime/clock';
import { silentLogger } from '../../controllers/runtime/log';
import { createManager } from '../../controllers/runtime/manager';
import { createMetrics } from '../../controllers/runtime/metrics';
import { systemRandom } from '../../controllers/runtime/random';
import type { LiveObject } from '../../lib/base/kube-object';
import { managerRoles } from '../../lib/operator/manager-role';
import { assertConditionsConform } from '../conformance/conditions';
import {
  auditEvents,
  auditMark,
  describeCluster,
  eventually,
  installCrds,
  kubectl,
  kubectlObjects,
  newKubeconfig,
  newNamespace,
  writes,
} from './harness';

jest.setTimeout(120_000);

const USER = 'weka-operator-under-test';

const apply = (objects: object[] | string): Promise<unknown> =>
  kubectl(['apply', '--server-side', '-f', '-'], {
    stdin: typeof objects === 'string' ? objects : JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  });

const node = (name: string, kernelVersion: string, labels: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name, ...labels } },
  // Cordoned: the Pods of other suites must not land on a node without a kubelet.
  spec: { unschedulable: true },
  kernelVersion,
});

/** A Node as a kubelet would register it, without a kubelet. */
const register = async ({ kernelVersion, ...object }: ReturnType<typeof node>): Promise<void> => {
  await kubectl(['create', '-f', '-'], { stdin: JSON.stringify(object) });
  const nodeInfo = {
    kernelVersion,
    architecture: 'amd64',
    bootID: 'boot-1',
    osImage: 'Debian',
    containerRuntimeVersion: 'x',
    kubeletVersion: 'v1.34.0',
    kubeProxyVersion: '',
    machineID: '1',
    operatingSystem: 'linux',
    systemUUID: '1',
  };
  const capacity = { cpu: '16', memory: '64Gi', pods: '110', 'ephemeral-storage': '100Gi' };
  const status = {
    nodeInfo,
    capacity,
    allocatable: capacity,
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'ok',
        lastHeartbeatTime: new Date().toISOString(),
        lastTransitionTime: new Date().toISOString(),
      },
    ],
  };
  await kubectl([
    'patch',
    'node',
    object.metadata.name,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify({ status }),
  ]);
};

const policy = (namespace: string, name = 'drivers') => ({
  apiVersion: 'weka.weka.io/v1alpha1',
  kind: 'WekaPolicy',
  metadata: { name, namespace, labels: { team: 'storage', 'argocd.argoproj.io/instance': 'app' } },
  spec: {
    type: 'enable-local-drivers-distribution',
    image: 'registry.example/weka:4.4.5',
    payload: {
      interval: '1m',
      driverDistPayload: {
        ensureImages: ['registry.example/weka:4.4.5'],
        nodeSelectors: [{ [`pool-${namespace}`]: 'a' }],
      },
    },
  },
});

describeCluster('the operator on a real API server', () => {
  let client: RestClient;
  let namespace: string;
  let operatorNamespace: string;
  const stop = new AbortController();
  let running: Promise<void>;

  const children = async (kind: string, owner: string): Promise<LiveObject[]> =>
    (await kubectlObjects(['get', kind, '-n', namespace])).filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ name, controller }) => name === owner && controller === true),
    );
  const one = async (kind: string, name: string): Promise<LiveObject> =>
    (await kubectlObjects(['get', kind, name, '-n', namespace]))[0]!;

  beforeAll(async () => {
    await installCrds();
    operatorNamespace = await newNamespace('operator');
    namespace = await newNamespace('reconcile');
    await apply(managerRoles(operatorNamespace, { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: USER }));
    const labels = { [`pool-${namespace}`]: 'a' };
    await register(node(`${namespace}-1`, '6.1.0-18-amd64', labels));
    await register(node(`${namespace}-2`, '5.15.0-91-generic', labels));
    client = await connect({ kubeconfig: await newKubeconfig({ user: USER, groups: [] }) });
    const manager = createManager({
      client,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      reconcilers: reconcilers(
        offlineInstallation({ operatorImage: 'registry.example/weka-operator:1', operatorNamespace }),
      ),
      // Only its own: other suites count versions of their objects at the same time.
      namespaces: [namespace],
      operatorNamespace,
      identity: 'test',
      leaderElection: {},
      metrics: createMetrics(),
    });
    running = manager.start(stop.signal);
    await eventually('the manager is ready', () => Promise.resolve(manager.readiness().ready));
  });

  afterAll(async () => {
    stop.abort(new Error('the suite is over'));
    await running;
    client.close();
    await kubectl(['delete', 'node', `${namespace}-1`, `${namespace}-2`, '--ignore-not-found']);
  });

  test('a policy leads to a Service, a dist, a builder for each kernel, and their Pods, all owned', async () => {
    await apply([policy(namespace)]);
    await eventually(
      'three containers with a Pod each',
      async () => (await kubectlObjects(['get', 'pods', '-n', namespace])).length === 3,
    );
    expect((await children('services', 'drivers')).map(({ metadata }) => metadata.name)).toEqual(['drivers-dist']);
    const containers = await children('wekacontainers', 'drivers');
    expect(containers.map(({ spec }) => spec?.['mode']).sort()).toEqual([
      'drivers-builder',
      'drivers-builder',
      'drivers-dist',
    ]);
    for (const { metadata } of containers) {
      expect((await children('pods', metadata.name)).map((pod) => pod.metadata.name)).toEqual([metadata.name]);
      expect(metadata.labels).toMatchObject({ team: 'storage' });
      expect(metadata.labels).not.toHaveProperty(['argocd.argoproj.io/instance']);
    }
  });

  test('the status says where packages are served, and conforms to kstatus', async () => {
    await eventually('a status', async () => (await one('wekapolicy', 'drivers')).status?.['progress'] === '0/2');
    const stored = await one('wekapolicy', 'drivers');
    expect(stored.status).toMatchObject({
      typedStatus: { distService: { serviceUrl: `https://drivers-dist.${namespace}.svc.cluster.local:60002` } },
    });
    assertConditionsConform(stored);
  });

  test('each node has its record, and the labels that the policy asks for', async () => {
    await eventually(
      'the label',
      async () => (await one('node', `${namespace}-1`)).metadata.labels?.['weka.io/kernel'] === '6.1.0-18-amd64',
    );
    expect((await one('wekanode', `${namespace}-1`)).status).toMatchObject({
      kernel: '6.1.0-18-amd64',
      architecture: 'amd64',
      bootID: 'boot-1',
    });
    expect((await one('wekanode', `${namespace}-1`)).metadata.ownerReferences).toBeUndefined();
  });

  test('once converged nothing is written but the Lease', async () => {
    await quiet();
    const mark = auditMark();
    await wait(15_000);
    const { 'update leases': leases, ...others } = writes({ since: mark, user: USER });
    expect(others).toEqual({});
    expect(leases).toBeGreaterThan(0);
  });

  test('what somebody edits is put back', async () => {
    const before = await one('service', 'drivers-dist');
    await kubectl([
      'patch',
      'service',
      'drivers-dist',
      '-n',
      namespace,
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/ports/0/targetPort","value":1234}]',
    ]);
    await eventually('the port is back', async () =>
      JSON.stringify((await one('service', 'drivers-dist')).spec?.['ports']).includes('"targetPort":60002'),
    );
    expect((await one('service', 'drivers-dist')).metadata.uid).toBe(before.metadata.uid);
  });

  test('what somebody deletes is made again', async () => {
    const { metadata } = await one('service', 'drivers-dist');
    await kubectl(['delete', 'service', 'drivers-dist', '-n', namespace]);
    await eventually('a new Service', async () =>
      (await children('services', 'drivers')).some((service) => service.metadata.uid !== metadata.uid),
    );
  });

  test('a paused policy is left alone, and says so', async () => {
    await kubectl(['annotate', 'wekapolicy', 'drivers', '-n', namespace, 'weka.io/paused=true']);
    await eventually('Paused', async () =>
      JSON.stringify((await one('wekapolicy', 'drivers')).status).includes('"type":"Paused"'),
    );
    await kubectl(['delete', 'service', 'drivers-dist', '-n', namespace]);
    await wait(3_000);
    expect(await children('services', 'drivers')).toEqual([]);
    await kubectl(['annotate', 'wekapolicy', 'drivers', '-n', namespace, 'weka.io/paused-']);
    await eventually('it goes on', async () => (await children('services', 'drivers')).length === 1);
  });

  test('a request to reconcile is answered', async () => {
    await kubectl([
      'annotate',
      'wekapolicy',
      'drivers',
      '-n',
      namespace,
      'weka.io/reconcile-requested-at=2026-01-01T00:00:00Z',
    ]);
    await eventually(
      'the answer',
      async () => (await one('wekapolicy', 'drivers')).status?.['reconcileRequestedAt'] === '2026-01-01T00:00:00Z',
    );
  });

  test('deleting the policy takes everything of it along', async () => {
    await kubectl(['delete', 'wekapolicy', 'drivers', '-n', namespace, '--timeout=60s']);
    await allGone();
  });

  test('objects as the Go operator leaves them are taken over under their names', async () => {
    const go = (args: string[], stdin: object) =>
      kubectl([...args, '--field-manager=manager'], { stdin: JSON.stringify(stdin) });
    // Paused at first: what the Go operator made was there before this one came.
    const paused = policy(namespace, 'adopted');
    await go(['create', '-f', '-'], {
      ...paused,
      metadata: { ...paused.metadata, annotations: { 'weka.io/paused': 'true' } },
    });
    const { uid } = (await one('wekapolicy', 'adopted')).metadata;
    const owner = { apiVersion: 'weka.weka.io/v1alpha1', kind: 'WekaPolicy', name: 'adopted', uid };
    const owned = { ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }] };
    const dist = {
      apiVersion: 'weka.weka.io/v1alpha1',
      kind: 'WekaContainer',
      metadata: {
        name: 'adopted-dist-x7f2q',
        namespace,
        labels: { 'weka.io/policy-name': 'adopted', 'weka.io/mode': 'drivers-dist', app: 'adopted-dist' },
        finalizers: ['weka.weka.io/finalizer'],
        ...owned,
      },
      spec: {
        mode: 'drivers-dist',
        name: 'dist',
        agentPort: 60001,
        port: 60002,
        numCores: 1,
        image: 'registry.example/weka:4.4.5',
      },
    };
    const builder = {
      apiVersion: 'weka.weka.io/v1alpha1',
      kind: 'WekaContainer',
      metadata: {
        name: 'adopted-builder-123456-amd64-6-1-0-18-amd64',
        namespace,
        labels: { 'weka.io/policy-name': 'adopted', 'weka.io/mode': 'drivers-builder' },
        ...owned,
      },
      spec: {
        mode: 'drivers-builder',
        name: 'dist',
        agentPort: 60001,
        port: 60002,
        numCores: 1,
        image: 'registry.example/weka:4.4.5',
        uploadResultsTo: 'adopted-dist-x7f2q',
        instructions: { type: 'build-drivers', payload: '{"kernel":"6.1.0-18-amd64","arch":"amd64"}' },
      },
    };
    await go(['create', '-f', '-'], dist);
    await go(['create', '-f', '-'], builder);
    const status = {
      status: 'Completed',
      lastAppliedImage: 'registry.example/weka:4.4.5',
      conditions: [
        {
          type: 'CondResultsProcessed',
          status: 'True',
          reason: 'Success',
          message: 'Completed successfully',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    };
    await kubectl([
      'patch',
      'wekacontainer',
      builder.metadata.name,
      '-n',
      namespace,
      '--subresource=status',
      '--type=merge',
      '--field-manager=manager',
      '-p',
      JSON.stringify({ status }),
    ]);
    const before = await kubectlObjects(['get', 'wekacontainers', '-n', namespace]);
    await kubectl(['annotate', 'wekapolicy', 'adopted', '-n', namespace, 'weka.io/paused-']);
    await eventually(
      'the builder of the second kernel',
      async () => (await children('wekacontainers', 'adopted')).length === 3,
    );
    await quiet();
    const after = await children('wekacontainers', 'adopted');
    for (const { metadata: kept } of before) expect(after.map((object) => object.metadata.uid)).toContain(kept.uid);
    expect(after.filter(({ spec }) => spec?.['mode'] === 'drivers-dist').map((object) => object.metadata.name)).toEqual(
      ['adopted-dist-x7f2q'],
    );
    const kept = (await one('wekacontainer', builder.metadata.name)).status;
    // Nobody vouches for the digest of what the Go operator built: its builder builds once more, under its old name.
    expect(kept).toMatchObject({ status: 'PodNotRunning', lastAppliedImage: 'registry.example/weka:4.4.5' });
    expect(JSON.stringify(kept)).toContain('CondResultsProcessed');
    expect((await one('wekapolicy', 'adopted')).status).toMatchObject({ progress: '0/2' });
    await kubectl(['delete', 'wekapolicy', 'adopted', '-n', namespace, '--timeout=60s']);
    await allGone();
  });

  test('a kind that is not run yet says so and keeps its finalizer', async () => {
    const cluster = {
      apiVersion: 'weka.weka.io/v1alpha1',
      kind: 'WekaCluster',
      metadata: { name: 'prod', namespace, finalizers: ['weka.weka.io/finalizer'] },
      spec: { image: 'registry.example/weka:4.4.5', template: 'dynamic', dynamicTemplate: {} },
    };
    await apply([cluster]);
    await eventually('Stalled', async () =>
      JSON.stringify((await one('wekacluster', 'prod')).status).includes('NotSupportedYet'),
    );
    await kubectl(['delete', 'wekacluster', 'prod', '-n', namespace, '--wait=false']);
    await wait(2_000);
    expect((await one('wekacluster', 'prod')).metadata.finalizers).toEqual(['weka.weka.io/finalizer']);
    await kubectl([
      'patch',
      'wekacluster',
      'prod',
      '-n',
      namespace,
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":[]}}',
    ]);
  });

  test('the role is enough: nothing was forbidden', () => {
    expect(auditEvents({ user: USER }).filter(({ status }) => status === 403)).toEqual([]);
  });

  /** Resolves when nothing of a policy is left. There is no kubelet here to say that a Pod has ended. */
  const allGone = (): Promise<void> =>
    eventually(
      'all gone',
      async () => {
        const left = await kubectlObjects(['get', 'services,wekacontainers,pods', '-n', namespace]);
        const ending = left.filter(({ kind, metadata }) => kind === 'Pod' && metadata.deletionTimestamp !== undefined);
        for (const { metadata } of ending)
          await kubectl(['delete', 'pod', metadata.name, '-n', namespace, '--force', '--grace-period=0'], {
            mayFail: true,
          });
        return left.length === 0;
      },
      60_000,
    );

  /** Resolves when the manager has written nothing but its Lease for three seconds. */
  const quiet = async (): Promise<void> => {
    for (;;) {
      const mark = auditMark();
      await wait(3_000);
      const { 'update leases': _lease, ...others } = writes({ since: mark, user: USER });
      if (Object.keys(others).length === 0) return;
    }
  };
});
