import type { WekaNodeStatus } from '../api/weka-node';
import type { Condition } from '../base/conditions';
import { findCondition } from '../base/conditions';
import type { NodeFacts } from '../nodes/node-facts';
import { matchesSelector } from '../nodes/node-facts';
import type { Phase } from './phase';
import { done, failing, going } from './phase';

/**
 * A WekaContainer of mode drivers-loader: it makes no Pod, it demands a driver of one node, as clusters and clients do of
 * theirs. Its state is what the record of that node says.
 */
export interface LoaderInput {
  /** WEKA version of its image; `undefined`: nobody can tell. */
  readonly wekaVersion: string | undefined;
  readonly image: string;
  /** Name of its node; `undefined`: none is there. */
  readonly node: string | undefined;
  /** status of the WekaNode of that name. */
  readonly record: WekaNodeStatus | undefined;
  /** Conditions of it. */
  readonly conditions: readonly Condition[];
}

/** The node that a loader means: the one it names, else the one it had, else the first by name that its selector matches. */
export const loaderNode = (
  spec: { readonly nodeAffinity?: string; readonly nodeSelector?: Readonly<Record<string, string>> },
  before: string | undefined,
  nodes: readonly NodeFacts[],
): string | undefined => {
  const { nodeAffinity = '', nodeSelector = {} } = spec;
  if (nodeAffinity !== '') return nodeAffinity;
  if (before !== undefined && nodes.some(({ name }) => name === before)) return before;
  const matching = nodes.filter(({ unschedulable, labels }) => !unschedulable && matchesSelector(labels, nodeSelector));
  return matching.map(({ name }) => name).sort()[0];
};

/** The phase of a loader. */
export const loaderPhase = ({ wekaVersion, image, node, record, conditions }: LoaderInput): Phase => {
  if (wekaVersion === undefined)
    return failing('WaitForDrivers', { code: 'ImageVersionUnknown', parameters: { images: image } });
  if (node === undefined) return going('WaitForDrivers', 'NodeMissing', 'No node matches its nodeSelector.');
  if (record?.driver?.wekaVersion === wekaVersion)
    return done('Completed', `The driver of WEKA ${wekaVersion} is loaded on ${node}.`);
  const why = findCondition(conditions, 'DriversReady');
  const message = `The driver of WEKA ${wekaVersion} is not loaded on ${node} yet.`;
  return why === undefined || why.status === 'True'
    ? going('WaitForDrivers', 'WaitForDrivers', message)
    : going('WaitForDrivers', why.reason, `${message} ${why.message}`);
};
