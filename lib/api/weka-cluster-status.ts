import { Type } from '@sinclair/typebox';
import { commonStatus } from './common';
import type { StatusDoc } from './field';
import { atomicList, field, optional, stringMap, time } from './field';
import { cell, count, effective, entityCounters } from './shared-spec';

/** status of a WekaCluster. Nothing is required: what existing operators write passes, whole or in part. */

const number = (says: string, unit: string) => optional(count({ says, unit }));
const bytes = (says: string) => number(says, 'bytes');
const object = <P extends Parameters<typeof Type.Object>[0]>(doc: StatusDoc, properties: P) =>
  optional(Type.Object(properties, field(doc)));

const roleStats = (role: string) =>
  object(
    { says: `Counts of ${role} containers.` },
    {
      numContainers: optional(entityCounters(`${role} containers`)),
      processes: optional(entityCounters(`processes of ${role} containers`)),
      cpuUtilization: optional(
        Type.String(field({ says: `Average CPU use of ${role} containers, as a decimal number.`, unit: 'percent' })),
      ),
    },
  );

const containerStats = object(
  { says: 'Containers by role.' },
  { drive: roleStats('drive'), compute: roleStats('compute'), s3: roleStats('S3'), nfs: roleStats('NFS') },
);

const ioStats = object(
  { says: 'Load of the cluster.' },
  {
    throughput: object(
      { says: 'Data per second.' },
      { read: number('Data read.', 'bytes per second'), write: number('Data written.', 'bytes per second') },
    ),
    iops: object(
      { says: 'Operations per second.' },
      {
        read: number('Reads.', 'operations per second'),
        write: number('Writes.', 'operations per second'),
        metadata: number('Operations that are neither reads nor writes.', 'operations per second'),
        total: number('All operations.', 'operations per second'),
      },
    ),
  },
);

const driveStats = object(
  { says: 'Drives of the cluster.' },
  {
    counters: optional(entityCounters('drives')),
    failures: optional(
      atomicList(
        Type.Object({
          serialId: optional(Type.String(field({ says: 'Serial number of the drive.' }))),
          wekaDriveId: optional(Type.String(field({ says: 'The id that WEKA gives it.' }))),
        }),
        field({ says: 'Drives that failed.' }),
      ),
    ),
  },
);

const capacity = object(
  { says: 'Raw capacity of the drives.' },
  {
    totalBytes: bytes('All of it.'),
    unprovisionedBytes: bytes('Not given to a filesystem.'),
    unavailableBytes: bytes('Lost for now to failed drives or containers.'),
    hotSpareBytes: bytes('Held back as hot spare.'),
  },
);

const filesystem = object(
  { says: 'Capacity as filesystems see it.' },
  {
    totalProvisionedCapacity: bytes('Given to filesystems, object stores included.'),
    totalUsedCapacity: bytes('Used in filesystems.'),
    totalAvailableCapacity: bytes('Given to filesystems and not used.'),
    totalProvisionedSSDCapacity: bytes('Given to filesystems on drives.'),
    totalUsedSSDCapacity: bytes('Used on drives.'),
    totalAvailableSSDCapacity: bytes('Given on drives and not used.'),
    hasTieredFilesystems: optional(
      Type.Boolean(field({ says: 'Whether a filesystem has an object store behind it.' })),
    ),
    totalObsCapacity: bytes('Capacity on object stores.'),
    obsBucketCount: number('Object store buckets.', 'buckets'),
    activeObsBucketCount: number('Object store buckets that answer.', 'buckets'),
  },
);

const stats = object(
  { says: 'Measurements of the running cluster, as of lastUpdate.' },
  {
    containers: containerStats,
    ioStats,
    drives: driveStats,
    alertsCount: number('Alerts that WEKA shows.', 'alerts'),
    clusterStatus: optional(Type.String(field({ says: 'The state that WEKA itself reports, as OK or REBUILDING.' }))),
    capacity,
    filesystem,
    numFailures: optional(
      stringMap(
        field({ says: 'Share of data by how many more failures it survives, as decimal numbers.', unit: 'percent' }),
      ),
    ),
    lastUpdate: optional(time(field({ says: 'When these were measured.' }))),
  },
);

const printer = object(
  { says: 'Cells of the columns of kubectl get.' },
  {
    containers: optional(cell('Containers of all roles: active/created/desired.')),
    computeContainers: optional(cell('Compute containers: active/created/desired.')),
    driveContainers: optional(cell('Drive containers: active/created/desired.')),
    drives: optional(cell('Drives: active/created/desired.')),
    throughput: optional(cell('Data per second: read/write.')),
    iops: optional(cell('Operations per second: read/write/metadata.')),
    filesystemCapacity: optional(cell('Capacity of filesystems: used/available.')),
    usedCapacity: optional(cell('Used part of the raw capacity, in percent.')),
    version: optional(cell('The WEKA version that runs.')),
  },
);

const ports = object(
  { says: 'Ports that the cluster has. They never change while it lives.' },
  {
    basePort: number('First port of its range; 0: none yet.', 'port number'),
    portRange: number('Length of its range.', 'ports'),
    lbPort: number('Where the S3 load balancer takes requests.', 'port number'),
    lbAdminPort: number('Administration of the S3 load balancer.', 'port number'),
    s3Port: number('Where S3 containers take requests from the load balancer.', 'port number'),
    managementProxyPort: number('Where the management proxy takes requests.', 'port number'),
  },
);

/** WEKA's own phases, in the order of a life. Not an enum in the schema: newer operators add to it. */
export const CLUSTER_PHASES = [
  'Init',
  'WaitForDrives',
  'StartingIO',
  'Ready',
  'GracePeriod',
  'Deallocating',
  'Destroying',
] as const;
export type ClusterPhase = (typeof CLUSTER_PHASES)[number];

/** status of a WekaCluster. */
export const wekaClusterStatus = Type.Object(
  {
    ...commonStatus,
    status: optional(Type.String(field({ says: `Phase of its life: ${CLUSTER_PHASES.join(', ')}.` }))),
    clusterID: optional(Type.String(field({ says: 'The GUID that WEKA gave the cluster when it was formed.' }))),
    traceId: optional(
      Type.String(field({ says: 'Trace of the reconcile that formed the cluster; empty once it is ready.' })),
    ),
    spanId: optional(Type.String(field({ says: 'Span within that trace.' }))),
    lastAppliedImage: optional(
      Type.String(field({ says: 'The image that every container runs; differs from spec.image during an upgrade.' })),
    ),
    lastAppliedSpec: optional(Type.String(field({ says: 'Digest of the settings last passed on to containers.' }))),
    ports,
    stats,
    printer,
    timestamps: optional(
      Type.Unsafe<Record<string, string>>({
        type: 'object',
        additionalProperties: { type: 'string', format: 'date-time' },
        ...field({ says: 'When events of its life happened, by name.' }),
      }),
    ),
    effective,
  },
  { description: 'What the operator observed of the cluster.' },
);
