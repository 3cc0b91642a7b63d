/** A policy over many nodes on a real control plane: how long until nothing is written any more, and what was written. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ClusterClient } from '../../controllers/kube/cluster-client';
import { connect } from '../../controllers/kube/connect';
import { offlineInstallation } from '../../controllers/installation';
import { reconcilers } from '../../controllers/reconcilers';
import { systemClock } from '../../controllers/runtime/clock';
import { silentLogger } from '../../controllers/runtime/log';
import { createManager } from '../../controllers/runtime/manager';
import { createMetrics } from '../../controllers/runtime/metrics';
import { systemRandom } from '../../controllers/runtime/random';
import type { KubeObject } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import { cpuMs, peakMb, tell } from '../probe';

const QUIET_MS = 4_000;
const STEADY_MS = 15_000;
const KERNELS = ['6.1.0-18-amd64', '5.15.0-91-generic', '6.8.0-31-generic', '5.14.0-427.el9.x86_64', '6.1.0-20-amd64'];
const AS_ADMIN = { fieldManager: 'bench', force: true };
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const node = (index: number): { object: KubeObject; status: object } => {
  const capacity = { cpu: '16', memory: '64Gi', pods: '110', 'ephemeral-storage': '100Gi' };
  const now = new Date().toISOString();
  const info = {
    architecture: 'amd64',
    bootID: `boot-${index}`,
    kernelVersion: KERNELS[index % KERNELS.length],
    osImage: 'Linux',
    operatingSystem: 'linux',
    containerRuntimeVersion: 'x',
    kubeletVersion: 'v1.34.0',
    kubeProxyVersion: '',
    machineID: String(index),
    systemUUID: String(index),
  };
  const name = `node-${String(index).padStart(4, '0')}`;
  return {
    object: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/os': 'linux', pool: 'a' } },
      spec: { unschedulable: true },
    },
    status: {
      nodeInfo: info,
      capacity,
      allocatable: capacity,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'ok',
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
    },
  };
};

const register = async (admin: ClusterClient, count: number): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const { object, status } = node(next++);
      await admin.create(object);
      await admin.patch(refOf(object), { status } as never, { subresource: 'status' });
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
};

const install = async (admin: ClusterClient, directory: string): Promise<void> => {
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.yaml')))
    await admin.apply(parse(readFileSync(join(directory, file), 'utf8')) as KubeObject, AS_ADMIN);
  // Until a CRD is served takes a moment.
  await sleep(2_000);
  for (const name of ['bench', 'weka-operator-system'])
    await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, AS_ADMIN);
};

const policy: KubeObject = {
  apiVersion: 'weka.weka.io/v1alpha1',
  kind: 'WekaPolicy',
  metadata: { name: 'drivers', namespace: 'bench' },
  spec: {
    type: 'enable-local-drivers-distribution',
    image: 'registry.example/weka:4.4.5',
    payload: {
      interval: '1m',
      driverDistPayload: { ensureImages: ['registry.example/weka:4.4.5'], nodeSelectors: [{ pool: 'a' }] },
    },
  },
};

/** Counts writes; those of the Lease are not the operator's work. */
const counting = (client: ClusterClient, onWrite: (ref: string) => void): ClusterClient => {
  const counted = (object: KubeObject): void => {
    if (object.kind !== 'Lease') onWrite(`${object.kind}/${object.metadata.name}`);
  };
  return {
    get: (...given) => client.get(...given),
    list: (...given) => client.list(...given),
    watch: (...given) => client.watch(...given),
    apply: (...given) => (counted(given[0]), client.apply(...given)),
    create: (...given) => (counted(given[0]), client.create(...given)),
    replace: (...given) => (counted(given[0]), client.replace(...given)),
    patch: (...given) => (onWrite(`${given[0].kind}/${given[0].name}`), client.patch(...given)),
    delete: (...given) => (onWrite(`${given[0].kind}/${given[0].name}`), client.delete(...given)),
  };
};

const main = async (): Promise<void> => {
  const { kubeconfig, crds, nodes } = JSON.parse(process.argv[2] ?? '') as {
    kubeconfig: string;
    crds: string;
    nodes: number;
  };
  const admin = await connect({ kubeconfig });
  await install(admin, crds);
  await register(admin, nodes);
  await admin.apply(policy, AS_ADMIN);
  const written = new Map<string, number>();
  let [writes, last] = [0, performance.now()];
  const client = counting(await connect({ kubeconfig }), (ref) => {
    written.set(ref, (written.get(ref) ?? 0) + 1);
    writes += 1;
    last = performance.now();
  });
  const [began, cpu] = [performance.now(), cpuMs()];
  const stop = new AbortController();
  const manager = createManager({
    client,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    reconcilers: reconcilers(offlineInstallation({ operatorImage: 'registry.example/weka-operator:1' })),
    namespaces: [],
    operatorNamespace: 'weka-operator-system',
    identity: 'bench',
    leaderElection: {},
    metrics: createMetrics(),
  });
  const running = manager.start(stop.signal);
  last = performance.now();
  while (writes === 0 || performance.now() - last < QUIET_MS) await sleep(50);
  const [settled, seconds, spent] = [writes, (last - began) / 1000, cpuMs() - cpu];
  await sleep(STEADY_MS);
  const steady = writes - settled;
  stop.abort(new Error('measured'));
  await running.catch(() => undefined);
  tell({
    seconds,
    cpu: spent,
    writes: settled,
    objects: written.size,
    perObject: settled / written.size,
    steady,
    peak: peakMb(),
  });
};

void main();
