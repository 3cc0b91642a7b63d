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

/** Each undoes what was started; in the order of starting. */
type Endings = (() => Promise<void>)[];

interface Place {
  readonly directory: string;
  readonly kernel: Kernel;
  readonly endings: Endings;
}

/** `trusted`: certificates (PEM) that registries may be signed by. Rejects with nothing left behind. */
export const startDriverCluster = async (kernel: Kernel, trusted: string): Promise<DriverCluster> => {
  const directory = await mkdtemp(join(tmpdir(), 'weka-operator-nodes-'));
  const endings: Endings = [() => rm(directory, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const end of endings.splice(0).reverse()) await end();
  };
  try {
    return clusterOf(await startParts({ directory, kernel, endings }, trusted), { directory, stop });
  } catch (error) {
    await stop();
    throw error;
  }
};

type Parts = Pick<DriverCluster, 'plane' | 'manager' | 'nodes'>;

const startParts = async (place: Place, trusted: string): Promise<Parts> => {
  const { directory, endings } = place;
  const network = ownNetwork();
  const gateway = `${network}.0.1`;
  const plane = await ownPlane();
  endings.push(() => plane.stop());
  await plane.installCrds();
  await plane.apply(trustPolicies(NAMESPACE, 'the-manager'));
  const nodes = await startNodes(place, { plane, network, gateway });
  const extraCA = join(directory, 'extra-ca.crt');
  await writeFile(extraCA, trusted);
  endings.push(stopManagers);
  const manager = await startManager(await plane.kubeconfig(MANAGER), [
    ...['--gateway-address', `${gateway}:${GATEWAY_PORT}`, '--operator-image', OPERATOR_IMAGE],
    // One manager, which on a busy machine may be late to renew a Lease: nothing would start it again here.
    '--no-leader-election',
    // Nobody names WEKA's own registry: if it were asked all the same, it would not be reached.
    ...['--extra-ca-bundle', extraCA, '--drivers-registry', 'https://127.0.0.1:9'],
  ]);
  return { plane, manager, nodes };
};

const startNodes = async (
  { directory, kernel, endings }: Place,
  { plane, network, gateway }: { readonly plane: OwnPlane; readonly network: string; readonly gateway: string },
): Promise<readonly Kubelet[]> => {
  const [distribution, namesDirectory] = [join(directory, 'distribution'), join(directory, 'names')];
  const images = await makeImages(join(directory, 'images'));
  await makeDistribution(distribution, kernel);
  await mkdir(namesDirectory);
  const names = new Names(namesDirectory, { [`${GATEWAY_SERVICE}.${NAMESPACE}.svc.cluster.local`]: gateway });
  const nodes: Kubelet[] = [];
  for (const [at, name] of NODES.entries()) {
    const machine = await makeMachine(join(directory, name), distribution, kernel.release);
    const shared = { coordinates: plane.coordinates, labels: LABELS, images, names, machine, name };
    const own = { network: `${network}.${at + 1}`, directory: join(directory, 'pods', name) };
    const node = await Kubelet.start({ ...shared, ...own });
    nodes.push(node);
    endings.push(() => node.stop());
  }
  nodes[0]?.followServices();
  return nodes;
};

const clusterOf = (
  parts: Parts,
  { directory, stop }: { readonly directory: string; readonly stop: () => Promise<void> },
): DriverCluster => {
  const { plane } = parts;
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
    until: (what, holds) =>
      eventually(what, holds, LIMIT_MS).catch(async (error: Error) => {
        throw new Error([error.message, await everything(parts, directory)].join('\n'), { cause: error.cause });
      }),
    stop,
  };
};

/** What there is in the cluster, and the ends of all logs. */
const everything = async ({ plane, manager, nodes }: Parts, directory: string): Promise<string> => {
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
