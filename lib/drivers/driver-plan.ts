/**
 * What every node's driver shall be, and what it takes: loaders, the package index, what the operator's own service mirrors.
 * Pure: from one picture of the cluster. What is allowed on a node is carried in its WekaNode, so that a restart in the
 * middle of a rollout changes nobody's mind.
 */
import { matchesSelector } from '../nodes/node-facts';
import type { NodeClaims } from './claims';
import type { ManagedDist } from './dists';
import type { Candidate, DriverWorld, PlannedNode } from './driver-candidates';
import { candidatesOf, loadedOn, policyBehind, told } from './driver-candidates';
import { readEndpoint } from './endpoint';
import type { WantedPackage } from './agent-documents';
import type { LoaderIdentity } from './loader-daemon-set';
import { loaderTarget } from './loader-daemon-set';
import { nextIndex } from './next-index';
import type { WantedDriver } from './node-driver';
import type { PackageKey } from './package';
import { packageId } from './package';
import type { IndexEntry } from './package-index';
import type { Sites } from './package-site';
import { ownPackages } from './package-site';
import type { RolloutNode, Turn } from './rollout';
import { maxUnavailableOf, turns } from './rollout';
import { SOURCE_REASON } from './source';

/** What shall be. */
export interface DriverPlan {
  readonly index: readonly IndexEntry[];
  /** Every node that has a record, with the driver it shall hold; `undefined`: none is wanted of it. */
  readonly nodes: readonly { readonly name: string; readonly driver: WantedDriver | undefined }[];
  /** One loader each, by target. */
  readonly loaders: ReadonlyMap<string, LoaderIdentity>;
  /** What the operator's own service shall hold; `undefined`: nobody needs it. */
  readonly own: readonly WantedPackage[] | undefined;
}

type Waiting = NonNullable<WantedDriver['waiting']>;

/** The driver whose loading was allowed on a node, as long as its kernel is the one that it was chosen for. */
const allowedOn = ({ driver, facts }: PlannedNode): RolloutNode['allowed'] => {
  const { digest, target, wekaVersion, kernel } = driver ?? {};
  return digest === undefined || target === undefined || wekaVersion === undefined || kernel !== facts.kernel
    ? undefined
    : { wekaVersion, sha256: digest, target };
};

const identityOf = ({ heard }: NodeClaims, distUrl: string, operatorImage: string): LoaderIdentity => ({
  wekaVersion: heard.wekaVersion,
  distUrl,
  image: heard.loaderImage ?? operatorImage,
  ...(heard.imagePullSecret === undefined ? {} : { imagePullSecret: heard.imagePullSecret }),
});

const rolloutNode = ({ node, site, claimed }: Candidate, world: DriverWorld): RolloutNode => {
  const [allowed, loaded] = [allowedOn(node), loadedOn(node)];
  const wanted =
    site.state === 'ready'
      ? {
          wekaVersion: claimed.heard.wekaVersion,
          sha256: site.sha256,
          target: loaderTarget(identityOf(claimed, site.distUrl, world.operatorImage)),
        }
      : undefined;
  return {
    name: node.facts.name,
    ...(wanted === undefined ? {} : { wanted }),
    ...(allowed === undefined ? {} : { allowed }),
    ...(loaded === undefined ? {} : { loaded }),
    occupied: node.status.bootID === node.facts.bootID && (node.status.modules ?? []).length > 0,
    mounts: node.status.mounts ?? [],
    failed: node.status.lastFailure !== undefined && node.status.nextRetry !== undefined,
    ready: node.facts.ready,
    paused: node.paused,
  };
};

/** Why the policy that fills this service has not built for a node: a label is missing, or it has yet to see the wish. */
const unserved = (
  dist: ManagedDist,
  { facts }: PlannedNode,
  world: DriverWorld,
): Omit<Waiting, 'wekaVersion'> | undefined => {
  const { namespace } = dist.container.metadata;
  const policy = world.policies.find((each) => each.name === dist.policy && each.namespace === namespace);
  const { nodeSelectors = [] } = policy ?? {};
  if (policy === undefined) return undefined;
  if (nodeSelectors.length === 0 || nodeSelectors.some((selector) => matchesSelector(facts.labels, selector))) {
    const message = `WekaPolicy/${policy.namespace}/${policy.name} is to build it; its status says how that goes.`;
    return { reason: SOURCE_REASON.wanted, message };
  }
  const lacks = (selector: Readonly<Record<string, string>>): string =>
    Object.entries(selector)
      .filter(([key, value]) => facts.labels[key] !== value)
      .map(([key, value]) => `${key}=${value}`)
      .join(' and ');
  return told('NodeNotSelected', {
    node: facts.name,
    policy: `${policy.namespace}/${policy.name}`,
    label: nodeSelectors.map(lacks).join(', or '),
  });
};

const waitOf = (
  { site, node, claimed }: Candidate,
  turn: Turn | undefined,
  world: DriverWorld,
): Waiting | undefined => {
  const { wekaVersion } = claimed.heard;
  if (site.state === 'waiting') {
    const why = site.unserved === undefined ? undefined : unserved(site.unserved, node, world);
    return { wekaVersion, ...(why ?? { reason: site.reason, message: site.message }) };
  }
  if (turn === undefined || turn.allowed) return undefined;
  const places = turn.places.join(', ');
  const code = turn.reason === 'DriverInUse' ? 'NodeInUse' : turn.reason;
  return { wekaVersion, ...told(code, { places, maxUnavailable: world.maxUnavailable }) };
};

/** spec.driver of a node: what was allowed before stays until the next is; then it is that. */
const driverOf = (candidate: Candidate, turn: Turn | undefined, world: DriverWorld): WantedDriver => {
  const { node, claimed, key, site } = candidate;
  const { heard, claimants } = claimed;
  const waiting = waitOf(candidate, turn, world);
  const shared = { claimants: [...claimants], ...(waiting === undefined ? {} : { waiting }) };
  if (waiting !== undefined || site.state !== 'ready') {
    const { driver } = node;
    const keeps = driver !== undefined && allowedOn(node) !== undefined;
    const { waiting: _before, claimants: _who, ...allowed } = driver ?? { wekaVersion: heard.wekaVersion };
    return keeps ? { ...allowed, ...shared } : { wekaVersion: heard.wekaVersion, ...place(key), ...shared };
  }
  const identity = identityOf(claimed, site.distUrl, world.operatorImage);
  return {
    wekaVersion: heard.wekaVersion,
    image: identity.image,
    ...(identity.imagePullSecret === undefined ? {} : { imagePullSecret: identity.imagePullSecret }),
    ...place(key),
    digest: site.sha256,
    target: loaderTarget(identity),
    distEndpoint: site.distUrl,
    ...shared,
  };
};

const place = ({ kernel, architecture }: PackageKey) => ({ kernel, architecture });

/** Whether anybody names a place that only the operator's own service reaches. */
const needsOwn = (world: DriverWorld): boolean =>
  world.claims.some(({ endpoint, ref }) => {
    const read = readEndpoint(endpoint, { registry: world.registryUrl, namespace: ref.namespace ?? '' });
    if (read?.kind !== 'service') return read !== undefined && !world.offline;
    if (policyBehind(read, world.policies) !== undefined) return false;
    const name = `${read.namespace}/${read.name}`;
    return world.services.has(name) && !world.dists.some(({ services }) => services.includes(name));
  });

/** The package that a node may load at any time: until it is allowed another one, a reboot must find it indexed. */
const heldBy = (node: PlannedNode): PackageKey[] => {
  const { wekaVersion, kernel, architecture } = node.driver ?? {};
  return allowedOn(node) === undefined || wekaVersion === undefined || kernel === undefined
    ? []
    : [{ wekaVersion, kernel, architecture: architecture ?? node.facts.architecture }];
};

/** The index that follows from the picture; what lies outside is vouched for by the registry that has it. */
const indexOf = (world: DriverWorld, candidates: readonly Candidate[]): readonly IndexEntry[] => {
  const claimed = candidates.map(({ key, site }) => {
    const found = site.state === 'waiting' ? site.mirror?.sha256 : undefined;
    return { ...key, ...(found === undefined ? {} : { found }) };
  });
  const standing = [...candidates.map(({ node }) => node), ...world.nodes.filter(({ paused }) => paused)];
  const { recorded, dists, builds } = world;
  return nextIndex({ recorded, dists, builds, claimed: [...standing.flatMap(heldBy), ...claimed] });
};

/** Loaders that are wanted: those that nodes are allowed. A loader that nobody is allowed any more goes. */
const loadersOf = (drivers: readonly (WantedDriver | undefined)[]): ReadonlyMap<string, LoaderIdentity> => {
  const loaders = new Map<string, LoaderIdentity>();
  for (const driver of drivers) {
    const { target, distEndpoint, image, wekaVersion, imagePullSecret } = driver ?? {};
    if (target === undefined || distEndpoint === undefined || image === undefined || wekaVersion === undefined)
      continue;
    const secret = imagePullSecret === undefined ? {} : { imagePullSecret };
    loaders.set(target, { wekaVersion, distUrl: distEndpoint, image, ...secret });
  }
  return loaders;
};

/** What shall be. A node that is paused keeps what its record says, whatever is claimed. */
export const planDrivers = (world: DriverWorld): DriverPlan => {
  const before = candidatesOf(world, { ...world, index: world.recorded });
  const index = indexOf(world, before);
  const sites: Sites = { ...world, index: new Map(index.map((entry) => [packageId(entry), entry])) };
  const candidates = new Map(candidatesOf(world, sites).map((each) => [each.node.facts.name, each]));
  const given = [...candidates.values()].map((each) => rolloutNode(each, world));
  const budget = maxUnavailableOf(world.maxUnavailable, given.length);
  const turnOf = new Map(turns(given, budget).map((turn) => [turn.name, turn]));
  const nodes = world.nodes.map((node) => {
    const { name } = node.facts;
    const candidate = candidates.get(name);
    if (node.paused) return { name, driver: node.driver };
    return { name, driver: candidate && driverOf(candidate, turnOf.get(name), world) };
  });
  const wanted = [...before, ...candidates.values()].map(({ site }) => site);
  return {
    index,
    nodes,
    loaders: loadersOf(nodes.map(({ driver }) => driver)),
    own: needsOwn(world) ? ownPackages(sites, wanted) : undefined,
  };
};
