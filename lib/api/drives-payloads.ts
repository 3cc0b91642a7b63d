import { Type } from '@sinclair/typebox';
import type { JsonObject, JsonValue } from '../base/json';
import { isJsonObject } from '../base/json';
import { atomicList, duration, field, oneOf, optional, stringMap } from './field';
import type { Rule } from './kind';

/** How drives to sign are chosen. `all-non-root` is an old spelling of `all-not-root` that real documents still use. */
export const SIGN_TYPES = [
  'all-not-root',
  'all-non-root',
  'device-paths',
  'device-identifiers',
  'aws-all',
  'gcp-all',
] as const;
/** Clouds whose network interfaces can be attached. */
export const NIC_TYPES = ['aws', 'oci'] as const;

/** Which nodes an operation runs on. */
export const operationNodeSelector = optional(
  stringMap(
    field({ does: 'Labels a node must carry for the operation to run on it.', absent: 'all nodes', change: 'reruns' }),
  ),
);

const flag = (does: string) => optional(Type.Boolean(field({ does, absent: 'false', change: 'reruns' })));
const strings = (does: string, absent: string) =>
  optional(
    atomicList(Type.String({ description: 'One entry of the list.' }), field({ does, absent, change: 'reruns' })),
  );

const HEX4 = '^[0-9a-fA-F]{4}$';
const pciDevices = Type.Object(
  {
    vendorId: Type.String(
      field(
        { does: 'PCI vendor of the drives, four hexadecimal digits as lspci -nn prints them.', change: 'reruns' },
        { pattern: HEX4 },
      ),
    ),
    deviceId: Type.String(
      field(
        { does: 'PCI device of the drives, four hexadecimal digits as lspci -nn prints them.', change: 'reruns' },
        { pattern: HEX4 },
      ),
    ),
  },
  field({
    does: 'The PCI identity of the drives to sign; read with type device-identifiers.',
    absent: 'none',
    change: 'reruns',
  }),
);

const signOptions = Type.Object(
  {
    allowEraseWekaPartitions: flag('Signs drives that carry WEKA partitions, which destroys the WEKA data on them.'),
    allowEraseNonWekaPartitions: flag('Signs drives that carry other partitions, which destroys the data on them.'),
    allowNonEmptyDevice: flag('Signs drives that hold data without a partition table, which destroys that data.'),
    skipTrimFormat: flag('Signs without trimming the drive first: quicker, but the drive starts with stale blocks.'),
  },
  field({ does: 'Which safeguards of signing are lifted.', absent: 'all safeguards hold', change: 'reruns' }),
);

/** payload.signDrivesPayload of policies and operations. */
export const signDrivesPayload = optional(
  Type.Object(
    {
      type: oneOf(
        SIGN_TYPES,
        field({
          does: 'How drives are chosen: all-not-root takes every disk without a mounted file system, device-paths the listed paths, device-identifiers a PCI identity, aws-all and gcp-all the local NVMe drives of that cloud; all-non-root means all-not-root.',
          change: 'reruns',
        }),
      ),
      nodeSelector: operationNodeSelector,
      devicePaths: strings('Device paths to sign on every selected node; read with type device-paths.', 'none'),
      pciDevices: optional(pciDevices),
      options: optional(signOptions),
      shared: flag('Signs the drives for sharing between clusters through the SSD proxy instead of for one owner.'),
    },
    field({ does: 'What sign-drives signs, and where.', absent: 'none; required by sign-drives', change: 'reruns' }),
  ),
);

/** payload.discoverDrivesPayload of policies and operations. */
export const discoverDrivesPayload = optional(
  Type.Object(
    { nodeSelector: operationNodeSelector },
    field({
      does: 'Where discover-drives looks for drives that are signed already.',
      absent: 'all nodes',
      change: 'reruns',
    }),
  ),
);

/** payload.ensureNICsPayload of policies and operations. */
export const ensureNicsPayload = optional(
  Type.Object(
    {
      type: oneOf(
        NIC_TYPES,
        field({ does: 'The cloud whose interface to attach and configure network cards.', change: 'reruns' }),
      ),
      nodeSelector: operationNodeSelector,
      dataNICsNumber: optional(
        Type.Integer(
          field({
            does: 'How many data interfaces each selected node shall have.',
            unit: 'interfaces',
            absent: '0',
            change: 'reruns',
          }),
        ),
      ),
    },
    field({
      does: 'How many network interfaces ensure-nics attaches, and where.',
      absent: 'none; required by ensure-nics',
      change: 'reruns',
    }),
  ),
);

const clusterReference = Type.Object(
  {
    name: Type.String(field({ does: 'Name of the WekaCluster.', change: 'reruns' })),
    namespace: Type.String(field({ does: 'Namespace of the WekaCluster.', change: 'reruns' })),
  },
  field({ does: 'The WekaCluster whose traces are read.', absent: 'none', change: 'reruns' }),
);

/** payload.remoteTracesSessionPayload of policies and operations. */
export const remoteTracesSessionPayload = optional(
  Type.Object(
    {
      cluster: optional(clusterReference),
      nodeSelector: operationNodeSelector,
      hostNetwork: flag('Runs the session in the network of the node.'),
      duration: optional(
        duration(
          field({
            does: 'How long the session runs.',
            unit: 'duration (30m, 168h)',
            absent: '168h for an operation, without end for a policy',
            change: 'reruns',
          }),
        ),
      ),
      wekahomeEndpointOverride: optional(
        Type.String(
          field({
            does: 'Where traces are sent, as host:port or URL.',
            absent: 'the WEKA Home endpoint of the cluster',
            change: 'reruns',
          }),
        ),
      ),
      allowHttpWekahomeEndpoint: flag('Accepts an endpoint without TLS.'),
      allowInsecureWekahomeEndpoint: flag('Accepts an endpoint whose certificate is not trusted.'),
      wekahomeCaSecret: optional(
        Type.String(
          field({
            does: 'Secret with the CA certificate of the endpoint, in the namespace of this object.',
            absent: 'the system CAs',
            change: 'reruns',
          }),
        ),
      ),
    },
    field({
      does: 'Which traces remote-traces-session streams, and where to.',
      absent: 'none; required by remote-traces-session',
      change: 'reruns',
    }),
  ),
);

const payloadOf = (spec: JsonObject): JsonObject => (isJsonObject(spec['payload']) ? spec['payload'] : {});
const filled = (value: JsonValue | undefined): boolean => Array.isArray(value) && value.length > 0;

/** The rule that `selector` (`type`, `action`) with the value `chosen` needs `payload.<key>`. */
export const payloadRule = (selector: 'type' | 'action', chosen: string, key: string): Rule => ({
  id: `${chosen}-needs-${key.replace(/[A-Z]+/g, (capitals) => `-${capitals.toLowerCase()}`)}`,
  path: 'spec',
  cel: `self.${selector} != '${chosen}' || has(self.payload.${key})`,
  message: `${selector} ${chosen} needs payload.${key}: add it, or choose the ${selector} whose payload is given`,
  holds: (self) => self[selector] !== chosen || payloadOf(self)[key] !== undefined,
});

/** Rules of signDrivesPayload, the same for policies and operations. */
export const signDrivesRules: readonly Rule[] = [
  {
    id: 'device-paths-listed',
    path: 'spec.payload.signDrivesPayload',
    cel: "self.type != 'device-paths' || (has(self.devicePaths) && size(self.devicePaths) > 0)",
    message: 'type device-paths needs devicePaths: list the paths to sign',
    holds: (self) => self['type'] !== 'device-paths' || filled(self['devicePaths']),
  },
  {
    id: 'device-identifiers-given',
    path: 'spec.payload.signDrivesPayload',
    cel: "self.type != 'device-identifiers' || has(self.pciDevices)",
    message: 'type device-identifiers needs pciDevices: give vendorId and deviceId',
    holds: (self) => self['type'] !== 'device-identifiers' || self['pciDevices'] !== undefined,
  },
];

/** The rule that blockDrivesPayload names a drive. */
export const blockDrivesRule: Rule = {
  id: 'block-names-a-drive',
  path: 'spec.payload.blockDrivesPayload',
  cel: '(has(self.serialIDs) && size(self.serialIDs) > 0) || (has(self.physicalUUIDs) && size(self.physicalUUIDs) > 0)',
  message: 'blockDrivesPayload names no drive: list serialIDs or physicalUUIDs',
  holds: (self) => filled(self['serialIDs']) || filled(self['physicalUUIDs']),
};

/** status.results[] of policies and operations: what happened on each node, for programs to read. */
export const operationResults = Type.Object(
  {
    node: Type.String(field({ says: 'Name of the Node.' })),
    outcome: optional(
      oneOf(['Succeeded', 'Failed', 'Skipped', 'Running'], field({ says: 'Succeeded, Failed, Skipped or Running.' })),
    ),
    message: optional(Type.String(field({ says: 'What was done, or why not.' }))),
    count: optional(
      Type.Integer(
        field({
          says: 'How many things were handled: drives signed, interfaces attached, packages built.',
          unit: 'count',
        }),
      ),
    ),
  },
  { description: 'The outcome on one node.' },
);
