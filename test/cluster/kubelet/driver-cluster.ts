import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LiveObject } from '../../../lib/base/kube-object';
import { LABEL } from '../../../lib/base/names';
import { GATEWAY_PORT, GATEWAY_SERVICE } from '../../../lib/drivers/agent-access';
import type { IndexEntry } from '../../../lib/drivers/package-index';
import { readIndex } from '../../../lib/drivers/package-index';
import { trustPolicies } from '../../../lib/operator/trust-policy';
import type { Kernel } from '../../node/vm/kernel';
import { eventually } from '../harness';
import type { ManagerProcess } from '../manager-process';
import { startManager, stopManagers } from '../manager-process';
import type { OwnPlane } from '../own-plane';
import { MANAGER, NAMESPACE, ownPlane } from '../own-plane';
import { operatorImage, wekaImage } from './images';
import { Kubelet } from './kubelet';
import { makeDistribution, makeMachine } from './machine';
import { Names } from './names';
import type { Image } from './pod-spec';
import type { PodWorker } from './pod-worker';

const REGISTRY = 'registry.example';
const OPERATOR_IMAGE = `${REGISTRY}/weka-operator:test`;
const wekaVersion = (version: string) => ({ version, image: `${REGISTRY}/weka-in-container:${version}` });
/** WEKA versions that there are images of. */
export const VERSIONS = [wekaVersion('4.4.5.118'), wekaVersion('4.4.6.42')] as const;
const NODES = ['node-1', 'node-2'];
const LABELS = { 'weka.io/builds-drivers': 'true', 'weka.io/clients': 'true' };
/** How long anything may take: a busy machine needs several times what an idle one does. */
const LIMIT_MS = 420_000;

/** A cluster for drivers: a control plane, a manager, and nodes whose agents are processes. */
export interface DriverCluster {
  readonly plane: OwnPlane;
  readonly manager: ManagerProcess;
  readonly nodes: readonly Kubelet[];
  /** The first three bytes of addresses that nobody else uses. */
  readonly network: string;
  /** Applies with kubectl, as an administrator. */
  apply(objects: readonly object[]): Promise<void>;
  /** `undefined`: there is none. */
  get(kind: string, name: string): Promise<LiveObject | undefined>;
  /** `True Loaded: …` */
  condition(kind: string, name: string, type: string): Promise<string>;
  /** Names of objects in the operator's namespace, with kubectl's arguments. */
  names(...args: readonly string[]): Promise<string[]>;
  /** What the package index says of a WEKA version. */
  index(wekaVersion: string): Promise<readonly IndexEntry[]>;
  /** Whatever node it is on. */
  pod(name: string): PodWorker | undefined;
  /** Waits; what failed is told with everything that helps to see why. */
  until(what: string, holds: () => Promise<boolean>): Promise<void>;
  stop(): Promise<void>;
}

const makeImages = async (directory: string): Promise<ReadonlyMap<string, Image>> => {
  const images = new Map([[OPERATOR_IMAGE, await operatorImage(join(directory, 'operator'))]]);
  for (const { version, image } of VERSIONS) images.set(image, await wekaImage(join(directory, version), version));
  return images;
};

/** Addresses of this process alone: suites of two checkouts may run at the same time. */
const ownNetwork = (): string => `127.${16 + (process.pid % 200)}`;

/** `trusted`: certificates (PEM) that registries may be signed by. */
export const startDriverCluster = async (kernel: Kernel, trusted: string): Promise<DriverCluster> => {
  const directory = await mkdtemp(join(tmpdir(), 'weka-operator-nodes-'));
  const extraCA = join(directory, 'extra-ca.crt');
  await writeFile(extraCA, trusted);
  const [distribution, namesDirectory] = [join(directory, 'distribution'), join(directory, 'names')];
  await mkdir(namesDirectory);
  const network = ownNetwork();
  const gateway = { name: `${GATEWAY_SERVICE}.${NAMESPACE}.svc.cluster.local`, address: `${network}.0.1` };
  const [plane, images] = await Promise.all([
    ownPlane(),
    makeImages(join(directory, 'images')),
    makeDistribution(distribution, kernel),
  ]);
  const names = new Names(namesDirectory, { [gateway.name]: gateway.address });
  await plane.installCrds();
  await plane.apply(trustPolicies(NAMESPACE, 'the-manager'));
  const nodes: Kubelet[] = [];
  for (const [at, name] of NODES.entries()) {
    const machine = await makeMachine(join(directory, name), distribution, kernel.release);
    const shared = { coordinates: plane.coordinates, labels: LABELS, images, names, machine, name };
    const own = { network: `${network}.${at + 1}`, directory: join(directory, 'pods', name) };
    nodes.push(await Kubelet.start({ ...shared, ...own }));
  }
  nodes[0]?.followServices();
  const manager = await startManager(await plane.kubeconfig(MANAGER), [
    ...['--gateway-address', `${gateway.address}:${GATEWAY_PORT}`, '--operator-image', OPERATOR_IMAGE],
    // One manager, which on a busy machine may be late to renew a Lease: nothing would start it again here.
    '--no-leader-election',
    // Nobody names WEKA's own registry: if it were asked all the same, it would not be reached.
    ...['--extra-ca-bundle', extraCA, '--drivers-registry', 'https://127.0.0.1:9'],
  ]);
  return clusterOf({ plane, manager, nodes, network }, directory);
};

const clusterOf = (
  parts: Pick<DriverCluster, 'plane' | 'manager' | 'nodes' | 'network'>,
  directory: string,
): DriverCluster => {
  const { plane, nodes } = parts;
  const get: DriverCluster['get'] = async (kind, name) => {
    const { code, stdout } = await plane.kubectl(['get', kind, name, '-n', NAMESPACE, '-o', 'json'], { mayFail: true });
    return code === 0 ? (JSON.parse(stdout) as LiveObject) : undefined;
  };
  return {
    ...parts,
    get,
    apply: plane.apply,
    condition: async (kind, name, type) => {
      const conditions = ((await get(kind, name))?.status?.['conditions'] ?? []) as Record<string, string>[];
      const found = conditions.find((each) => each['type'] === type);
      return `${found?.['status']} ${found?.['reason']}: ${found?.['message']}`;
    },
    names: async (...args) => {
      const { stdout } = await plane.kubectl(['get', ...args, '-n', NAMESPACE, '-o', 'name']);
      return stdout.split('\n').filter(Boolean);
    },
    index: async (wekaVersion) => {
      const labelled = ['-l', `${LABEL.driversIndex}=${wekaVersion}`, '-n', NAMESPACE, '-o', 'json'];
      const { stdout } = await plane.kubectl(['get', 'configmaps', ...labelled]);
      const { items } = JSON.parse(stdout) as { items: { data?: Record<string, string> }[] };
      return [...readIndex(items.map(({ data = {} }) => data)).values()];
    },
    pod: (name) => nodes.map((node) => node.pod(name)).find((pod) => pod !== undefined),
    until: (what, holds) =>
      eventually(what, holds, LIMIT_MS).catch(async (error: Error) => {
        throw new Error([error.message, await everything(parts, directory)].join('\n'), { cause: error.cause });
      }),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
      await stopManagers();
      await plane.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
};

/** What there is in the cluster, and the ends of all logs. */
const everything = async (
  { plane, manager, nodes }: Pick<DriverCluster, 'plane' | 'manager' | 'nodes'>,
  directory: string,
): Promise<string> => {
  const kinds = 'pods,daemonsets,services,wekapolicies,wekaclients,wekacontainers,wekanodes';
  const objects = await plane.kubectl(['get', kinds, '-A', '-o', 'wide'], { mayFail: true });
  const logs: string[] = [];
  for (const node of nodes) {
    const pods = join(directory, 'pods', node.name);
    for (const name of (await readdir(pods)).filter((file) => file.endsWith('.log')))
      logs.push(`— ${name}\n${(await readFile(join(pods, name), 'utf8')).slice(-1500)}`);
  }
  return [objects.stdout, ...logs, '— manager', manager.said().slice(-3000)].join('\n');
};
