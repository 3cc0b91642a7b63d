import type { NodeFacts } from '../nodes/node-facts';
import { matchesSelector } from '../nodes/node-facts';
import type { InstalledKernel } from './agent-documents';
import type { PackageKey } from './package';
import { packageKeyString, wekaVersionOf } from './package';

/** An image that needs drivers, and who says so. */
export interface ImageDemand {
  readonly image: string;
  /** `WekaCluster/ns/name`, or `ensureImages`. */
  readonly wantedBy: string;
}

/** A node as builds see it. */
export interface BuildNode extends NodeFacts {
  /** Kernels that are installed there. `undefined`: its observer has not reported. */
  readonly installed?: readonly Partial<InstalledKernel>[];
}

/** Where a package can be built. */
export type Placement =
  /** On any node that runs the kernel, of the policy's selector entry. Empty: the policy selects all nodes. */
  | { readonly kind: 'labels'; readonly nodeSelector: Readonly<Record<string, string>> }
  /** On these nodes alone: they have the headers. Sorted, MAX_NAMES at most. */
  | { readonly kind: 'nodes'; readonly names: readonly string[] }
  /** Nowhere: `lacking` have the kernel and not its headers. Sorted. */
  | { readonly kind: 'nowhere'; readonly lacking: readonly string[] };

/** A package to be built, with all it takes to place the build. */
export interface BuildDemand extends PackageKey {
  /** The image whose drivers are built: the first by name among those of one version. */
  readonly image: string;
  /** Sorted, without duplicates. */
  readonly wantedBy: readonly string[];
  /** Names of the nodes that run this kernel, sorted. Empty: it is installed and not booted yet. */
  readonly nodes: readonly string[];
  readonly placement: Placement;
}

/** Nodes that a builder's Pod names; a scheduler needs no more to choose from. */
const MAX_NAMES = 16;

/**
 * Every (WEKA version × kernel × architecture) that the images and the selected nodes make, sorted by key: kernels that run,
 * and kernels that are installed and not booted. `selectors` are ORed, the keys in one ANDed; none selects every node. Nodes
 * that haven't reported a kernel are left out.
 */
export const buildDemands = (
  images: readonly ImageDemand[],
  nodes: readonly BuildNode[],
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

type KernelGroup = Pick<BuildDemand, 'kernel' | 'architecture' | 'nodes' | 'placement'>;

/** Nodes that have one kernel. */
interface Bearers {
  readonly kernel: string;
  readonly architecture: string;
  readonly running: BuildNode[];
  /** It is installed there and another one runs. */
  readonly idle: BuildNode[];
}

const groupByKernel = (
  nodes: readonly BuildNode[],
  selectors: readonly Readonly<Record<string, string>>[],
): KernelGroup[] => {
  const groups = new Map<string, Bearers>();
  const bearersOf = (kernel: string, architecture: string): Bearers => {
    const key = `${kernel} ${architecture}`;
    const known = groups.get(key) ?? { kernel, architecture, running: [], idle: [] };
    groups.set(key, known);
    return known;
  };
  for (const node of [...nodes].sort((a, b) => compare(a.name, b.name))) {
    if (node.kernel === '' || !selectors.some((selector) => matchesSelector(node.labels, selector))) continue;
    bearersOf(node.kernel, node.architecture).running.push(node);
    for (const { release = '' } of node.installed ?? [])
      if (release !== '' && release !== node.kernel) bearersOf(release, node.architecture).idle.push(node);
  }
  return [...groups.values()].map((bearers) => ({
    kernel: bearers.kernel,
    architecture: bearers.architecture,
    nodes: bearers.running.map(({ name }) => name),
    placement: placementOf(bearers, selectors),
  }));
};

/** Whether a node has the headers of a kernel; `undefined`: nobody has looked. */
const headersOn = ({ installed }: BuildNode, kernel: string): boolean | undefined => {
  if (installed === undefined) return undefined;
  const found = installed.find(({ release }) => release === kernel);
  return found === undefined ? false : found.headers;
};

/** A node that runs the kernel is preferred; one that merely has its headers will do. */
const placementOf = (
  { kernel, running, idle }: Bearers,
  selectors: readonly Readonly<Record<string, string>>[],
): Placement => {
  const withHeaders = (nodes: readonly BuildNode[], ...answers: (boolean | undefined)[]): string[] =>
    nodes.filter((node) => answers.includes(headersOn(node, kernel))).map(({ name }) => name);
  if (running.length > 0 && withHeaders(running, false).length === 0) {
    // The first entry that one of them matches: entries are alternatives, and a builder can stand in one pool only.
    const entry = selectors.find((selector) => running.some((node) => matchesSelector(node.labels, selector)));
    return { kind: 'labels', nodeSelector: entry ?? {} };
  }
  const choices = [withHeaders(running, true), withHeaders(running, undefined), withHeaders(idle, true)];
  const names = choices.find((choice) => choice.length > 0);
  return names === undefined
    ? { kind: 'nowhere', lacking: (running.length > 0 ? running : idle).map(({ name }) => name) }
    : { kind: 'nodes', names: names.slice(0, MAX_NAMES) };
};
