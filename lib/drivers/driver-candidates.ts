/** Which driver is claimed on which node, and where its package is. Pure: from one picture of the cluster. */
import type { WekaNodeStatus } from '../api/weka-node';
import type { ErrorParameters } from '../base/errors';
import { ERRORS, fillIn } from '../base/errors';
import type { NodeFacts } from '../nodes/node-facts';
import type { DriverClaim, NodeClaims } from './claims';
import { claimsOn } from './claims';
import { distServiceName } from './driver-distribution';
import { readEndpoint } from './endpoint';
import type { WantedDriver } from './node-driver';
import type { PackageKey } from './package';
import { packageId } from './package';
import type { IndexEntry } from './package-index';
import type { PackageSite, Sites } from './package-site';
import { packageSite } from './package-site';
import type { RolloutNode } from './rollout';

/** A node, with what is recorded of it. */
export interface PlannedNode {
  readonly facts: NodeFacts;
  /** spec.driver of its WekaNode. */
  readonly driver: WantedDriver | undefined;
  /** Of its WekaNode. */
  readonly status: WekaNodeStatus;
  readonly paused: boolean;
}

/** A policy that builds and distributes drivers, as far as nodes must know it. */
export interface PolicyView {
  readonly namespace: string;
  readonly name: string;
  readonly nodeSelectors: readonly Readonly<Record<string, string>>[];
}

/** The picture. */
export interface DriverWorld extends Omit<Sites, 'index'> {
  readonly claims: readonly DriverClaim[];
  readonly nodes: readonly PlannedNode[];
  readonly policies: readonly PolicyView[];
  /** The index as it is stored. */
  readonly recorded: ReadonlyMap<string, IndexEntry>;
  readonly registryUrl: string;
  readonly operatorImage: string;
  /** A count, or a share of the nodes that shall have a driver: `10%`. */
  readonly maxUnavailable: string | number;
}

/** One node on its way through the plan. */
export interface Candidate {
  readonly node: PlannedNode;
  readonly claimed: NodeClaims;
  readonly key: PackageKey;
  readonly site: PackageSite;
}

/** A code of the errors table as a condition says it. */
export const told = (code: keyof typeof ERRORS, parameters: ErrorParameters): { reason: string; message: string } => {
  const { summary, remedy } = ERRORS[code];
  return { reason: code, message: `${fillIn(summary, parameters)} ${fillIn(remedy, parameters)}` };
};

/** The driver that is loaded under this boot. */
export const loadedOn = ({ status, facts }: PlannedNode): RolloutNode['loaded'] => {
  const { wekaVersion, digest } = status.driver ?? {};
  return status.bootID !== facts.bootID || wekaVersion === undefined || digest === undefined
    ? undefined
    : { wekaVersion, sha256: digest };
};

/** Nodes with a claim and a kernel, each with where its package is; the search is done once for all that share one. */
export const candidatesOf = (world: DriverWorld, sites: Sites): readonly Candidate[] => {
  const [broad, byNode] = [world.claims.filter(({ node }) => node === undefined), new Map<string, DriverClaim[]>()];
  for (const claim of world.claims)
    if (claim.node !== undefined) byNode.set(claim.node, [...(byNode.get(claim.node) ?? []), claim]);
  const known = new Map<string, PackageSite>();
  return world.nodes.flatMap((node): Candidate[] => {
    const { facts } = node;
    const claims = [...broad, ...(byNode.get(facts.name) ?? [])];
    const claimed = claimsOn(facts, claims, loadedOn(node)?.wekaVersion ?? node.driver?.wekaVersion);
    if (claimed === undefined || facts.kernel === '') return [];
    const key = { wekaVersion: claimed.heard.wekaVersion, kernel: facts.kernel, architecture: facts.architecture };
    const before = node.driver?.distEndpoint;
    const text = `${claimed.heard.ref.namespace} ${claimed.heard.endpoint} ${packageId(key)} ${before}`;
    const site = known.get(text) ?? siteOf(world, sites, { key, heard: claimed.heard, before });
    known.set(text, site);
    return [{ node, claimed, key, site }];
  });
};

/** The policy whose Service an endpoint means, made already or not. */
export const policyBehind = (
  { namespace, name }: { readonly namespace: string; readonly name: string },
  policies: readonly PolicyView[],
): PolicyView | undefined =>
  policies.find((policy) => policy.namespace === namespace && distServiceName(policy.name) === name);

const siteOf = (
  world: DriverWorld,
  sites: Sites,
  {
    key,
    heard,
    before,
  }: { readonly key: PackageKey; readonly heard: DriverClaim; readonly before: string | undefined },
): PackageSite => {
  const { claimant } = heard;
  const endpoint = readEndpoint(heard.endpoint, { registry: world.registryUrl, namespace: heard.ref.namespace ?? '' });
  const missing = endpoint?.kind === 'service' && !world.services.has(`${endpoint.namespace}/${endpoint.name}`);
  const maker = missing ? policyBehind(endpoint, world.policies) : undefined;
  // Whoever applies policy and client at once made no mistake.
  if (maker !== undefined) {
    const message = `WekaPolicy ${maker.namespace}/${maker.name} makes its Service.`;
    return { state: 'waiting', reason: 'DistributionNotReady', message };
  }
  if (endpoint !== undefined) return packageSite(sites, key, { endpoint, claimant, before });
  return { state: 'waiting', ...told('DistEndpointInvalid', { claimant, endpoint: heard.endpoint ?? '' }) };
};
