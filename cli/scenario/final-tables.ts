import { API_VERSION } from '../../lib/api/kind';
import type { KubeObject, TypeMeta } from '../../lib/base/kube-object';
import type { SimCluster } from '../../sim/cluster';
import { kubectlTable } from './kubectl-table';

const weka = (kind: string): TypeMeta => ({ apiVersion: API_VERSION, kind });

/** What is shown at the end, in this order. */
const SHOWN: readonly TypeMeta[] = [
  weka('WekaCluster'),
  weka('WekaClient'),
  weka('WekaPolicy'),
  weka('WekaManualOperation'),
  weka('WekaContainer'),
  weka('WekaNode'),
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'Pod' },
];

/** `kubectl get` of every kind that is there. */
export const finalTables = (cluster: SimCluster, now: number): string =>
  SHOWN.flatMap((type) => {
    const objects = cluster.list(type);
    return objects.length === 0 ? [] : [`$ kubectl get ${type.kind.toLowerCase()} -A\n${kubectlTable(objects, now)}`];
  }).join('\n');

/** What the operator made: everything with an owner, and the records of nodes. */
export const madeObjects = (cluster: SimCluster): readonly KubeObject[] =>
  SHOWN.flatMap((type) => cluster.list(type)).filter(
    ({ kind, metadata }) => kind === 'WekaNode' || metadata.ownerReferences !== undefined,
  );
