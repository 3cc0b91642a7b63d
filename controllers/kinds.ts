import { API_VERSION } from '../lib/api/kind';
import type { ObjectKey, TypeMeta } from '../lib/base/kube-object';
import { keyOf } from '../lib/base/kube-object';
import type { Reader } from './runtime/reconciler';

/** The kinds that reconcilers watch, by the name they are known by. */
export const TYPES = {
  cluster: { apiVersion: API_VERSION, kind: 'WekaCluster' },
  client: { apiVersion: API_VERSION, kind: 'WekaClient' },
  container: { apiVersion: API_VERSION, kind: 'WekaContainer' },
  policy: { apiVersion: API_VERSION, kind: 'WekaPolicy' },
  operation: { apiVersion: API_VERSION, kind: 'WekaManualOperation' },
  wekaNode: { apiVersion: API_VERSION, kind: 'WekaNode' },
  node: { apiVersion: 'v1', kind: 'Node' },
  pod: { apiVersion: 'v1', kind: 'Pod' },
  service: { apiVersion: 'v1', kind: 'Service' },
  configMap: { apiVersion: 'v1', kind: 'ConfigMap' },
  namespace: { apiVersion: 'v1', kind: 'Namespace' },
  daemonSet: { apiVersion: 'apps/v1', kind: 'DaemonSet' },
} as const satisfies Record<string, TypeMeta>;

/** Wakes every object of a kind: for changes that any of them may depend on. */
export const wakesAll =
  (type: TypeMeta) =>
  (_object: unknown, reader: Reader): readonly ObjectKey[] =>
    reader.list(type).map(keyOf);
