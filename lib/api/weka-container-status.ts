import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import { commonStatus } from './common';
import { driverPackages } from './driver-package';
import { atomicList, field, optional, time } from './field';
import { cell, count, effective, entityCounters } from './shared-spec';

const text = (says: string) => optional(Type.String(field({ says })));
const texts = (says: string) => optional(atomicList(Type.String(), field({ says })));

const virtualDrive = Type.Object(
  {
    virtualUUID: text('UUID of the virtual drive.'),
    physicalUUID: text('UUID of the physical drive it lies on.'),
    capacityGiB: optional(count({ says: 'Capacity taken from the physical drive.', unit: 'GiB' })),
    serial: text('Serial number of the physical drive.'),
    type: text('Type of the physical drive: TLC or QLC.'),
  },
  { description: 'A part of a shared drive.' },
);

const allocations = Type.Object(
  {
    drives: texts('Serial numbers of the drives that belong to the container alone.'),
    wekaPort: optional(count({ says: 'Port of the WEKA process, the first of its range.', unit: 'port number' })),
    agentPort: optional(count({ says: 'Port of the WEKA agent.', unit: 'port number' })),
    failureDomain: text('Failure domain that was read from the node.'),
    machineIdentifier: text('Identity of the machine as the WEKA cluster knows it.'),
    netDevices: texts('Interfaces that belong to the container alone.'),
    virtualDrives: optional(
      atomicList(virtualDrive, field({ says: 'Parts of shared drives that belong to the container.' })),
    ),
  },
  field({ says: 'What was given to the container and stays with it; it cannot be computed again.' }),
);

const addedDrive = Type.Object(
  {
    uuid: text('UUID of the drive in the WEKA cluster.'),
    added_time: text('When the WEKA cluster took it in, as WEKA writes it.'),
    device_path: text('Device path on the node.'),
    serial_number: text('Serial number.'),
    size_bytes: optional(count({ says: 'Size.', unit: 'bytes' })),
    status: text('State as WEKA names it.'),
  },
  { description: 'A drive that is part of the WEKA cluster.' },
);

const driveFailure = Type.Object(
  { serialId: text('Serial number.'), wekaDriveId: text('UUID of the drive in the WEKA cluster.') },
  { description: 'A drive that failed.' },
);

const stats = Type.Object(
  {
    processes: optional(entityCounters('processes')),
    cpuUtilization: text('CPU use of the container in percent, with two decimals.'),
    drives: optional(
      Type.Object(
        {
          counters: optional(entityCounters('drives')),
          failures: optional(atomicList(driveFailure, field({ says: 'Drives that failed.' }))),
        },
        field({ says: 'Drives of the container.' }),
      ),
    ),
    activeMounts: optional(count({ says: 'File systems that are mounted through the container.', unit: 'mounts' })),
    lastUpdate: optional(time(field({ says: 'When these numbers were taken.' }))),
  },
  field({ says: 'Measured numbers.' }),
);

const printer = Type.Object(
  {
    processes: optional(cell('Processes: working/existing/wanted.')),
    drives: optional(cell('Drives: working/existing/wanted.')),
    activeMounts: optional(cell('Mounts.')),
    managementIPs: optional(cell('First management address, and how many more.')),
    nodeAffinity: optional(cell('Node.')),
    capacity: optional(cell('Capacity by drive type.')),
    driver: optional(cell('Driver on the node: its WEKA version, or why there is none.')),
    progress: optional(cell('How far a build or another one-shot task is.')),
    memory: optional(cell('Memory of the Pod.')),
    hugepages: optional(cell('Huge pages of the Pod.')),
    ports: optional(cell('WEKA port and agent port.')),
  },
  field({ says: 'Text for the columns of kubectl get.' }),
);

/** status of a WekaContainer. */
export const wekaContainerStatus = Type.Object({
  ...commonStatus,
  status: text(
    'Phase: Init, PodNotRunning, PodRunning, WaitForDrivers, Starting, Running, Stopped, DrivesAdding, Draining, Building, Completed, Paused, Deleting, Destroying, PodTerminating, Degraded, Unhealthy, Error, or what WEKA reports.',
  ),
  internalStatus: text('State that WEKA itself displays on the node.'),
  managementIP: text('Management address; older writers use it in place of managementIPs.'),
  managementIPs: texts('Management addresses.'),
  containerID: optional(count({ says: 'Number of the container in the WEKA cluster.', unit: 'container number' })),
  clusterID: text('GUID of the WEKA cluster that it joined.'),
  lastAppliedImage: text('Image that the running Pod was made from; an upgrade is done when it equals spec.image.'),
  lastAppliedSpec: text('Digest of the part of the parent that was last carried over.'),
  nodeAffinity: text('Node that the container belongs to, also when a selector chose it.'),
  result: text('What the one-shot task reported, as JSON in a string.'),
  attempts: optional(
    count({ says: 'How often the one-shot task has failed in a row with what it is given now.', unit: 'attempts' }),
  ),
  nextRetry: optional(time(field({ says: 'When the one-shot task is tried again.' }))),
  packages: driverPackages('Packages of a distribution service that was made by hand.'),
  allocations: optional(allocations),
  addedDrives: optional(atomicList(addedDrive, field({ says: 'Drives that are part of the WEKA cluster.' }))),
  stats: optional(stats),
  printer: optional(printer),
  timestamps: optional(
    Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string', format: 'date-time' },
      ...field({ says: 'When named moments were first seen, for instance StoppingAttempt.' }),
    }),
  ),
  notToleratedOnReschedule: optional(
    Type.Boolean(field({ says: 'Whether the container has lost its node to a taint it does not tolerate.' })),
  ),
  effective,
});

export type WekaContainerStatus = Static<typeof wekaContainerStatus>;
