import { Construct } from 'constructs';
import { API_VERSION } from '../api/kind';
import type { Toleration } from '../api/common';
import type { ManifestMetadata } from '../base/cdk';
import { Resource, Service } from '../base/cdk';
import { ANNOTATION, LABEL } from '../base/names';
import { propagated } from '../base/propagation';
import { childName, labelValue, shortHash } from '../base/safe-names';
import { anyOfNodes } from '../container/pod-affinity';
import type { LabelKeys } from '../nodes/node-facts';
import type { BuildDemand, Placement } from './demand';
import { packageKeyString } from './package';

/** Ports that WEKA's clients of a distribution service expect; fixed. */
export const DIST_PORT = 60002;
export const DIST_AGENT_PORT = 60001;
/** `spec.name` of dist and builder containers: WEKA's name of the container inside the Pod; fixed. */
export const DIST_CONTAINER_NAME = 'dist';

/** Size of a volume claim that the operator makes where nobody names one. */
export const DEFAULT_CLAIM_SIZE = '20Gi';

/** Roles of a policy's children. */
export const ROLE = { service: 'service', dist: 'dist', builder: 'builder' } as const;

/** Name of the Service of a policy. */
export const distServiceName = (policy: string): string => `${policy}-dist`;

/** Where loaders and clients fetch the packages of a policy. */
export const distServiceUrl = (policy: string, namespace: string): string =>
  `https://${distServiceName(policy)}.${namespace}.svc.cluster.local:${DIST_PORT}`;

export interface DriverDistributionProps {
  /** The policy: its children are named after it, live in its namespace and carry its labels. */
  readonly name: string;
  readonly namespace: string;
  /** @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Name of the dist container that lives already. @default `<name>-dist` */
  readonly distName?: string;
  /** Image of dist. */
  readonly image: string;
  /** Secret with the registry's credential, in the same namespace. @default anonymous */
  readonly imagePullSecret?: string;
  readonly tolerations: readonly Toleration[];
  readonly serviceAccountName?: string;
  /** Where dist may run. @default any node */
  readonly distNodeSelector: Readonly<Record<string, string>>;
  /** Where dist keeps packages. @default a directory under the WEKA directory of the node that it first runs on */
  readonly storage?: { readonly claim: string } | { readonly directory: string };
  /** One builder each. */
  readonly builds: readonly BuildDemand[];
  /** Node labels that hold kernel and architecture. */
  readonly labelKeys: LabelKeys;
  /** Runs in each builder after the kernel check, before the build. @default none */
  readonly preRunScript?: string;
  /** Arguments added to each build, one element an argument. */
  readonly extraBuildArgs: readonly string[];
  /** After this a build counts as failed. @default the builder's own limit */
  readonly buildTimeout?: string;
  /** Image of all builders instead of the WEKA image whose drivers they build. */
  readonly builderImageOverride?: string;
}

/**
 * What one policy needs to build and serve drivers: a Service, the dist container behind it, and a builder for each
 * package. A builder's WEKA version and kernel are part of its identity: a new version is a new builder.
 */
export class DriverDistribution extends Construct {
  readonly distName: string;
  readonly serviceName: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: DriverDistributionProps,
  ) {
    super(scope, id);
    this.serviceName = distServiceName(props.name);
    this.distName = props.distName ?? childName(props.name, 'dist');
    this.addService();
    this.addDist();
    for (const build of props.builds) this.addBuilder(build);
  }

  private addService(): void {
    new Service(this, 'service', {
      ...this.metadata(this.serviceName, ROLE.service, '', {}),
      selector: this.distLabels(),
      ports: [{ name: 'weka-drivers-dist', protocol: 'TCP', port: DIST_PORT, targetPort: DIST_PORT }],
    });
  }

  private addDist(): void {
    const { image, distNodeSelector } = this.props;
    this.addContainer(
      'dist',
      this.metadata(this.distName, ROLE.dist, '', { ...this.distLabels(), [LABEL.app]: this.serviceName }),
      {
        mode: 'drivers-dist',
        image,
        // An empty map is never applied: taking the last key out of one that is owned leaves null, which no schema takes.
        ...(Object.keys(distNodeSelector).length === 0 ? {} : { nodeSelector: distNodeSelector }),
        ...storageOf(this.props.storage),
      },
    );
  }

  private addBuilder(build: BuildDemand): void {
    const { name, builderImageOverride, preRunScript } = this.props;
    const slot = packageKeyString(build);
    this.addContainer(
      `builder ${slot}`,
      this.metadata(builderName(name, build), ROLE.builder, slot, {
        [LABEL.mode]: 'drivers-builder',
        ...builderLabels(build),
      }),
      {
        mode: 'drivers-builder',
        image: builderImageOverride ?? build.image,
        // Said outright: an image that is given in place of WEKA's has a version of its own.
        builder: { weka_version: build.wekaVersion },
        uploadResultsTo: this.distName,
        ...placementOf(build, this.props.labelKeys),
        instructions: { type: 'build-drivers', payload: this.instructions(build) },
        ...(preRunScript === undefined ? {} : { overrides: { preRunScript } }),
      },
    );
  }

  /** What the builder needs beyond its spec, in the form the Go operator's runtime already reads. */
  private instructions(build: BuildDemand): string {
    const { extraBuildArgs, buildTimeout } = this.props;
    return JSON.stringify({
      kernel: build.kernel,
      arch: build.architecture,
      ...(extraBuildArgs.length === 0 ? {} : { extraBuildArgs }),
      ...(buildTimeout === undefined ? {} : { buildTimeout }),
    });
  }

  private addContainer(id: string, metadata: ManifestMetadata, spec: Record<string, unknown>): void {
    const { imagePullSecret, tolerations, serviceAccountName } = this.props;
    new Resource(this, id, {
      apiVersion: API_VERSION,
      kind: 'WekaContainer',
      metadata,
      spec: {
        name: DIST_CONTAINER_NAME,
        agentPort: DIST_AGENT_PORT,
        port: DIST_PORT,
        numCores: 1,
        ...(imagePullSecret === undefined ? {} : { imagePullSecret }),
        ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
        ...(tolerations.length === 0 ? {} : { tolerations }),
        ...spec,
      },
    });
  }

  private metadata(
    name: string,
    role: string,
    slot: string,
    labels: Readonly<Record<string, string>>,
  ): ManifestMetadata {
    return {
      name,
      namespace: this.props.namespace,
      labels: {
        ...propagated(this.props.labels),
        [LABEL.policyName]: labelValue(this.props.name),
        ...labels,
        [LABEL.childRole]: role,
      },
      annotations: { [ANNOTATION.childSlot]: slot },
    };
  }

  private distLabels(): Record<string, string> {
    return { [LABEL.policyName]: labelValue(this.props.name), [LABEL.mode]: 'drivers-dist' };
  }
}

const storageOf = (storage: DriverDistributionProps['storage']): Record<string, unknown> => {
  if (storage === undefined) return {};
  return 'claim' in storage ? { pvc: { name: storage.claim } } : { packagesDirectory: storage.directory };
};

/** Nodes by label where any that runs the kernel will do, else those by name that have its headers. */
const placementOf = ({ kernel, architecture, placement }: BuildDemand, keys: LabelKeys): Record<string, unknown> => {
  if (placement.kind === 'nodes') return { affinity: anyOfNodes(placement.names) };
  return {
    nodeSelector: {
      ...selectorOf(placement),
      [keys.kernel]: labelValue(kernel),
      [keys.architecture]: labelValue(architecture),
    },
  };
};

const selectorOf = (placement: Placement): Readonly<Record<string, string>> =>
  placement.kind === 'labels' ? placement.nodeSelector : {};

const builderName = (policy: string, build: BuildDemand): string =>
  childName(policy, 'builder', build.wekaVersion, build.kernel, build.architecture);

/** For people and `kubectl get -l`; identity is the slot. */
const builderLabels = (build: BuildDemand): Record<string, string> => ({
  [LABEL.targetImageHash]: shortHash(build.image, 10),
  [LABEL.targetKernel]: labelValue(build.kernel),
  [LABEL.targetArchitecture]: labelValue(build.architecture),
});
