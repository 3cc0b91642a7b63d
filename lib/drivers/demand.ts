import type { NodeFacts } from '../nodes/node-facts';
import { matchesSelector } from '../nodes/node-facts';
import type { PackageKey } from './package';
import { packageKeyString, wekaVersionOf } from './package';

/** An image that needs drivers, and who says so. */
export interface ImageDemand {
  readonly image: string;
  /** `WekaCluster/ns/name`, or `ensureImages`. */
  readonly wantedBy: string;
}

/** A package to be built, with all it takes to place the build. */
export interface BuildDemand extends PackageKey {
  /** The image whose drivers are built: the first by name among those of one version. */
  readonly image: string;
  /** Sorted, without duplicates. */
  readonly wantedBy: readonly string[];
  /** The policy's selector entry that the nodes of this kernel match; empty when the policy selects all nodes. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Names of the nodes that run this kernel, sorted. */
  readonly nodes: readonly string[];
}

/**
 * Every (WEKA version × kernel × architecture) that the images and the selected nodes make, sorted by key.
 * `selectors` are ORed, the keys in one ANDed; none selects every node. Nodes that haven't reported a kernel are left out.
 */
export const buildDemands = (
  images: readonly ImageDemand[],
  nodes: readonly NodeFacts[],
  selectors: readonly Readonly<Record<string, string>>[],
): BuildDemand[] => {
  const kernels = groupByKernel(nodes, selectors.length === 0 ? [{}] : selectors);
  const versions = groupByVersion(images);
  return [...versions]
    .flatMap(([wekaVersion, version]) => kernels.map((kernel) => ({ wekaVersion, ...version, ...kernel })))
    .sort((a, b) => compare(packageKeyString(a), packageKeyString(b)));
};

/** Images whose version nobody can tell: neither tag nor digest. */
export const imagesWithoutVersion = (images: readonly ImageDemand[]): ImageDemand[] =>
  images.filter(({ image }) => wekaVersionOf(image) === undefined);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const groupByVersion = (images: readonly ImageDemand[]): Map<string, { image: string; wantedBy: string[] }> => {
  const versions = new Map<string, { image: string; wantedBy: string[] }>();
  for (const { image, wantedBy } of [...images].sort((a, b) =>
    compare(`${a.image} ${a.wantedBy}`, `${b.image} ${b.wantedBy}`),
  )) {
    const version = wekaVersionOf(image);
    if (version === undefined) continue;
    const known = versions.get(version) ?? { image, wantedBy: [] };
    if (!known.wantedBy.includes(wantedBy)) known.wantedBy.push(wantedBy);
    versions.set(version, known);
  }
  return versions;
};

type KernelGroup = Pick<BuildDemand, 'kernel' | 'architecture' | 'nodeSelector' | 'nodes'>;

const groupByKernel = (
  nodes: readonly NodeFacts[],
  selectors: readonly Readonly<Record<string, string>>[],
): KernelGroup[] => {
  const groups = new Map<string, { kernel: string; architecture: string; nodes: NodeFacts[] }>();
  for (const node of [...nodes].sort((a, b) => compare(a.name, b.name))) {
    if (node.kernel === '' || !selectors.some((selector) => matchesSelector(node.labels, selector))) continue;
    const key = `${node.kernel} ${node.architecture}`;
    const group = groups.get(key) ?? { kernel: node.kernel, architecture: node.architecture, nodes: [] };
    group.nodes.push(node);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ kernel, architecture, nodes: members }) => ({
    kernel,
    architecture,
    // The first entry that one of them matches: entries are alternatives, and a builder can stand in one pool only.
    nodeSelector: selectors.find((selector) => members.some((node) => matchesSelector(node.labels, selector))) ?? {},
    nodes: members.map((node) => node.name),
  }));
};
