import type { LiveObject } from '../../lib/base/kube-object';
import type { HeldPackage } from '../../lib/drivers/agent-documents';
import { claimOf } from '../../lib/drivers/claims';
import type { ManagedDist } from '../../lib/drivers/dists';
import type { DriverWorld, PlannedNode } from '../../lib/drivers/driver-candidates';
import type { IndexEntry } from '../../lib/drivers/package-index';
import type { PackageKey } from '../../lib/drivers/package';
import { packageId } from '../../lib/drivers/package';
import type { BuildView } from '../../lib/drivers/package-site';

/** Pieces of a picture of the cluster, for tests of what follows from it. */

export const [DIGEST, OTHER] = ['a'.repeat(64), 'b'.repeat(64)];
export const KEY: PackageKey = { wekaVersion: '4.4.5', kernel: '6.1.0', architecture: 'amd64' };
export const DIST_URL = 'https://drivers-dist.default.svc.cluster.local:60002';
export const OWN_URL = 'https://weka-operator-drivers.weka-operator-system.svc.cluster.local:60002';

export const stored = (key: PackageKey = KEY, sha256 = DIGEST): HeldPackage => ({
  id: packageId(key),
  state: 'stored',
  sha256,
  size: 100,
});
export const entry = (key: PackageKey = KEY, more: Partial<IndexEntry> = {}): IndexEntry => ({
  ...key,
  sha256: DIGEST,
  size: 100,
  source: 'built',
  ...more,
});
export const indexed = (...entries: IndexEntry[]): ReadonlyMap<string, IndexEntry> =>
  new Map(entries.map((each) => [packageId(each), each]));

/** A service that runs and has told what it holds. */
export const dist = (held: readonly HeldPackage[] = [], more: Partial<ManagedDist> = {}): ManagedDist => ({
  container: {
    apiVersion: 'weka.weka.io/v1alpha1',
    kind: 'WekaContainer',
    metadata: { name: 'drivers-dist', namespace: 'default', uid: 'dist-uid', resourceVersion: '1' },
  },
  services: ['default/drivers-dist'],
  url: DIST_URL,
  ready: true,
  policy: 'drivers',
  told: true,
  held: new Map(held.map((each) => [each.id, each])),
  ...more,
});
/** The operator's own. */
export const ownDist = (held: readonly HeldPackage[] = []): ManagedDist => ({
  ...dist(held, { services: ['weka-operator-system/weka-operator-drivers'], url: OWN_URL }),
  container: { ...dist().container, metadata: { name: 'weka-operator-drivers', uid: 'own-uid', resourceVersion: '1' } },
});

export const build = (more: Partial<BuildView> = {}): BuildView => ({
  ...KEY,
  id: packageId(KEY),
  dist: 'dist-uid',
  reason: 'Building',
  message: 'It is being built.',
  ...more,
});

/** A client of all nodes that names the policy's service unless told otherwise. */
export const client = (name: string, spec: object = {}): LiveObject => ({
  apiVersion: 'weka.weka.io/v1alpha1',
  kind: 'WekaClient',
  metadata: {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: { image: 'weka:4.4.5', driversDistService: DIST_URL, ...spec },
});

export const claimsOf = (...objects: LiveObject[]): DriverWorld['claims'] =>
  objects.flatMap((object) => claimOf(object) ?? []);

/** A node that is Ready and whose record is empty. */
export const node = (
  name: string,
  more: Partial<Omit<PlannedNode, 'facts'>> & { facts?: object } = {},
): PlannedNode => ({
  driver: undefined,
  status: {},
  paused: false,
  ...more,
  facts: {
    name,
    uid: `uid-${name}`,
    labels: {},
    kernel: KEY.kernel,
    architecture: KEY.architecture,
    osImage: '',
    bootID: 'boot-1',
    ready: true,
    unschedulable: false,
    ...more.facts,
  },
});

/** One client, one node, one service that holds nothing. */
export const world = (more: Partial<DriverWorld> = {}): DriverWorld => ({
  claims: claimsOf(client('c')),
  nodes: [node('n1')],
  policies: [{ namespace: 'default', name: 'drivers', nodeSelectors: [] }],
  dists: [dist()],
  builds: [],
  services: new Set(['default/drivers-dist']),
  own: undefined,
  offline: false,
  recorded: new Map(),
  registryUrl: 'https://drivers.weka.io',
  operatorImage: 'operator:1',
  maxUnavailable: 1,
  answer: () => ({ state: 'pending' }),
  ...more,
});
