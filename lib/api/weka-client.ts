import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import type { JsonObject } from '../base/json';
import { isJsonObject } from '../base/json';
import { ageColumn, messageColumn, readyColumn, textColumn } from './columns';
import { commonStatus } from './common';
import type { PrinterColumn, Rule } from './kind';
import { defineKind } from './kind';
import type { SpecDoc } from './field';
import { atomicList, duration, field, optional, stringMap } from './field';
import { network } from './network';
import {
  cell,
  coreIds,
  cpuPolicy,
  csiAdvanced,
  effective,
  entityCounters,
  objectReference,
  podResources,
  portRange,
  pvcConfig,
  rawTolerations,
  tolerationKeys,
  tracesConfiguration,
  upgradePolicy,
} from './shared-spec';

const text = (does: string, absent: string, change: SpecDoc['change'] = 'pod') =>
  optional(Type.String(field({ does, absent, change })));
const flag = (does: string, change: SpecDoc['change'] = 'live') =>
  optional(Type.Boolean(field({ does, absent: 'false', change })));

const images = {
  image: Type.String(
    field({
      does: 'WEKA image, with a version tag, a digest, or both. A change is the upgrade, under upgradePolicy.',
      change: 'rolls',
    }),
  ),
  imagePullSecret: text('Secret of this namespace for pulling the image.', 'none'),
  driversDistService: text(
    'Where nodes get drivers: a URL, or host:port, which means https. A Service of a WekaPolicy here, or a registry of built drivers.',
    "WEKA's registry of built drivers, through the operator",
  ),
  driversLoaderImage: text('Former place of overrides.driversLoaderImage, which wins where both are given.', 'none'),
  upgradePolicy: optional(
    upgradePolicy({ does: 'How an image change reaches running containers.', absent: 'rolling', change: 'live' }),
  ),
  allowHotUpgrade: flag('Upgrades a container while its node has active mounts, which pause meanwhile.'),
};

const joining = {
  targetCluster: optional(
    objectReference({
      does: 'The WekaCluster to join, in this Kubernetes cluster. Once set it stays: data in use would be lost.',
      absent: 'joinIpPorts say where to join',
      change: 'immutable',
    }),
  ),
  joinIpPorts: optional(
    atomicList(
      Type.String(),
      field({
        does: 'IP:PORT of backends of a WEKA cluster outside this Kubernetes cluster. Used where targetCluster is absent.',
        absent: 'none',
        change: 'newOnly',
      }),
    ),
  ),
  wekaSecretRef: text(
    'Secret of this namespace with the credentials for joining.',
    'weka-client-NAME for the targetCluster called NAME; else none',
  ),
  autoRemoveTimeout: optional(
    duration(
      field({
        does: 'After how long the WEKA cluster forgets a client that does not come back.',
        unit: 'duration, as 24h',
        absent: '24h',
      }),
    ),
  ),
};

const placement = {
  nodeSelector: optional(
    stringMap(
      field({
        does: 'Labels of the nodes that get a client. Nodes that come to match get one; from nodes that cease to, it is removed only where the operator is told so.',
        absent: 'every node',
        change: 'live',
      }),
    ),
  ),
  tolerations: optional(
    tolerationKeys({
      does: 'Keys of taints that clients tolerate, with any value, for NoExecute and NoSchedule. New ones reach running Pods.',
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
  serviceAccountName: text('ServiceAccount of this namespace that Pods run under.', 'default', 'newOnly'),
};

const port = (does: string) =>
  optional(Type.Integer(field({ does, unit: 'port number', absent: '0, a free one within portRange' })));
const networking = {
  network: optional(
    network({ does: 'Interfaces and addresses of clients.', absent: 'UDP on the interface of the default route' }),
  ),
  port: port('First of the ports of each client, the same on every node.'),
  agentPort: port('Port of the WEKA agent of each client, the same on every node.'),
  portRange: optional(
    portRange({ does: 'Where free ports are searched when port or agentPort is absent.', absent: '45000 to 65535' }),
  ),
};

const cpuAndMemory = {
  cpuPolicy: optional(
    cpuPolicy({
      does: 'How WEKA cores become CPUs: dedicated_ht (both threads of each core), dedicated (one CPU each), manual (coreIds, not reserved), shared (as manual, out of use), auto (dedicated_ht where the node has hyperthreads, else dedicated).',
      absent: 'auto',
    }),
  ),
  cpuRequest: text('Accepted and not acted upon; set resources.requests.cpu instead.', 'none', 'nothing'),
  coresNum: optional(
    Type.Integer(
      field({
        does: 'WEKA cores of each client. Running clients take a higher number when next created; a lower one is for new clients only.',
        unit: 'cores',
        absent: '1',
      }),
    ),
  ),
  coreIds: optional(
    coreIds({
      does: 'Cores that every client is pinned to; used with cpuPolicy manual. Leave out their hyperthread siblings.',
      absent: 'none, and cpuPolicy manual then fails',
      change: 'newOnly',
    }),
  ),
  additionalMemory: optional(
    Type.Integer(
      field({
        does: 'Memory of each client beside the computed amount; negative takes away.',
        unit: 'MiB',
        absent: '0',
      }),
    ),
  ),
  resources: optional(
    podResources({
      does: 'Requests and limits of Pods in place of the computed ones: CPU with cpuPolicy manual or shared, memory always.',
      absent: 'computed',
      change: 'newOnly',
    }),
  ),
  hugepages: optional(
    Type.Integer(
      field({
        does: 'Huge pages of 2 MiB for each client.',
        unit: 'MiB',
        absent: '1500 x coresNum',
        change: 'newOnly',
      }),
    ),
  ),
  hugepagesOffset: optional(
    Type.Integer(
      field({
        does: 'Part of the huge pages that WEKA does not use itself.',
        unit: 'MiB',
        absent: '200',
        change: 'newOnly',
      }),
    ),
  ),
  tracesConfiguration: optional(
    tracesConfiguration({ does: 'Disk space for traces.', absent: '10 GB for each I/O process, 20 GB left free' }),
  ),
  globalPVC: optional(
    pvcConfig({
      does: 'A claim for the state of all clients, where nodes have no disk for it. Running clients that have none take it when next created; it is never taken away.',
      absent: 'a directory on each node',
      change: 'newOnly',
    }),
  ),
};

const wekaHomeClient = (doc: SpecDoc) =>
  Type.Object(
    {
      cacertSecret: text(
        'Secret of this namespace with the CA certificate of WEKA Home under the key cert.pem.',
        'what the operator is installed with',
        'newOnly',
      ),
    },
    field(doc),
  );

const csiConfig = Type.Object(
  {
    csiGroup: text(
      'Name that CSI objects of this client share with other clients; the driver is called NAME.weka.io. Used where targetCluster is absent.',
      'csi',
      'newOnly',
    ),
    disableControllerCreation: flag('Installs the CSI node plugin only; the controller runs elsewhere.'),
    advanced: optional(
      csiAdvanced({
        does: 'Settings of the CSI plugin itself.',
        absent: 'those of the target cluster',
        change: 'rolls',
      }),
    ),
  },
  field({ does: 'The CSI plugin on the nodes of this client. Experimental.', absent: 'defaults', change: 'live' }),
);

const overrides = Type.Object(
  {
    driversBuildId: text('Build of the drivers to ask the distribution service for.', 'found out on each node'),
    driversLoaderImage: text('Image that loads the drivers.', 'the loader of the operator'),
    machineIdentifierNodeRef: text(
      'Path of the field of the Node object that identifies the machine to WEKA.',
      'what the node annotation weka.io/machine-identifier-ref names, else the machine itself',
      'newOnly',
    ),
    forceDrain: flag('Unsafe. Drops all I/O of mounts when a client is removed, instead of waiting for them.'),
    skipActiveMountsCheck: flag('Removes clients without waiting until their nodes have no active mounts.'),
    umountOnHost: flag('Unsafe. Unmounts every WEKA mount of the node itself when a client is removed.'),
    dropAffinityConstraints: flag('Unsafe. Allows several clients on one node.', 'pod'),
    wekaContainerName: text(
      'Name that WEKA gives the container on its node, the same on every node.',
      'made from the UID of this object',
      'newOnly',
    ),
  },
  field({ does: 'Switches of last resort, for use with WEKA support.', absent: 'none', change: 'live' }),
);

const spec = Type.Object(
  {
    ...images,
    ...joining,
    ...placement,
    ...networking,
    ...cpuAndMemory,
    wekaHome: optional(
      wekaHomeClient({
        does: 'Reporting to WEKA Home; the rest of it is said at the cluster.',
        absent: 'as the operator is installed',
        change: 'newOnly',
      }),
    ),
    wekaHomeConfig: optional(
      wekaHomeClient({
        does: 'Former name of wekaHome; accepted and not acted upon.',
        absent: 'none',
        change: 'nothing',
      }),
    ),
    csiConfig: optional(csiConfig),
    overrides: optional(overrides),
  },
  { description: 'The clients that are wanted.' },
);
export type WekaClientSpec = Static<typeof spec>;

/** WEKA's own phases. Not an enum in the schema: newer operators add to it. */
export const CLIENT_PHASES = ['Init', 'Running', 'Upgrading', 'Destroying'] as const;
export type ClientPhase = (typeof CLIENT_PHASES)[number];

const status = Type.Object(
  {
    ...commonStatus,
    status: optional(Type.String(field({ says: `Phase of its life: ${CLIENT_PHASES.join(', ')}.` }))),
    lastAppliedSpec: optional(Type.String(field({ says: 'Digest of the settings last passed on to containers.' }))),
    stats: optional(
      Type.Object(
        { containers: optional(entityCounters('clients')) },
        field({ says: 'Measurements of the running clients.' }),
      ),
    ),
    printer: optional(
      Type.Object(
        {
          containers: optional(cell('Clients: active/created/desired.')),
          drivers: optional(cell('Nodes with the driver loaded, of those that need it.')),
          version: optional(cell('The WEKA version that runs on every node.')),
        },
        field({ says: 'Cells of the columns of kubectl get.' }),
      ),
    ),
    effective,
  },
  { description: 'What the operator observed of the clients.' },
);
export type WekaClientStatus = Static<typeof status>;

const targetOf = (spec: JsonObject | undefined) => {
  const target = spec?.['targetCluster'];
  const part = (key: string) => (isJsonObject(target) && typeof target[key] === 'string' ? target[key] : '');
  return { name: part('name'), namespace: part('namespace') };
};
const rules: readonly Rule[] = [
  {
    id: 'target-cluster-fixed',
    path: 'spec',
    transition: true,
    // Not by optional selection (`?.`): the API server then cannot bound the length of names and refuses the rule as too dear.
    // `namespace` is a reserved word of CEL, spelled __namespace__.
    cel:
      '!has(oldSelf.targetCluster) || oldSelf.targetCluster.name == "" || (has(self.targetCluster) && ' +
      'self.targetCluster.name == oldSelf.targetCluster.name && (!has(oldSelf.targetCluster.__namespace__) || ' +
      'oldSelf.targetCluster.__namespace__ == "" || (has(self.targetCluster.__namespace__) && ' +
      'self.targetCluster.__namespace__ == oldSelf.targetCluster.__namespace__)))',
    message:
      'targetCluster is fixed once set: its clients are members of that cluster. To move nodes: make a second WekaClient for the other cluster ' +
      'and change the node labels that the two nodeSelectors name, node by node, when nothing is mounted there.',
    holds: (self, oldSelf) => {
      const was = targetOf(oldSelf);
      const is = targetOf(self);
      return was.name === '' || (is.name === was.name && (was.namespace === '' || is.namespace === was.namespace));
    },
  },
];

const printerColumns: readonly PrinterColumn[] = [
  readyColumn('Whether every selected node has a joined client.'),
  textColumn('Status', '.status.status', 'Phase of its life.'),
  textColumn(
    'Target Cluster',
    '.spec.targetCluster.name',
    'The WekaCluster joined, if it is in this Kubernetes cluster.',
  ),
  { name: 'Desired', type: 'integer', jsonPath: '.status.stats.containers.desired', description: 'Clients wanted.' },
  {
    name: 'Joined',
    type: 'integer',
    jsonPath: '.status.stats.containers.active',
    description: 'Clients that are members of the WEKA cluster.',
  },
  textColumn('Drivers', '.status.printer.drivers', 'Nodes with the driver loaded, of those that need it.'),
  textColumn('Version', '.status.printer.version', 'The WEKA version that runs.'),
  ageColumn,
  {
    name: 'Cores',
    type: 'integer',
    jsonPath: '.spec.coresNum',
    description: 'WEKA cores of each client.',
    priority: 1,
  },
  textColumn('Containers(A/C/D)', '.status.printer.containers', 'Clients: active/created/desired.', 1),
  textColumn('Join IPs', '.spec.joinIpPorts', 'Backends joined outside this Kubernetes cluster.', 1),
  messageColumn,
];

/** WekaClient. */
export const wekaClient = defineKind({
  kind: 'WekaClient',
  plural: 'wekaclients',
  singular: 'wekaclient',
  shortNames: ['wcl'],
  scope: 'Namespaced',
  description:
    'A fleet of WEKA clients: one container on each selected node, joined to a WekaCluster or to a WEKA cluster elsewhere, ' +
    'so that Pods there can mount its filesystems. A client leaves its node only when nothing is mounted there.',
  spec,
  status,
  printerColumns,
  rules,
});
