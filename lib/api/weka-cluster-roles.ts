import type { TSchema } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import type { SpecDoc } from './field';
import { field, optional, stringMap } from './field';
import { network } from './network';
import { affinity, coreIds, driveTypesRatio, topologySpreadConstraints } from './shared-spec';

/** The parts of a WekaCluster that are said once per role: where, how many, how large. */

/** Roles that a user configures, as spec spells them, with their names in sentences. */
const ROLES = {
  compute: 'compute',
  drive: 'drive',
  s3: 'S3',
  nfs: 'NFS',
  smbw: 'SMB-W',
  dataServices: 'data services',
} as const;
type Role = keyof typeof ROLES;

/** One optional property for each of `roles`, made from its name in sentences. */
const perRole = <const R extends readonly Role[], S extends TSchema>(roles: R, make: (name: string) => S) =>
  Object.fromEntries(roles.map((role) => [role, optional(make(ROLES[role]))])) as Record<
    R[number],
    ReturnType<typeof optional<S>>
  >;

const configurable = ['compute', 'drive', 's3', 'nfs', 'smbw', 'dataServices'] as const;
const scheduled = ['compute', 'drive', 's3', 'nfs', 'smbw'] as const;

/** spec.roleNodeSelector. */
export const roleNodeSelector = Type.Object(
  perRole(configurable, (name) =>
    stringMap(
      field({
        does: `Labels of nodes for ${name} containers; replaces nodeSelector for them, it is not added to it.`,
        absent: 'nodeSelector',
      }),
    ),
  ),
  field({ does: 'Node selectors by role.', absent: 'nodeSelector for every role' }),
);

/** spec.roleAnnotations. */
export const roleAnnotations = Type.Object(
  perRole(configurable, (name) =>
    stringMap(
      field({
        does: `Annotations of ${name} containers and their Pods, in place of the annotations of this object.`,
        absent: 'the annotations of this object',
        change: 'live',
      }),
    ),
  ),
  field({ does: 'Annotations by role.', absent: 'the annotations of this object for every role', change: 'live' }),
);

/** spec.roleNetworkSelector. */
export const roleNetworkSelector = Type.Object(
  perRole(configurable, (name) =>
    network({ does: `Network of ${name} containers, in place of network.`, absent: 'network' }),
  ),
  field({ does: 'Network settings by role.', absent: 'network for every role' }),
);

/** spec.roleCoreIds. */
export const roleCoreIds = Type.Object(
  perRole(configurable, (name) =>
    coreIds({
      does: `Cores that every ${name} container is pinned to; used with cpuPolicy manual. Leave out their hyperthread siblings.`,
      absent: 'none, and cpuPolicy manual then fails for the role',
    }),
  ),
  field({ does: 'Cores by role, for cpuPolicy manual.', absent: 'none' }),
);

const memory = (name: string) =>
  Type.Integer(
    field({
      does: `Memory of each ${name} container beside the computed amount; negative takes away.`,
      unit: 'MiB',
      absent: '0',
    }),
  );
/** spec.additionalMemory. */
export const additionalMemory = Type.Object(
  { ...perRole(configurable, memory), envoy: optional(memory('Envoy')) },
  field({ does: 'Memory by role beside the computed amount.', absent: 'nothing is added' }),
);

/** spec.podConfig. */
export const podConfig = Type.Object(
  {
    topologySpreadConstraints: optional(
      topologySpreadConstraints({
        does: 'How Pods spread over nodes, as a Pod takes it; added to what failureDomain asks for.',
        absent: 'failureDomain alone',
        change: 'newOnly',
      }),
    ),
    roleTopologySpreadConstraints: optional(
      Type.Object(
        perRole(scheduled, (name) =>
          topologySpreadConstraints({
            does: `How ${name} Pods spread over nodes.`,
            absent: 'topologySpreadConstraints',
            change: 'newOnly',
          }),
        ),
        field({
          does: 'Spread constraints by role, in place of topologySpreadConstraints.',
          absent: 'topologySpreadConstraints for every role',
          change: 'newOnly',
        }),
      ),
    ),
    affinity: optional(
      affinity({
        does: 'Affinity of Pods, as a Pod takes it; the rule of one container of a role per node stays.',
        absent: 'that rule alone',
        change: 'newOnly',
      }),
    ),
    roleAffinity: optional(
      Type.Object(
        perRole(scheduled, (name) =>
          affinity({ does: `Affinity of ${name} Pods.`, absent: 'affinity', change: 'newOnly' }),
        ),
        field({
          does: 'Affinity by role, in place of affinity.',
          absent: 'affinity for every role',
          change: 'newOnly',
        }),
      ),
    ),
  },
  field({
    does: 'Scheduling of Pods beyond node selectors.',
    absent: 'node selectors and failureDomain decide',
    change: 'newOnly',
  }),
);

const number = (doc: SpecDoc & { readonly unit: string }) => optional(Type.Integer(field(doc, { minimum: 0 })));
const offset = (name: string, absent: string) =>
  optional(
    Type.Integer(
      field({
        does: `Part of the huge pages of each ${name} container that WEKA does not use itself.`,
        unit: 'MiB',
        absent,
        change: 'newOnly',
      }),
    ),
  );
const containers = (name: string, absent: string) =>
  number({
    does: `How many ${name} containers there are. A higher number adds containers; a lower one removes none: delete the WekaContainers that should go.`,
    unit: 'containers',
    absent,
    change: 'live',
  });
const cores = (name: string) =>
  number({ does: `WEKA cores of each ${name} container.`, unit: 'cores', absent: '1', change: 'newOnly' });
const extraCores = (name: string, absent = '0') =>
  number({
    does: `CPUs of each ${name} container beside its WEKA cores, for work outside the data path.`,
    unit: 'cores',
    absent,
  });
const hugepages = (name: string, absent: string) =>
  number({ does: `Huge pages of 2 MiB for each ${name} container.`, unit: 'MiB', absent, change: 'newOnly' });

const backends = {
  computeContainers: containers('compute', '6'),
  driveContainers: containers('drive', '6'),
  computeCores: cores('compute'),
  driveCores: cores('drive'),
  computeExtraCores: extraCores('compute'),
  driveExtraCores: extraCores('drive'),
  computeHugepages: hugepages(
    'compute',
    'the larger of 3000 x computeCores and 1700 x computeCores plus its share of the raw capacity (1 MiB for 1000 MiB of TLC or 6000 MiB of QLC)',
  ),
  computeHugepagesOffset: offset('compute', '200'),
  driveHugepages: hugepages('drive', '1400 x driveCores + 200 x numDrives; with containerCapacity 1600 x driveCores'),
  driveHugepagesOffset: offset('drive', '200 x numDrives; with containerCapacity 200 x driveCores'),
};

const drives = {
  numDrives: number({
    does: 'Drives of each drive container: whole drives, or virtual drives of driveCapacity. Not together with containerCapacity.',
    unit: 'drives',
    absent: '1; with containerCapacity 0',
    change: 'newOnly',
  }),
  driveCapacity: number({
    does: 'Size of each virtual drive when drives are shared; TLC only. Greater than 0, with at least one drive per drive core. Sharing or not cannot be changed later.',
    unit: 'GiB',
    absent: 'drives are not shared',
    change: 'newOnly',
  }),
  containerCapacity: number({
    does: 'Capacity of each drive container when drives are shared, from TLC and QLC by driveTypesRatio. Greater than 0. Sharing or not cannot be changed later.',
    unit: 'GiB',
    absent: 'drives are not shared by capacity',
    change: 'newOnly',
  }),
  driveTypesRatio: optional(
    driveTypesRatio({
      does: 'How containerCapacity splits into TLC and QLC. Not together with driveCapacity.',
      absent: 'what the operator is installed with; TLC only unless that says otherwise',
      change: 'newOnly',
    }),
  ),
};

const frontend = <P extends string>(prefix: P, name: string, pages: string) =>
  ({
    [`${prefix}Containers`]: containers(name, '0'),
    [`${prefix}Cores`]: cores(name),
    [`${prefix}ExtraCores`]: extraCores(name, '1'),
    [`${prefix}FrontendHugepages`]: hugepages(name, pages),
    [`${prefix}FrontendHugepagesOffset`]: offset(name, '200'),
  }) as Record<`${P}Containers` | `${P}Cores` | `${P}ExtraCores` | `${P}FrontendHugepages`, ReturnType<typeof number>> &
    Record<`${P}FrontendHugepagesOffset`, ReturnType<typeof offset>>;

const protocols = {
  ...frontend('s3', 'S3', '1400 x s3Cores'),
  envoyCores: number({
    does: 'CPUs of the load balancer beside each S3 container.',
    unit: 'cores',
    absent: '1',
    change: 'newOnly',
  }),
  ...frontend('nfs', 'NFS', '1400 x nfsCores'),
  ...frontend('smbw', 'SMB-W', '1400 x smbwCores'),
  dataServicesContainers: containers('data services', '0'),
  dataServicesCores: cores('data services'),
  dataServicesExtraCores: extraCores('data services'),
  dataServicesHugepages: hugepages('data services', '1536'),
  dataServicesHugepagesOffset: offset('data services', '200'),
};

/** spec.dynamicTemplate: how many containers of each role, and how large. */
export const dynamicTemplate = Type.Object(
  { ...backends, ...drives, ...protocols },
  field({
    does: 'The shape of the cluster: containers by role and their size. Used when template is dynamic.',
    absent: 'the default of every field',
    change: 'newOnly',
  }),
);
