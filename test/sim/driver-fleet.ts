import type { Scenario } from '../../cli/scenario/run-scenario';
import type { NodeSpec } from '../../sim/nodes/node-object';
import { client, imageOf, OPERATOR_IMAGE, policy, REGISTRY } from './driver-world';

/** A fleet in which each kernel occurs on each architecture and with each WEKA version. */
export interface FleetOptions {
  readonly nodes: number;
  readonly kernels: readonly string[];
  readonly versions: readonly string[];
}

const ARCHITECTURES = ['amd64', 'arm64'] as const;

/** The label of a node that says which client it belongs to. */
const FLEET = 'fleet';

const nodesOf = ({ nodes, kernels, versions }: FleetOptions): readonly NodeSpec[] =>
  Array.from({ length: nodes }, (_, index) => ({
    name: `n${String(index).padStart(4, '0')}`,
    kernel: kernels[index % kernels.length] ?? '',
    architecture: ARCHITECTURES[Math.floor(index / kernels.length) % 2] ?? 'amd64',
    labels: { [FLEET]: versions[Math.floor(index / (2 * kernels.length)) % versions.length] ?? '' },
  }));

/** A policy and one client a WEKA version; every driver is asked for at a registry that has none, and then built. */
export const fleetScenario = (options: FleetOptions): Scenario => ({
  seed: 1,
  nodes: nodesOf(options),
  objects: [
    policy({ source: 'RegistryThenLocal', ensureImages: options.versions.map(imageOf) }),
    ...options.versions.map((version) =>
      client(version, { nodeSelector: { [FLEET]: version } }, `clients-${version.replaceAll('.', '-')}`),
    ),
  ],
  operatorImage: OPERATOR_IMAGE,
  leaderElection: false,
  settings: { registryUrl: REGISTRY },
});

/** The fleet that bar 1 names. */
export const THOUSAND: FleetOptions = {
  nodes: 1_000,
  kernels: ['6.1.0-18-amd64', '5.15.0-91-generic', '5.14.0-427.13.1.el9_4.x86_64', '6.8.0-45-generic'],
  versions: ['4.4.5', '4.4.6', '4.4.7'],
};
