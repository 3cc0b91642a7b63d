import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import type { JsonValue } from '../base/json';
import { ageColumn, messageColumn, readyColumn, textColumn } from './columns';
import { atomicList, duration, field, oneOf, optional, quantity, stringMap } from './field';
import type { Rule } from './kind';
import { defineKind } from './kind';
import { network } from './network';
import {
  CPU_POLICIES,
  UPGRADE_POLICIES,
  affinity,
  coreIds,
  driveTypesRatio,
  failureDomain,
  podResources,
  portRange,
  pvcConfig,
  rawTolerations,
  topologySpreadConstraints,
  tracesConfiguration,
} from './shared-spec';
import { wekaContainerStatus } from './weka-container-status';

/** What a container is for. `dist` is the older builder and distribution service in one. */
export const CONTAINER_MODES = [
  'drive',
  'compute',
  'client',
  's3',
  'nfs',
  'smbw',
  'data-services',
  'data-services-fe',
  'envoy',
  'telemetry',
  'ssdproxy',
  'dist',
  'drivers-dist',
  'drivers-loader',
  'drivers-builder',
  'discovery',
  'adhoc-op',
  'adhoc-op-with-container',
] as const;
export type ContainerMode = (typeof CONTAINER_MODES)[number];

/** What is wanted of a container: to run, to wait out a grace period, or to go with or without leaving its cluster first. */
export const CONTAINER_STATES = ['active', 'paused', 'destroying', 'deleting'] as const;
export type ContainerState = (typeof CONTAINER_STATES)[number];

const text = (does: string, absent: string) => optional(Type.String(field({ does, absent })));
const whole = (does: string, unit: string, absent: string) => optional(Type.Integer(field({ does, unit, absent })));
const override = (does: string) => optional(Type.Boolean(field({ does, absent: 'false', change: 'live' })));

const wekaSecretRef = Type.Object(
  {
    secretKeyRef: optional(
      Type.Object(
        {
          name: text('Not read.', 'empty'),
          key: Type.String(
            field({
              does: 'Name of the Secret, in the namespace of this object, that is mounted whole. It is a name, although the field is called key.',
            }),
          ),
          optional: optional(Type.Boolean(field({ does: 'Whether the Secret may be missing.', absent: 'false' }))),
        },
        field({ does: 'The Secret with the credentials of the WEKA cluster.', absent: 'none' }),
      ),
    ),
    configMapKeyRef: optional(
      Type.Object(
        {
          name: text('Name of the ConfigMap; not read.', 'empty'),
          key: Type.String(field({ does: 'Key in the ConfigMap; not read.' })),
          optional: optional(
            Type.Boolean(field({ does: 'Whether the ConfigMap may be missing; not read.', absent: 'false' })),
          ),
        },
        field({
          does: 'Takes the value from a ConfigMap; accepted for the sake of its type and not read.',
          absent: 'another source',
        }),
      ),
    ),
    fieldRef: optional(
      Type.Object(
        {
          apiVersion: text('Version of the schema of fieldPath; not read.', 'v1'),
          fieldPath: Type.String(field({ does: 'Path of the field; not read.' })),
        },
        field({
          does: 'Takes the value from a field of the Pod; accepted for the sake of its type and not read.',
          absent: 'another source',
        }),
      ),
    ),
    resourceFieldRef: optional(
      Type.Object(
        {
          containerName: text('Name of the container; not read.', 'empty'),
          resource: Type.String(field({ does: 'Resource; not read.' })),
          divisor: optional(
            quantity(field({ does: 'Divisor of the result; not read.', unit: 'quantity', absent: '1' })),
          ),
        },
        field({
          does: 'Takes the value from a resource of the Pod; accepted for the sake of its type and not read.',
          absent: 'another source',
        }),
      ),
    ),
  },
  field({ does: 'Credentials of the WEKA cluster.', absent: 'none' }),
);

const containerPort = Type.Object(
  {
    containerPort: Type.Integer(field({ does: 'Port in the Pod.', unit: 'port number' }, { format: 'int32' })),
    hostPort: optional(
      Type.Integer(field({ does: 'Port of the node.', unit: 'port number', absent: 'none' }, { format: 'int32' })),
    ),
    hostIP: text('Address of the node that the host port is bound to.', 'all addresses'),
    name: text('Name of the port, unique in the Pod.', 'none'),
    protocol: text('TCP, UDP or SCTP.', 'TCP'),
  },
  { description: 'A port as a Pod takes it.' },
);

const overrides = Type.Object(
  {
    skipDeactivate: override(
      'Removes the container without deactivating it in the WEKA cluster. Unsafe: only for a container that never comes back.',
    ),
    skipDrivesForceResign: override(
      'Leaves its drives signed for it when it goes; they then need force-resign-drives before anyone can use them.',
    ),
    skipVirtualDrivesRemoval: override(
      'Leaves its virtual drives on the SSD proxy when it goes. Unsafe: they take capacity that nobody owns.',
    ),
    skipCleanupPersistentDir: override('Leaves its data directory on the node when it goes.'),
    upgradeForceReplace: override('Replaces the Pod for a new image without stopping WEKA gracefully first. Unsafe.'),
    upgradePreventEviction: override('Does not evict the Pod for a new image; it is taken at the next restart.'),
    podDeleteForceReplace: override('Lets a Pod that is being deleted go without a graceful stop. Unsafe.'),
    machineIdentifierNodeRef: optional(
      Type.String(
        field({
          does: 'Path in the Node object that the machine identity is read from.',
          absent: 'the identity of the node',
          change: 'newOnly',
        }),
      ),
    ),
    preRunScript: text('Shell script that runs as root in the container before its workload starts.', 'none'),
    forceDrain: override(
      'Throws away outstanding I/O of the node to let it go. Unsafe: data that was not written yet is lost.',
    ),
    skipActiveMountsCheck: override('Lets a client container go although file systems are mounted through it.'),
    umountOnHost: override('Unmounts WEKA file systems on the node by force when the container goes. Unsafe.'),
    debugSleepOnTerminate: optional(
      Type.Integer(
        field({
          does: 'How long a container that failed stays up for debugging.',
          unit: 'seconds',
          absent: '0',
          change: 'pod',
        }),
      ),
    ),
    migrateOutFromPvc: optional(
      Type.Boolean(
        field({
          does: 'Copies the data from the volume claim to the directory of the node before the Pod starts.',
          absent: 'false',
          change: 'pod',
        }),
      ),
    ),
  },
  field({
    does: 'Departures from the usual order of things; most are unsafe and for one occasion.',
    absent: 'none',
    change: 'live',
  }),
);

const spec = Type.Object({
  nodeAffinity: text('Name of the node to run on.', 'a node that nodeSelector matches, kept once chosen'),
  failureDomain: optional(
    failureDomain({
      does: 'Where the failure domain of the container is read from.',
      absent: 'the node is its own failure domain',
      change: 'newOnly',
    }),
  ),
  topologySpreadConstraints: optional(
    topologySpreadConstraints({
      does: 'How the Pod is spread over the nodes, as Kubernetes takes it.',
      absent: 'none',
    }),
  ),
  affinity: optional(affinity({ does: 'Affinity of the Pod, as Kubernetes takes it.', absent: 'none' })),
  nodeSelector: optional(
    stringMap(field({ does: 'Labels of the nodes to run on, when nodeAffinity is empty.', absent: 'any node' })),
  ),
  port: whole('First port of the WEKA process.', 'port number', 'allocated'),
  exposePorts: optional(
    atomicList(
      Type.Integer(),
      field({ does: 'Ports of the Pod, by number; exposedPorts replaces it.', unit: 'port number', absent: 'none' }),
    ),
  ),
  exposedPorts: optional(atomicList(containerPort, field({ does: 'Ports of the Pod.', absent: 'none' }))),
  agentPort: whole('Port of the WEKA agent.', 'port number', 'allocated'),
  portRange: optional(
    portRange({
      does: 'Where free ports are searched when port is 0.',
      absent: 'ports come from the range of the cluster',
      change: 'newOnly',
    }),
  ),
  image: Type.String(field({ does: 'WEKA image to run.', change: 'rolls' })),
  imagePullSecret: text('Secret to pull the image with, in the same namespace.', 'none'),
  name: Type.String(field({ does: 'Name of the container in WEKA; it stays the same for life.', change: 'newOnly' })),
  mode: oneOf(CONTAINER_MODES, field({ does: 'What the container is for.', change: 'immutable' })),
  numCores: Type.Integer(field({ does: 'Cores for WEKA processes.', unit: 'cores' })),
  extraCores: whole('Cores beside those of WEKA processes, for protocol servers.', 'cores', '0'),
  coreIds: optional(
    coreIds({ does: 'Cores to pin WEKA processes to; read with cpuPolicy manual.', absent: 'chosen on the node' }),
  ),
  cpuPolicy: optional(
    oneOf(
      CPU_POLICIES,
      field(
        {
          does: 'How cores are claimed: dedicated whole cores, dedicated_ht hyper-threads, shared, manual by coreIds, or auto by what the node has.',
          absent: 'auto',
        },
        { default: 'auto' },
      ),
    ),
  ),
  network: optional(
    network({ does: 'Network of the container.', absent: 'UDP on the interface of the default route' }),
  ),
  hugepages: whole('Huge pages of the Pod.', 'MiB', '0'),
  hugepagesOffset: whole(
    'Part of the huge pages that is not handed to WEKA.',
    'MiB',
    '200, or 200 a drive for drive containers',
  ),
  hugepagesSize: text('Size of a huge page: 2Mi or 1Gi.', '2Mi'),
  hugepagesSizeOverride: text(
    'Memory that is handed to WEKA in place of the computed one, as WEKA writes it (1400MiB).',
    'computed from hugepages',
  ),
  numDrives: whole('Drives of the container.', 'drives', '0'),
  driversDistService: text(
    'Where drivers come from: URL of a distribution service; without a scheme https is meant.',
    'the public registry',
  ),
  driversLoaderImage: text('Image that loads the driver.', 'the image of the container'),
  driversBuildId: text('Build of the driver to load.', 'the one that belongs to the image'),
  builder: optional(
    Type.Object(
      { weka_version: text('WEKA version to build for.', 'the version of the image') },
      field({ does: 'What a builder builds.', absent: 'the driver of its image' }),
    ),
  ),
  wekaSecretRef: optional(wekaSecretRef),
  joinIpPorts: optional(
    atomicList(
      Type.String(),
      field({ does: 'Members of the WEKA cluster to join, as address:port.', absent: 'none', change: 'newOnly' }),
    ),
  ),
  tracesConfiguration: optional(
    tracesConfiguration({
      does: 'How much disk space traces may take.',
      absent: '10 GB for each I/O process, 20 GB left free',
    }),
  ),
  tolerations: optional(rawTolerations({ does: 'Taints that the Pod tolerates.', absent: 'none' })),
  nodeInfoConfigMap: text('ConfigMap with facts about nodes, mounted into the Pod.', 'none'),
  ipv6: optional(
    Type.Boolean(field({ does: 'Uses IPv6 for management and data.', absent: 'false', change: 'newOnly' })),
  ),
  additionalMemory: whole('Memory of the Pod beside the computed one.', 'MiB', '0'),
  group: text('Group of roles that are spread together: compute, s3, or empty.', 'empty'),
  serviceAccountName: text('Service account of the Pod.', 'default'),
  additionalSecrets: optional(
    stringMap(field({ does: 'Secrets to mount: purpose to name, for instance wekahome-cacert.', absent: 'none' })),
  ),
  instructions: optional(
    Type.Object(
      {
        type: Type.String(
          field({
            does: 'Name of the task, for instance sign-drives, build-drivers or load-drivers.',
            change: 'newOnly',
          }),
        ),
        payload: optional(
          Type.String(
            field({ does: 'Particulars of the task as JSON in a string.', absent: 'empty', change: 'newOnly' }),
          ),
        ),
      },
      field({ does: 'The task of a one-shot container.', absent: 'none', change: 'newOnly' }),
    ),
  ),
  dropAffinityConstraints: optional(
    Type.Boolean(field({ does: 'Lets several containers of one mode share a node.', absent: 'false' })),
  ),
  uploadResultsTo: optional(
    Type.String(
      field({
        does: 'Name of the WekaContainer in the same namespace that a builder hands its package to.',
        absent: 'nowhere',
        change: 'live',
      }),
    ),
  ),
  upgradePolicyType: optional(
    oneOf(
      UPGRADE_POLICIES,
      field(
        {
          does: 'How a new image reaches the running Pod; the parent sets it.',
          absent: 'manual',
          change: 'live',
        },
        { default: 'manual' },
      ),
    ),
  ),
  state: optional(
    oneOf(
      CONTAINER_STATES,
      field(
        {
          does: 'What is wanted: active runs, paused waits without a Pod, deleting leaves the cluster first, destroying does not.',
          absent: 'active',
          change: 'live',
        },
        { default: 'active' },
      ),
    ),
  ),
  allowHotUpgrade: optional(
    Type.Boolean(field({ does: 'Upgrades a client without unmounting.', absent: 'false', change: 'live' })),
  ),
  driveCapacity: whole('Capacity of each virtual drive on shared drives.', 'GiB', '0: drives are not shared'),
  containerCapacity: whole(
    'Capacity of the container on shared drives, in place of driveCapacity and numDrives.',
    'GiB',
    '0: drives are not shared',
  ),
  driveTypesRatio: optional(
    driveTypesRatio({
      does: 'How the capacity is split over drive types; read with containerCapacity.',
      absent: 'TLC only',
      change: 'newOnly',
    }),
  ),
  autoRemoveTimeout: optional(
    duration(
      field(
        {
          does: 'How long the WEKA cluster waits for a client that is gone before it forgets it; 0 waits for ever.',
          unit: 'duration (24h)',
          absent: '0s',
          change: 'live',
        },
        { default: '0s' },
      ),
    ),
  ),
  overrides: optional(overrides),
  hostPID: optional(
    Type.Boolean(field({ does: 'Runs the Pod in the process namespace of the node.', absent: 'false' })),
  ),
  resources: optional(
    podResources({ does: 'CPU and memory of the Pod in place of the computed ones.', absent: 'computed' }),
  ),
  packagesDirectory: optional(
    Type.String(
      field(
        {
          does: 'Absolute directory on the node that a distribution service keeps its packages in.',
          absent: 'a directory under the WEKA directory of the node',
          change: 'pod',
        },
        { pattern: '^/' },
      ),
    ),
  ),
  pvc: optional(
    pvcConfig({
      does: 'Volume claim that holds the data directory in place of a directory of the node.',
      absent: 'a directory of the node',
      change: 'newOnly',
    }),
  ),
});

const positive = (value: JsonValue | undefined): boolean => typeof value === 'number' && value !== 0;

const rules: readonly Rule[] = [
  {
    id: 'mode-immutable',
    path: 'spec',
    cel: 'self.mode == oldSelf.mode',
    transition: true,
    message: 'mode cannot be changed: delete the container and let its parent make another',
    holds: (self, oldSelf) => oldSelf === undefined || self['mode'] === oldSelf['mode'],
  },
  {
    id: 'drive-capacity-without-ratio',
    path: 'spec',
    cel: '!has(self.driveCapacity) || self.driveCapacity == 0 || !has(self.driveTypesRatio)',
    message:
      'driveCapacity and driveTypesRatio exclude each other: use driveCapacity for TLC only, or containerCapacity with driveTypesRatio',
    holds: (self) => !positive(self['driveCapacity']) || self['driveTypesRatio'] === undefined,
  },
  {
    id: 'drives-or-capacity',
    path: 'spec',
    cel: '!has(self.numDrives) || self.numDrives == 0 || !has(self.containerCapacity) || self.containerCapacity == 0',
    message:
      'numDrives and containerCapacity exclude each other: use numDrives with driveCapacity, or containerCapacity alone',
    holds: (self) => !positive(self['numDrives']) || !positive(self['containerCapacity']),
  },
];

/** WekaContainer: one WEKA process group on one node, or a driver builder or distribution service. */
export const wekaContainer = defineKind({
  kind: 'WekaContainer',
  plural: 'wekacontainers',
  singular: 'wekacontainer',
  shortNames: ['wct'],
  scope: 'Namespaced',
  description:
    'One WEKA process group on one node, or one driver builder, distribution service or one-shot task. It owns one Pod at a time. Clusters, clients, policies and operations make them; drivers may also be distributed by containers that a user writes.',
  spec,
  status: wekaContainerStatus,
  printerColumns: [
    textColumn('Mode', '.spec.mode', 'What it is for'),
    readyColumn('Whether it does its work'),
    textColumn('Status', '.status.status', 'Phase'),
    textColumn('Node', '.status.printer.nodeAffinity', 'Node it belongs to'),
    textColumn('Driver', '.status.printer.driver', 'Driver on its node'),
    textColumn('Mgmt-IP', '.status.printer.managementIPs', 'Management addresses'),
    ageColumn,
    textColumn('Progress', '.status.printer.progress', 'How far a one-shot task is', 1),
    textColumn('Processes', '.status.printer.processes', 'Processes: working/existing/wanted', 1),
    { name: 'Cores', type: 'integer', jsonPath: '.spec.numCores', description: 'Cores for WEKA', priority: 1 },
    textColumn('Memory', '.status.printer.memory', 'Memory of the Pod', 1),
    textColumn('Hugepages', '.status.printer.hugepages', 'Huge pages of the Pod', 1),
    textColumn('Drives', '.status.printer.drives', 'Drives: working/existing/wanted', 1),
    textColumn('Ports', '.status.printer.ports', 'WEKA port and agent port', 1),
    textColumn('Mounts', '.status.printer.activeMounts', 'Mounts', 1),
    textColumn('CPU', '.status.stats.cpuUtilization', 'CPU use in percent', 1),
    {
      name: 'Weka-cID',
      type: 'integer',
      jsonPath: '.status.containerID',
      description: 'Number in the WEKA cluster',
      priority: 1,
    },
    messageColumn,
  ],
  rules,
});

export type WekaContainerSpec = Static<typeof spec>;
export type { WekaContainerStatus } from './weka-container-status';
