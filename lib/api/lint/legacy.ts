import type { JsonObject } from '../../base/json';
import { closest } from './closest';
import type { Path } from './path';
import { keys, valueAt } from './path';
import type { LintRule, RuleFinding } from './rule';
import { kindOf, textAt, when } from './rule';

/** Fields of older operators, by kind and path, with what took their place. */
const REPLACED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  WekaCluster: {
    'spec.size': 'Set spec.dynamicTemplate.computeContainers and spec.dynamicTemplate.driveContainers.',
    'spec.topology':
      'Remove it: nodes are chosen by spec.nodeSelector and spec.roleNodeSelector, devices by spec.network.',
    'spec.hosts': 'Label those nodes and name the label in spec.nodeSelector.',
    'spec.drive': 'Sign the drives with a WekaPolicy of type sign-drives and set spec.dynamicTemplate.numDrives.',
    'spec.disregardRedundancy':
      'Use spec.overrides.disregardRedundancy (test clusters only), with spec.redundancyLevel and spec.stripeWidth.',
    'spec.agentBasePort': 'Set spec.ports.basePort: all ports of the cluster are allocated from there.',
    'spec.containerBasePort': 'Set spec.ports.basePort: all ports of the cluster are allocated from there.',
    'spec.basePort': 'Set spec.ports.basePort.',
    'spec.baseCoreId': 'Use spec.cpuPolicy; with the policy "manual", spec.roleCoreIds.',
    'spec.coreStep': 'Use spec.cpuPolicy; with the policy "manual", spec.roleCoreIds.',
    'spec.hugepages':
      'Set spec.dynamicTemplate.computeHugepages and driveHugepages (MiB), or leave them out to have them computed.',
    'spec.wekaContainerNamePrefix': 'Remove it: container names are derived from the cluster and the role.',
    'spec.maxFdsPerNode': 'Remove it: one container of a role runs on a node.',
    'spec.ExpandEndpoints': 'Write spec.expandEndpoints.',
    'spec.network.aws':
      'Attach the interfaces with a WekaPolicy of type ensure-nics and choose them with spec.network.deviceSubnets.',
    'spec.dynamicTemplate.containerSize': 'Write spec.dynamicTemplate.containerCapacity (GiB).',
    'spec.containerSize': 'Write spec.dynamicTemplate.containerCapacity (GiB).',
  },
  WekaClient: {
    'spec.network.aws':
      'Attach the interfaces with a WekaPolicy of type ensure-nics and choose them with spec.network.deviceSubnets.',
    'spec.dropAffinityConstraints': 'Write spec.overrides.dropAffinityConstraints.',
    'spec.numCores': 'Write spec.coresNum.',
  },
  WekaContainer: {
    'spec.cosBuildSpec':
      'Remove it: kernels are recognised on the node; build drivers with a WekaPolicy of type enable-local-drivers-distribution.',
    'spec.coreOSBuildSpec':
      'Remove it: kernels are recognised on the node; build drivers with a WekaPolicy of type enable-local-drivers-distribution.',
    'spec.gcloudCredentialsSecret': 'Remove it: the builder needs no cloud credential.',
    'spec.osDistro': 'Remove it: the distribution is read from the node.',
    'spec.buildkitImage':
      'Remove it: install the kernel headers on the build nodes, or in spec.payload.driverDistPayload.builderPreRunScript of the WekaPolicy.',
    'spec.buildkitImagePullSecret': 'Remove it, together with buildkitImage.',
    'spec.backendIP': 'Write spec.joinIpPorts: ["HOST:PORT"].',
    'spec.drives': 'Set spec.numDrives; the drives are taken from those that were signed.',
    'spec.imagePullSecretName': 'Write spec.imagePullSecret.',
    'spec.nodeName': 'Write spec.nodeAffinity.',
    'spec.wekaVersion': 'Remove it: the version is the tag of spec.image.',
  },
};

const checkLegacy = (object: JsonObject): readonly RuleFinding[] =>
  Object.entries(REPLACED[kindOf(object)] ?? {}).flatMap(([text, remedy]) => {
    const path = text.split('.');
    return when(valueAt(object, path) !== undefined, () => ({
      path,
      message: `${text} belongs to an older operator; it is not read any more.`,
      remedy,
    }));
  });

/** Maps whose keys are the user's own. */
const OWN_KEYS = new Set([
  'nodeSelector',
  'distNodeSelector',
  'nodeSelectors',
  'labels',
  'annotations',
  'roleNodeSelector',
  'roleAnnotations',
  'matchLabels',
  'additionalSecrets',
  'resources',
  'podConfig',
  'affinity',
  'roleAffinity',
]);
const isOwnKey = (path: Path): boolean => path.slice(0, -1).some((part) => OWN_KEYS.has(String(part)));

/** Keys whose camel case is more than joining words. */
const SPELLING: Readonly<Record<string, string>> = {
  serial_ids: 'serialIDs',
  physical_uuids: 'physicalUUIDs',
  ensure_nics_payload: 'ensureNICsPayload',
  data_nics_number: 'dataNICsNumber',
};
const camelCase = (key: string): string =>
  SPELLING[key] ?? key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const checkSnakeCase = (object: JsonObject): readonly RuleFinding[] =>
  [...keys(object['spec'], ['spec'])].flatMap((path) => {
    const key = String(path.at(-1));
    return when(/^[a-z]+(_[a-z0-9]+)+$/.test(key) && !isOwnKey(path), () => ({
      path,
      message: `"${key}" is not a field: fields are written in camel case.`,
      remedy: `Write ${camelCase(key)}.`,
    }));
  });

const checkSelector = (object: JsonObject): readonly RuleFinding[] => {
  const type = textAt(object, ['spec', 'type']);
  const place =
    type === 'enable-local-drivers-distribution'
      ? 'spec.payload.driverDistPayload.nodeSelectors (a list)'
      : 'nodeSelector of the payload of this type';
  return when(valueAt(object, ['spec', 'nodeSelector']) !== undefined, () => ({
    path: ['spec', 'nodeSelector'],
    message: 'A WekaPolicy has no spec.nodeSelector.',
    remedy: `Write it into ${place}.`,
  }));
};

const checkVolumes = (object: JsonObject): readonly RuleFinding[] =>
  ['extraVolumes', 'extraVolumeMounts'].flatMap((key) =>
    when(valueAt(object, ['spec', key]) !== undefined, () => ({
      path: ['spec', key],
      message: `${key} is not supported on ${kindOf(object)}: nothing would be mounted.`,
      remedy:
        'Remove it. A CA certificate goes into a Secret named by spec.wekaHome.cacertSecret of the WekaCluster or WekaClient.',
    })),
  );

/** The remedy for an unknown field: what it became, or what it resembles. */
export const remedyForUnknown = (path: Path, known: readonly string[]): string => {
  const key = String(path.at(-1));
  const meant = closest(key, known);
  if (meant !== undefined) return `Did you mean ${meant}? Otherwise remove it.`;
  return 'Remove it, or check that this version of the operator has it: it would be dropped.';
};

/** Rules about fields that are gone, elsewhere or misspelled in a known way. */
export const legacyRules: readonly LintRule[] = [
  {
    id: 'legacy-field',
    severity: 'error',
    kinds: ['WekaCluster', 'WekaClient', 'WekaContainer'],
    finds:
      'Fields of older operators: spec.size, spec.topology, spec.disregardRedundancy, spec.network.aws, spec.osDistro, containerSize, …',
    why: 'The API server refuses or drops them; the remedy says what took their place.',
    check: checkLegacy,
  },
  {
    id: 'snake-case-key',
    severity: 'error',
    kinds: 'ours',
    finds: 'Keys with underscores, such as node_name or device_serials in a payload.',
    why: 'A published page spells them so; the field would be dropped and a destructive action would select something else.',
    check: checkSnakeCase,
  },
  {
    id: 'policy-node-selector',
    severity: 'error',
    kinds: ['WekaPolicy'],
    finds: 'spec.nodeSelector on a WekaPolicy.',
    why: 'The field does not exist there: the policy would act on all nodes.',
    check: checkSelector,
  },
  {
    id: 'unsupported-volumes',
    severity: 'error',
    kinds: ['WekaPolicy', 'WekaContainer', 'WekaManualOperation'],
    finds: 'extraVolumes and extraVolumeMounts on kinds that have none.',
    why: 'Their author believes that a CA or a script is mounted.',
    check: checkVolumes,
  },
];
