/** Names that are API: other programs and people depend on them. Never rename one. */

/** Field manager of everything the manager applies. */
export const FIELD_MANAGER = 'weka-operator';
/** Finalizer on our custom resources; the Go operator's too, so that either can finish a deletion. */
export const FINALIZER = 'weka.weka.io/finalizer';
/** Lease of the leader; the Go operator's too, so that never both act. */
export const LEADER_LEASE = 'ad0b5146.weka.io';
/** Where the operator, its Lease, the package index and the gateway live unless told otherwise. */
export const OPERATOR_NAMESPACE = 'weka-operator-system';

export const LABEL = {
  app: 'app',
  name: 'app.kubernetes.io/name',
  partOf: 'app.kubernetes.io/part-of',
  createdBy: 'app.kubernetes.io/created-by',
  managedBy: 'app.kubernetes.io/managed-by',
  mode: 'weka.io/mode',
  clusterId: 'weka.io/cluster-id',
  clusterName: 'weka.io/cluster-name',
  clientName: 'weka.io/client-name',
  targetClusterName: 'weka.io/target-cluster-name',
  policyName: 'weka.io/policy-name',
  targetImageHash: 'weka.io/target-image-hash',
  targetKernel: 'weka.io/target-kernel',
  targetArchitecture: 'weka.io/target-arch',
  /** Of a Node: its kernel release, made safe for a label. */
  kernel: 'weka.io/kernel',
  architecture: 'weka.io/architecture',
  /** Of a Node: the loader that serves it. Set by the operator when its package is there and its turn has come. */
  driversTarget: 'weka.io/drivers-target',
  /** Of a Node: an observer runs on it. */
  observed: 'weka.io/observed',
  /** Of a ConfigMap: the WEKA version whose packages it indexes. */
  driversIndex: 'weka.io/drivers-index',
  /** Of a child: its role for its parent. */
  childRole: 'weka.io/child-role',
} as const;

export const ANNOTATION = {
  /** Any value but `false` stops all effects on the object. */
  paused: 'weka.io/paused',
  /** Any change of its value makes the object be looked at again at once; answered in status.reconcileRequestedAt. */
  reconcileRequestedAt: 'weka.io/reconcile-requested-at',
  /** Of a child: which one of its role. An annotation, because slots are longer than labels may be. */
  childSlot: 'weka.io/child-slot',
  /** Of a builder's Pod: how many attempts in a row it is, and a digest of what it was given. */
  buildAttempt: 'weka.io/build-attempt',
  buildInputs: 'weka.io/build-inputs',
  /** The Go operator's list of annotations that it copied; read when its objects are taken over. */
  appliedAnnotations: 'weka.io/applied-annotations',
} as const;
