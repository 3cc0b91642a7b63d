/** Will a kernel have a driver? Asked before nodes boot into it. Pure. */
import type { DriverPackage } from '../api/driver-package';
import type { WekaNodeStatus } from '../api/weka-node';
import type { LiveObject } from '../base/kube-object';
import { matchesSelector } from '../nodes/node-facts';
import type { PolicyView } from './driver-candidates';
import type { PackageKey } from './package';
import { packageId } from './package';
import type { IndexEntry } from './package-index';

/** What the question is asked of. */
export interface KernelCheckInput {
  readonly key: PackageKey;
  readonly index: ReadonlyMap<string, IndexEntry>;
  /** Policies with the packages that they report. */
  readonly policies: readonly (PolicyView & { readonly source: string; readonly packages: readonly DriverPackage[] })[];
  readonly nodes: readonly LiveObject[];
  readonly records: readonly LiveObject[];
}

/** `yes`: it is there; `soon`: it is on its way, nobody has to do anything; `no`: somebody has. */
export interface KernelCheck {
  readonly answer: 'yes' | 'soon' | 'no';
  /** Sentences; the last one names the remedy where there is one. */
  readonly why: readonly string[];
}

const named = ({ namespace, name }: PolicyView): string => `WekaPolicy/${namespace}/${name}`;

const statusOf = (record: LiveObject): WekaNodeStatus => record.status ?? {};

/** Nodes that have the headers of the kernel, so that it can be built there, and whether any of them is selected. */
const builders = ({ key, nodes, records, policies }: KernelCheckInput) => {
  const able = records
    .filter((record) => {
      const { architecture, installedKernels = [] } = statusOf(record);
      const installed = installedKernels.find(({ release }) => release === key.kernel);
      return architecture === key.architecture && installed?.headers === true;
    })
    .map(({ metadata }) => metadata.name);
  const labels = new Map(nodes.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const by = policies.filter(
    ({ source, nodeSelectors }) =>
      source !== 'Registry' &&
      able.some((name) => {
        const own = labels.get(name) ?? {};
        return nodeSelectors.length === 0 || nodeSelectors.some((selector) => matchesSelector(own, selector));
      }),
  );
  return { able, by };
};

const reported = ({ key, policies }: KernelCheckInput): KernelCheck | undefined => {
  const id = packageId(key);
  for (const policy of policies) {
    const found = policy.packages.find((each) => each.id === id);
    if (found === undefined) continue;
    const why = [
      `${named(policy)} reports it as ${found.state ?? 'unknown'}.`,
      ...(found.message === undefined ? [] : [found.message]),
    ];
    if (found.state === 'Stored') return { answer: 'yes', why };
    return { answer: found.state === 'Failed' || found.state === 'Unavailable' ? 'no' : 'soon', why };
  }
  return undefined;
};

const notYet = (input: KernelCheckInput): KernelCheck => {
  const { key, policies } = input;
  const { able, by } = builders(input);
  const wanted = `Nothing asks for WEKA ${key.wekaVersion} there yet`;
  if (policies.length === 0)
    return {
      answer: 'no',
      why: [
        'No WekaPolicy of type enable-local-drivers-distribution is here, and no registry has been asked.',
        'Create one; weka-operator plan shows beforehand what it would do.',
      ],
    };
  if (by.length > 0)
    return {
      answer: 'soon',
      why: [
        `${able.join(', ')} ${able.length === 1 ? 'has' : 'have'} its headers, and ${by.map(named).join(', ')} can build it.`,
        `${wanted}: add the image to ensureImages of that policy to have it built before nodes boot into the kernel.`,
      ],
    };
  if (able.length > 0)
    return {
      answer: 'no',
      why: [
        `${able.join(', ')} has its headers, but no policy selects it.`,
        'Widen nodeSelectors of a policy, or label the node.',
      ],
    };
  return {
    answer: 'no',
    why: [
      'No node has the headers of this kernel.',
      `Install the kernel and its headers (Debian, Ubuntu: linux-headers-${key.kernel}) on one selected node: it is built there before it is booted.`,
    ],
  };
};

/** Whether nodes that boot into `key.kernel` will find a driver. */
export const checkKernel = (input: KernelCheckInput): KernelCheck => {
  const entry = input.index.get(packageId(input.key));
  if (entry !== undefined)
    return {
      answer: 'yes',
      why: [`It is in the package index: ${entry.size} bytes, SHA-256 ${entry.sha256}, ${SOURCE_WORDS[entry.source]}.`],
    };
  return reported(input) ?? notYet(input);
};

const SOURCE_WORDS: Readonly<Record<IndexEntry['source'], string>> = {
  built: 'built in this cluster',
  registry: 'from the registry',
  pinned: 'pinned when it was first seen',
};
