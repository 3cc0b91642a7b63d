import type { JsonObject, JsonValue } from '../base/json';
import { isJsonObject } from '../base/json';
import type { LiveObject, ObjectRef } from '../base/kube-object';
import { refOf, refString } from '../base/kube-object';
import type { NodeFacts } from '../nodes/node-facts';
import { matchesSelector } from '../nodes/node-facts';
import { wekaVersionOf } from './package';

/** One object's wish that nodes hold the driver of a WEKA version. */
export interface DriverClaim {
  readonly ref: ObjectRef;
  /** `WekaClient/ns/name`. */
  readonly claimant: string;
  /** RFC 3339; among claims that contradict each other the oldest is heard where nothing is loaded yet. */
  readonly since: string;
  readonly wekaVersion: string;
  /** Image that loads the driver. Absent: the operator's own. */
  readonly loaderImage?: string;
  /** Secret to pull it with. */
  readonly imagePullSecret?: string;
  /** As the object names it; absent: the registry. */
  readonly endpoint?: string;
  /** Labels a node must carry, all of one entry; entries are ORed. */
  readonly nodeSelectors: readonly Readonly<Record<string, string>>[];
  /** The one node meant, by name; the selectors are then not asked. */
  readonly node?: string;
  /** UID of the cluster or client that the claiming container belongs to: its word goes before its owner's on its node. */
  readonly ownerUID?: string;
  readonly uid: string;
}

/** Modes of containers that read or write through the driver, or load it. */
const DRIVER_USERS: ReadonlySet<string> = new Set([
  'drive',
  'compute',
  'client',
  's3',
  'nfs',
  'smbw',
  'data-services',
  'drivers-loader',
]);

const text = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;

const labels = (value: JsonValue | undefined): Record<string, string> =>
  isJsonObject(value)
    ? Object.fromEntries(
        Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      )
    : {};

const partOf = (object: LiveObject, part: 'spec' | 'status'): JsonObject => object[part] ?? {};

const loaderImageOf = (spec: JsonObject): string | undefined => {
  const overrides = isJsonObject(spec['overrides']) ? spec['overrides'] : {};
  return text(overrides['driversLoaderImage']) ?? text(spec['driversLoaderImage']);
};

const common = (object: LiveObject): Omit<DriverClaim, 'nodeSelectors'> | undefined => {
  const spec = partOf(object, 'spec');
  const wekaVersion = wekaVersionOf(text(spec['image']) ?? '');
  if (wekaVersion === undefined || object.metadata.deletionTimestamp !== undefined) return undefined;
  const [loaderImage, endpoint] = [loaderImageOf(spec), text(spec['driversDistService'])];
  const imagePullSecret = loaderImage === undefined ? undefined : text(spec['imagePullSecret']);
  return {
    ref: refOf(object),
    claimant: refString(refOf(object)),
    since: object.metadata.creationTimestamp ?? '',
    uid: object.metadata.uid,
    wekaVersion,
    ...(loaderImage === undefined ? {} : { loaderImage }),
    ...(imagePullSecret === undefined ? {} : { imagePullSecret }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
};

/** A cluster claims the nodes that any of its roles may run on: a role's own selector stands in place of the common one. */
const clusterSelectors = (spec: JsonObject): Record<string, string>[] => {
  const roles = isJsonObject(spec['roleNodeSelector']) ? Object.values(spec['roleNodeSelector']).map(labels) : [];
  const own = roles.filter((selector) => Object.keys(selector).length > 0);
  return [labels(spec['nodeSelector']), ...own];
};

const claimOfContainer = (object: LiveObject): DriverClaim | undefined => {
  const spec = partOf(object, 'spec');
  const claim = DRIVER_USERS.has(text(spec['mode']) ?? '') ? common(object) : undefined;
  const node = text(spec['nodeAffinity']) ?? text(partOf(object, 'status')['nodeAffinity']);
  const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
  // A container without a node waits for one: it asks nothing of the others that it might have run on.
  if (claim === undefined || node === undefined) return undefined;
  return { ...claim, nodeSelectors: [], node, ...(owner === undefined ? {} : { ownerUID: owner.uid }) };
};

/** What `object` wants of nodes; `undefined`: nothing (another kind, an image without a version, it is being deleted). */
export const claimOf = (object: LiveObject): DriverClaim | undefined => {
  const spec = partOf(object, 'spec');
  switch (object.kind) {
    case 'WekaCluster': {
      const claim = common(object);
      return claim && { ...claim, nodeSelectors: clusterSelectors(spec) };
    }
    case 'WekaClient': {
      const claim = common(object);
      return claim && { ...claim, nodeSelectors: [labels(spec['nodeSelector'])] };
    }
    case 'WekaContainer':
      return claimOfContainer(object);
    default:
      return undefined;
  }
};

/** Whether a claim means this node. */
export const claims = (claim: DriverClaim, node: Pick<NodeFacts, 'name' | 'labels'>): boolean =>
  claim.node === undefined
    ? claim.nodeSelectors.some((selector) => matchesSelector(node.labels, selector))
    : claim.node === node.name;

/** What is claimed of one node. */
export interface NodeClaims {
  /** The claim that is heard. */
  readonly heard: DriverClaim;
  /** Names of all who claim the node, sorted. */
  readonly claimants: readonly string[];
  /** Names of those whose version is another, sorted. */
  readonly contradicted: readonly string[];
}

const byAge = (a: DriverClaim, b: DriverClaim): number =>
  a.since === b.since ? (a.claimant < b.claimant ? -1 : 1) : a.since < b.since ? -1 : 1;

/**
 * Which of the claims on a node is heard: a kernel holds one version. Where versions differ, the loaded one stays; where
 * none of them is loaded, the oldest claim is heard. A container speaks for its owner on its node, because it is what
 * runs there. `undefined`: nobody claims the node.
 */
export const claimsOn = (
  node: Pick<NodeFacts, 'name' | 'labels'>,
  all: readonly DriverClaim[],
  loadedVersion: string | undefined,
): NodeClaims | undefined => {
  const meant = all.filter((claim) => claims(claim, node));
  const spokenFor = new Set(meant.flatMap(({ ownerUID }) => ownerUID ?? []));
  const speaking = meant.filter(({ uid }) => !spokenFor.has(uid)).sort(byAge);
  const heard = speaking.find(({ wekaVersion }) => wekaVersion === loadedVersion) ?? speaking[0];
  if (heard === undefined) return undefined;
  const names = (list: readonly DriverClaim[]): string[] => [...new Set(list.map(({ claimant }) => claimant))].sort();
  return {
    heard,
    claimants: names(meant),
    contradicted: names(speaking.filter(({ wekaVersion }) => wekaVersion !== heard.wekaVersion)),
  };
};
