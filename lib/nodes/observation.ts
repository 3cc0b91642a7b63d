import type { WekaNodeStatus } from '../api/weka-node';
import type { JsonObject } from '../base/json';
import type { NodeObserved } from '../drivers/agent-documents';
import type { NodeFacts } from './node-facts';

/** What an observer adds to the record of a node. */
const OBSERVED = ['secureBoot', 'signaturesEnforced', 'modules', 'mounts'] as const;

type Parts = Pick<WekaNodeStatus, (typeof OBSERVED)[number] | 'installedKernels'>;

const fresh = ({ secureBoot, signaturesEnforced, modules, mounts, kernels }: NodeObserved): Parts => ({
  secureBoot,
  signaturesEnforced,
  modules: modules.map(({ name, srcversion, holders }) => ({
    name,
    ...(srcversion === '' ? {} : { srcversion }),
    ...(holders.length === 0 ? {} : { holders: [...holders] }),
  })),
  mounts: [...mounts],
  installedKernels: kernels.map(({ release, headers }) => ({ release, headers })),
});

/** What was recorded before and still holds: facts of the boot while it lasts, facts of the disk while the Node is the same. */
const kept = (before: WekaNodeStatus, { uid, bootID }: Pick<NodeFacts, 'uid' | 'bootID'>): Parts => {
  if (before.nodeUID !== uid) return {};
  const { installedKernels } = before;
  const disk = installedKernels === undefined ? {} : { installedKernels };
  if (before.bootID !== bootID) return disk;
  const boot = Object.fromEntries(
    OBSERVED.flatMap((name) => (before[name] === undefined ? [] : [[name, before[name]]])),
  );
  return { ...disk, ...boot };
};

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/**
 * What is known of a node beyond its Node object. What its observer saw under another boot is void; while it has told this
 * operator nothing, what was recorded holds.
 */
export const observationOf = (
  facts: Pick<NodeFacts, 'uid' | 'bootID'>,
  before: WekaNodeStatus,
  observed: NodeObserved | undefined,
): JsonObject => {
  const parts = observed?.bootID === facts.bootID ? fresh(observed) : kept(before, facts);
  // An empty list is never applied: taking the last entry out of one that is owned leaves null, which no schema takes.
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined && !isEmptyList(value)));
};
