/**
 * Where the bytes of one package are for one claim, or what is waited for. Pure. The same for all nodes of one kernel that
 * name the same service, so it is found once for all of them.
 */
import type { WantedPackage } from './agent-documents';
import type { AgentFailure } from './agent-result';
import type { ManagedDist } from './dists';
import { distAt } from './dists';
import type { DistEndpoint } from './endpoint';
import { failureText } from './failure-text';
import type { IndexEntry } from './package-index';
import type { PackageKey } from './package';
import { packageId, packageKeyOf, packagePath } from './package';
import type { RegistryAnswer } from './registry-answer';

/** Who builds a package, and how that stands: a policy, or a builder that somebody made by hand. */
export interface BuildView extends PackageKey {
  readonly id: string;
  /** UID of the dist container that it goes to; empty while there is none. */
  readonly dist: string;
  /** Why it is not stored yet, as its maker says it. */
  readonly reason: string;
  readonly message: string;
  /** Digest and size of what was built or found, with whose word it is. Absent: not yet. */
  readonly vouched?: Pick<IndexEntry, 'sha256' | 'size' | 'source'>;
}

/** What the search for a package looks at. */
export interface Sites {
  readonly dists: readonly ManagedDist[];
  readonly builds: readonly BuildView[];
  readonly index: ReadonlyMap<string, IndexEntry>;
  /** Services that exist, as `namespace/name`. */
  readonly services: ReadonlySet<string>;
  /** The operator's own service, which mirrors from outside; `undefined`: not made yet. */
  readonly own: ManagedDist | undefined;
  readonly offline: boolean;
  readonly answer: (registry: string, key: PackageKey) => RegistryAnswer;
}

/** Where a package is. */
export type PackageSite =
  | { readonly state: 'ready'; readonly distUrl: string; readonly sha256: string }
  | {
      readonly state: 'waiting';
      readonly reason: string;
      readonly message: string;
      /** The dist that should have it, and nobody builds it: why is a matter of the node. */
      readonly unserved?: ManagedDist;
      /** What the operator's own service shall fetch for it. */
      readonly mirror?: WantedPackage;
    };

const waiting = (reason: string, message: string): PackageSite => ({ state: 'waiting', reason, message });
const failed = (code: string, parameters: Record<string, string>): PackageSite => {
  const failure: AgentFailure = { code, parameters };
  return waiting(code, failureText(failure));
};

/** Whether a service has these bytes, as far as is known: before it has told anything, what is written down holds. */
const holds = (dist: ManagedDist, id: string, sha256: string): boolean => {
  const held = dist.held.get(id);
  return dist.told ? held?.state === 'stored' && held.sha256 === sha256 : true;
};

const buildOf = ({ builds }: Sites, id: string, dist?: ManagedDist): BuildView | undefined =>
  builds.find((build) => build.id === id && (dist === undefined || build.dist === dist.container.metadata.uid));

const serviceOf = (dist: ManagedDist): string => dist.services[0] ?? dist.container.metadata.name;

const inManaged = (sites: Sites, key: PackageKey, dist: ManagedDist): PackageSite => {
  const id = packageId(key);
  const entry = sites.index.get(id);
  if (entry !== undefined && dist.url !== undefined && holds(dist, id, entry.sha256))
    return { state: 'ready', distUrl: dist.url, sha256: entry.sha256 };
  const build = buildOf(sites, id, dist);
  if (build !== undefined) return waiting(build.reason, build.message);
  if (!dist.ready && !dist.told)
    return failed('DistNoEndpoints', { service: serviceOf(dist), cause: 'its Pod is not ready yet' });
  const { wekaVersion, kernel, architecture } = key;
  const nobody = failed('NoBuilder', { wekaVersion, kernel, architecture, dist: serviceOf(dist) });
  return { ...nobody, unserved: dist } as PackageSite;
};

/** A place outside, and where a node was sent before for what comes from there. */
interface Outside {
  readonly url: string;
  readonly before: string | undefined;
}

/** Another managed service that has the very bytes of the index. */
const heldElsewhere = (sites: Sites, id: string, entry: IndexEntry): ManagedDist | undefined =>
  sites.dists.find((dist) => dist.url !== undefined && dist.told && holds(dist, id, entry.sha256));

/** Where a node fetched these bytes before, if that service may still have them: nothing moves because an operator has started. */
const staysAt = ({ own, dists }: Sites, id: string, sha256: string, before: string | undefined): string | undefined =>
  [...(own === undefined ? [] : [own]), ...dists].find(
    (dist) => dist.url !== undefined && dist.url === before && holds(dist, id, sha256),
  )?.url;

const fromOutside = (sites: Sites, key: PackageKey, { url: registry, before }: Outside): PackageSite => {
  const id = packageId(key);
  const entry = sites.index.get(id);
  const { own } = sites;
  const stays = entry === undefined ? undefined : staysAt(sites, id, entry.sha256, before);
  if (entry !== undefined && stays !== undefined) return { state: 'ready', distUrl: stays, sha256: entry.sha256 };
  if (entry !== undefined && own?.url !== undefined && holds(own, id, entry.sha256))
    return { state: 'ready', distUrl: own.url, sha256: entry.sha256 };
  const other = entry === undefined ? undefined : heldElsewhere(sites, id, entry);
  if (entry !== undefined && other?.url !== undefined)
    return { state: 'ready', distUrl: other.url, sha256: entry.sha256 };
  return notHere(sites, key, registry);
};

const notHere = (sites: Sites, key: PackageKey, registry: string): PackageSite => {
  const id = packageId(key);
  const answer = sites.offline ? undefined : sites.answer(registry, key);
  if (answer?.state === 'found') return mirrored(sites, key, answer);
  const build = buildOf(sites, id);
  if (build !== undefined) return waiting(build.reason, build.message);
  if (answer?.state === 'pending') return waiting('AskingRegistry', `${registry} is being asked for it.`);
  if (answer?.state === 'unknown') return waiting(answer.failure.code, failureText(answer.failure));
  const cause =
    answer === undefined
      ? 'this site is offline, and no policy builds it'
      : `${registry} does not have it, and no policy builds it`;
  const { wekaVersion, kernel, architecture } = key;
  return failed('PackageUnavailable', { wekaVersion, kernel, architecture, cause });
};

const mirrored = (
  { own, index }: Sites,
  key: PackageKey,
  { url, sha256 }: Extract<RegistryAnswer, { state: 'found' }>,
): PackageSite => {
  const id = packageId(key);
  // Bytes that were accepted once never change silently: another digest there is a failure of the fetch, and told.
  const right = index.get(id)?.sha256 ?? sha256;
  const held = own?.held.get(id);
  const mirror: WantedPackage = { id, ...packageKeyOf(key), sha256: right, mirror: { url, sha256: right } };
  const trouble = held?.state === 'failed' ? held.failure : undefined;
  return trouble === undefined
    ? { state: 'waiting', reason: 'Mirroring', message: `It is being fetched from ${url}.`, mirror }
    : { state: 'waiting', reason: trouble.code, message: failureText(trouble), mirror };
};

/** Who asks for a package. */
export interface SiteQuestion {
  readonly endpoint: DistEndpoint;
  /** Who names it, for messages. */
  readonly claimant: string;
  /** URL of the service that the node was sent to last. */
  readonly before?: string | undefined;
}

/** Where the package of `key` is for somebody who names `endpoint`. */
export const packageSite = (
  sites: Sites,
  key: PackageKey,
  { endpoint, claimant, before }: SiteQuestion,
): PackageSite => {
  const dist = distAt(endpoint, sites.dists);
  if (dist !== undefined) return inManaged(sites, key, dist);
  if (endpoint.kind === 'service' && !sites.services.has(`${endpoint.namespace}/${endpoint.name}`))
    return failed('DistServiceMissing', { service: `${endpoint.namespace}/${endpoint.name}`, claimant });
  return fromOutside(sites, key, { url: endpoint.url, before });
};

/** Everything that the operator's own service shall hold: what it mirrors, and what it has that is still right. */
export const ownPackages = (sites: Sites, wanted: readonly PackageSite[]): readonly WantedPackage[] => {
  const mirrors = wanted.flatMap((site) =>
    site.state === 'waiting' && site.mirror !== undefined ? [site.mirror] : [],
  );
  const kept = [...(sites.own?.held.keys() ?? [])].flatMap((id): WantedPackage[] => {
    const entry = sites.index.get(id);
    return entry === undefined ? [] : [{ id, ...packageKeyOf(entry), sha256: entry.sha256 }];
  });
  const byId = new Map([...kept, ...mirrors].map((each) => [each.id, each]));
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
};

/** The URL of a package at a service. */
export const packageUrl = (distUrl: string, key: PackageKey): string => `${distUrl}${packagePath(packageId(key))}`;
