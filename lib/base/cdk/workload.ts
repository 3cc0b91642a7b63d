/**
 * The built-in kinds our constructs make, with everything explicit that matters for a storage system.
 *
 * The types are those of cdk8s-plus-28's L1 classes; neither its L2 nor its L1 constructs are used at run time. The L2
 * (kplus.Pod, …) hash construct paths into names and selectors, mutate their props while rendering, and default to
 * settings that a driver or storage Pod must not have (read-only root, non-root, CPU and memory limits). The L1
 * (k8s.KubePod, …) copy field by field what Kubernetes 1.28 knew and drop newer fields in silence. Data of these types
 * goes through Resource instead, which drops nothing.
 */
import type { Construct } from 'constructs';
import type { k8s } from 'cdk8s-plus-28';
import type { ManifestMetadata } from './resource';
import { Resource } from './resource';

/** The JSON shape of an L1 type: enums become their values, Quantity and IntOrString the value they carry, dates text. */
export type Wire<T> = T extends Date
  ? string
  : T extends { readonly value: infer Value extends string | number }
    ? Value
    : T extends string
      ? `${T}`
      : T extends readonly (infer Item)[]
        ? readonly Wire<Item>[]
        : T extends object
          ? { readonly [Key in keyof T]: Wire<T[Key]> | Optional<T, Key> }
          : T;
type Optional<T, Key extends keyof T> = undefined extends T[Key] ? undefined : never;

/** A container with nothing left to defaults that differ between clusters. */
export type ExplicitContainer = Omit<
  Wire<k8s.Container>,
  'image' | 'imagePullPolicy' | 'resources' | 'securityContext'
> & {
  readonly image: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** `{}` says: none on purpose. */
  readonly resources: Wire<k8s.ResourceRequirements>;
  /** `{}` says: the runtime's defaults on purpose. */
  readonly securityContext: Wire<k8s.SecurityContext>;
};

/** A Pod's spec. No token of the API server is mounted unless `automountServiceAccountToken` says so. */
export type ExplicitPodSpec = Omit<Wire<k8s.PodSpec>, 'containers' | 'initContainers'> & {
  readonly containers: readonly ExplicitContainer[];
  readonly initContainers?: readonly ExplicitContainer[] | undefined;
};

const podSpec = (spec: ExplicitPodSpec): ExplicitPodSpec => ({ automountServiceAccountToken: false, ...spec });

export interface PodProps extends ManifestMetadata {
  readonly spec: ExplicitPodSpec;
}

/** A Pod. */
export class Pod extends Resource {
  constructor(scope: Construct, id: string, { spec, ...metadata }: PodProps) {
    super(scope, id, { apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec(spec) });
  }
}

/** What DaemonSets and Deployments have in common. */
export interface WorkloadProps extends ManifestMetadata {
  /** Which Pods are its own. Immutable: never derived from anything that may change. */
  readonly selectorLabels: Readonly<Record<string, string>>;
  /** Further labels of its Pods. Default: none but the selector's. */
  readonly podLabels?: Readonly<Record<string, string>> | undefined;
  /** Annotations of its Pods. Default: none. */
  readonly podAnnotations?: Readonly<Record<string, string>> | undefined;
  readonly pod: ExplicitPodSpec;
}

const split = (props: WorkloadProps) => {
  const { name, namespace, labels, annotations, finalizers, ownerReferences } = props;
  const template = {
    metadata: { labels: { ...props.podLabels, ...props.selectorLabels }, annotations: props.podAnnotations },
    spec: podSpec(props.pod),
  };
  return {
    metadata: { name, namespace, labels, annotations, finalizers, ownerReferences },
    spec: { selector: { matchLabels: props.selectorLabels }, template },
  };
};

export interface DaemonSetProps extends WorkloadProps {
  /** How Pods are replaced when the template changes; OnDelete leaves it to whoever deletes them. */
  readonly updateStrategy: Wire<k8s.DaemonSetUpdateStrategy>;
}

/** A DaemonSet. */
export class DaemonSet extends Resource {
  constructor(scope: Construct, id: string, props: DaemonSetProps) {
    const { metadata, spec } = split(props);
    super(scope, id, {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata,
      spec: { ...spec, updateStrategy: props.updateStrategy },
    });
  }
}

export interface DeploymentProps extends WorkloadProps {
  /** Pods. */
  readonly replicas: number;
  readonly strategy: Wire<k8s.DeploymentStrategy>;
}

/** A Deployment. */
export class Deployment extends Resource {
  constructor(scope: Construct, id: string, props: DeploymentProps) {
    const { metadata, spec } = split(props);
    super(scope, id, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { ...spec, replicas: props.replicas, strategy: props.strategy },
    });
  }
}

export interface ServiceProps extends ManifestMetadata {
  /** Which Pods answer. */
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly Wire<k8s.ServicePort>[];
  /** Everything else of the spec. Default: a ClusterIP service with the server's defaults. */
  readonly spec?: Omit<Wire<k8s.ServiceSpec>, 'selector' | 'ports'> | undefined;
}

/** A Service. */
export class Service extends Resource {
  constructor(scope: Construct, id: string, { selector, ports, spec, ...metadata }: ServiceProps) {
    super(scope, id, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { type: 'ClusterIP', ...spec, selector, ports },
    });
  }
}

export interface ConfigMapProps extends ManifestMetadata {
  readonly data: Readonly<Record<string, string>>;
  /** Whether it may never change again. Default: it may. */
  readonly immutable?: boolean | undefined;
}

/** A ConfigMap. */
export class ConfigMap extends Resource {
  constructor(scope: Construct, id: string, { data, immutable, ...metadata }: ConfigMapProps) {
    super(scope, id, { apiVersion: 'v1', kind: 'ConfigMap', metadata, immutable, data });
  }
}

/** A ServiceAccount; its token is mounted nowhere by default. */
export class ServiceAccount extends Resource {
  constructor(scope: Construct, id: string, metadata: ManifestMetadata) {
    super(scope, id, { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false });
  }
}
