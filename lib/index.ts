/** What another program may import: `import { DriverDistribution, validate } from 'weka-operator'`. Names are API. */

// The custom resources: schemas, types, validation.
export { API_VERSION, GROUP, VERSION } from './api/kind';
export type { KindDefinition, PrinterColumn, Rule } from './api/kind';
export { KINDS, kindOf, typeMetaOf } from './api/kinds';
export { crdOf } from './api/crd';
export { validate, withDefaults } from './api/validate';
export type { Problem } from './api/problem';
export type { WekaClientSpec, WekaClientStatus } from './api/weka-client';
export type { WekaClusterSpec, WekaClusterStatus } from './api/weka-cluster';
export type { WekaContainerSpec, WekaContainerStatus } from './api/weka-container';
export type { WekaManualOperationSpec, WekaManualOperationStatus } from './api/weka-manual-operation';
export type { WekaNodeSpec, WekaNodeStatus } from './api/weka-node';
export type { WekaPolicySpec, WekaPolicyStatus } from './api/weka-policy';

// Constructs: what the operator makes of them.
export { WekaContainerPod } from './container/weka-container-pod';
export type { WekaContainerPodProps } from './container/weka-container-pod';
export { DriverDistribution } from './drivers/driver-distribution';
export type { DriverDistributionProps } from './drivers/driver-distribution';
export { managerRoles } from './operator/manager-role';

// Names, errors, objects.
export { ANNOTATION, FIELD_MANAGER, FINALIZER, LABEL } from './base/names';
export { ERRORS, OperatorError } from './base/errors';
export type { ErrorCode } from './base/errors';
export type { KubeObject, LiveObject, Manifest, ObjectRef } from './base/kube-object';
