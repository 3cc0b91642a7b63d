/** The only door to cdk8s and cdk8s-plus: constructs that keep every field, need every name and mutate nothing. */
export { plainJson } from './plain';
export type { ManifestMetadata, Rendered, ResourceProps } from './resource';
export { isRendered, Resource } from './resource';
export type {
  ConfigMapProps,
  DaemonSetProps,
  DeploymentProps,
  ExplicitContainer,
  ExplicitPodSpec,
  PodProps,
  ServiceProps,
  Wire,
  WorkloadProps,
} from './workload';
export { ConfigMap, DaemonSet, Deployment, Pod, Service, ServiceAccount } from './workload';
