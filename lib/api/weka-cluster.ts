import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import { ageColumn, messageColumn, readyColumn, textColumn } from './columns';
import type { PrinterColumn } from './kind';
import { defineKind } from './kind';
import { atomicList, duration, field, optional, stringMap } from './field';
import { network } from './network';
import {
  cpuPolicy,
  failureDomain,
  IMAGE_PATTERN,
  pvcConfig,
  rawTolerations,
  tolerationKeys,
  tracesConfiguration,
} from './shared-spec';
import {
  additionalMemory,
  dynamicTemplate,
  podConfig,
  roleAnnotations,
  roleCoreIds,
  roleNetworkSelector,
  roleNodeSelector,
} from './weka-cluster-roles';
import { wekaClusterRules } from './weka-cluster-rules';
import {
  clusterPorts,
  csiConfig,
  encryption,
  nfs,
  overrides,
  s3,
  smbw,
  telemetry,
  wekaHome,
} from './weka-cluster-services';
import { wekaClusterStatus } from './weka-cluster-status';

const images = {
  image: Type.String(
    field(
      {
        does: 'WEKA image, with a version tag, a digest, or both. A change is the upgrade: drive containers first, then compute, then the rest, each when the cluster is whole.',
        change: 'rolls',
      },
      { pattern: IMAGE_PATTERN },
    ),
  ),
  imagePullSecret: optional(
    Type.String(field({ does: 'Secret of this namespace for pulling the image.', absent: 'none' })),
  ),
  driversDistService: optional(
    Type.String(
      field({
        does: 'Where nodes get drivers: a URL, or host:port, which means https. A Service of a WekaPolicy here, or a registry of built drivers.',
        absent: "WEKA's registry of built drivers, through the operator",
      }),
    ),
  ),
};

const placement = {
  nodeSelector: optional(
    stringMap(field({ does: 'Labels of the nodes that may run containers.', absent: 'every node' })),
  ),
  roleNodeSelector: optional(roleNodeSelector),
  roleAnnotations: optional(roleAnnotations),
  failureDomain: optional(
    failureDomain({
      does: 'What counts as one failure domain. label and compositeLabels are fixed once set; skew is not.',
      absent: 'every node is its own',
      change: 'newOnly',
    }),
  ),
  podConfig: optional(podConfig),
  tolerations: optional(
    tolerationKeys({
      does: 'Keys of taints that containers tolerate, with any value, for NoExecute and NoSchedule. New ones reach running Pods.',
      absent: 'none',
      change: 'live',
    }),
  ),
  rawTolerations: optional(
    rawTolerations({
      does: 'Tolerations as a Pod takes them, beside tolerations. New ones reach running Pods.',
      absent: 'none',
      change: 'live',
    }),
  ),
  serviceAccountName: optional(
    Type.String(
      field({ does: 'ServiceAccount of this namespace that Pods run under.', absent: 'default', change: 'newOnly' }),
    ),
  ),
};

const cpuAndMemory = {
  cpuPolicy: optional(
    cpuPolicy({
      does: 'How WEKA cores become CPUs: dedicated_ht (both threads of each core), dedicated (one CPU each), manual (roleCoreIds, not reserved), shared (as manual, out of use), auto (dedicated_ht where the node has hyperthreads, else dedicated).',
      absent: 'auto',
    }),
  ),
  roleCoreIds: optional(roleCoreIds),
  additionalMemory: optional(additionalMemory),
  tracesConfiguration: optional(
    tracesConfiguration({ does: 'Disk space for traces.', absent: '10 GB for each I/O process, 20 GB left free' }),
  ),
  globalPVC: optional(
    pvcConfig({
      does: 'A claim for the state of all containers, where nodes have no disk for it. Running containers that have none take it when next created; it is never taken away.',
      absent: 'a directory on each node',
      change: 'newOnly',
    }),
  ),
};

const networking = {
  network: optional(
    network({ does: 'Interfaces and addresses of containers.', absent: 'UDP on the interface of the default route' }),
  ),
  roleNetworkSelector: optional(roleNetworkSelector),
  ipv6: optional(Type.Boolean(field({ does: 'Uses IPv6 for the cluster.', absent: 'false', change: 'immutable' }))),
  ports: optional(clusterPorts),
};

const protection = {
  stripeWidth: optional(
    Type.Integer(
      field({
        does: 'Data blocks in each stripe, 3 to 16. 0 counts as absent.',
        unit: 'blocks',
        absent: 'WEKA chooses by the number of failure domains',
        change: 'immutable',
      }),
    ),
  ),
  redundancyLevel: optional(
    Type.Integer(
      field({
        does: 'Parity blocks in each stripe, 2 or 4: how many failure domains may be lost. 0 counts as absent.',
        unit: 'blocks',
        absent: 'WEKA chooses',
        change: 'immutable',
      }),
    ),
  ),
  hotSpare: optional(
    Type.Integer(
      field({
        does: 'Failure domains whose capacity is held back for rebuilding. Set when the cluster is formed; change a formed one with the weka command.',
        unit: 'failure domains',
        absent: '0',
        change: 'nothing',
      }),
    ),
  ),
  leadershipRaftSize: optional(
    Type.Integer(
      field({
        does: 'Members of the leadership group, 5 or 9. Set when the cluster is formed.',
        unit: 'members',
        absent: '5',
        change: 'nothing',
      }),
    ),
  ),
  bucketRaftSize: optional(
    Type.Integer(
      field({
        does: 'Members of each bucket group, 5 or 9. Set when the cluster is formed.',
        unit: 'members',
        absent: '5',
        change: 'nothing',
      }),
    ),
  ),
};

const life = {
  template: optional(
    Type.String(
      field({
        does: 'dynamic: the shape is in dynamicTemplate. small, small_s3, small_nfs, large: ready-made shapes.',
        absent: 'dynamic',
        change: 'newOnly',
      }),
    ),
  ),
  dynamicTemplate: optional(dynamicTemplate),
  startIoConditions: optional(
    Type.Object(
      {
        minNumDrives: optional(
          Type.Integer(
            field({
              does: 'Drives that must be in the cluster before it starts serving.',
              unit: 'drives',
              absent: '0, all drives given to containers',
              change: 'live',
            }),
          ),
        ),
      },
      field({
        does: 'What must be there before the cluster starts serving.',
        absent: 'every drive given to a container',
        change: 'live',
      }),
    ),
  ),
  gracefulDestroyDuration: optional(
    duration(
      field({
        does: 'How long a deleted cluster is kept, its Pods stopped and its data whole, so that a mistake can be undone. Shortening it during that time counts at once.',
        unit: 'duration, as 24h',
        absent: '24h',
        change: 'live',
      }),
    ),
  ),
  operatorSecretRef: optional(
    Type.String(
      field({
        does: 'Secret of this namespace with username, password, org and join-secret of an existing WEKA cluster, for taking it over.',
        absent: 'a Secret made by the operator',
        change: 'newOnly',
      }),
    ),
  ),
  expandEndpoints: optional(
    atomicList(
      Type.String(),
      field({
        does: 'IP:PORT of an existing WEKA cluster that the containers join instead of forming one.',
        absent: 'a new cluster is formed',
        change: 'newOnly',
      }),
    ),
  ),
};

const services = {
  wekaHome: optional(wekaHome),
  csiConfig: optional(csiConfig),
  encryption: optional(encryption),
  nfs: optional(nfs),
  s3: optional(s3),
  smbw: optional(smbw),
  telemetry: optional(telemetry),
  overrides: optional(overrides),
};

const spec = Type.Object(
  { ...images, ...life, ...placement, ...cpuAndMemory, ...networking, ...protection, ...services },
  { description: 'The cluster that is wanted.' },
);
export type WekaClusterSpec = Static<typeof spec>;
export type WekaClusterStatus = Static<typeof wekaClusterStatus>;

const printerColumns: readonly PrinterColumn[] = [
  readyColumn('Whether the cluster serves as spec says.'),
  textColumn('Status', '.status.status', 'Phase of its life.'),
  textColumn('Containers(A/C/D)', '.status.printer.containers', 'Containers of all roles: active/created/desired.'),
  textColumn('Drives(A/C/D)', '.status.printer.drives', 'Drives: active/created/desired.'),
  textColumn('Capacity', '.status.printer.usedCapacity', 'Used part of the raw capacity.'),
  textColumn('Version', '.status.printer.version', 'The WEKA version that runs.'),
  ageColumn,
  textColumn('Cluster ID', '.status.clusterID', 'GUID of the WEKA cluster.', 1),
  textColumn('CCT(A/C/D)', '.status.printer.computeContainers', 'Compute containers: active/created/desired.', 1),
  textColumn('DCT(A/C/D)', '.status.printer.driveContainers', 'Drive containers: active/created/desired.', 1),
  textColumn('IOPS(R/W/M)', '.status.printer.iops', 'Operations per second: read/write/metadata.', 1),
  textColumn('THRPT(R/W)', '.status.printer.throughput', 'Data per second: read/write.', 1),
  textColumn('FS(Capacity)', '.status.printer.filesystemCapacity', 'Capacity of filesystems: used/available.', 1),
  messageColumn,
];

/** WekaCluster. */
export const wekaCluster = defineKind({
  kind: 'WekaCluster',
  plural: 'wekaclusters',
  singular: 'wekacluster',
  shortNames: ['wc'],
  scope: 'Namespaced',
  description:
    'A WEKA storage cluster: drive and compute containers on nodes of this Kubernetes cluster, S3, NFS and other services beside them, ' +
    'their drivers, secrets and upgrades. Deleting it destroys its data after gracefulDestroyDuration.',
  spec,
  status: wekaClusterStatus,
  printerColumns,
  rules: wekaClusterRules,
});
