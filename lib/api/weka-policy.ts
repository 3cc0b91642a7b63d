import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import type { JsonObject } from '../base/json';
import { LABEL } from '../base/names';
import { ageColumn, messageColumn, readyColumn, textColumn } from './columns';
import { commonStatus, toleration } from './common';
import {
  discoverDrivesPayload,
  ensureNicsPayload,
  operationResults,
  payloadRule,
  remoteTracesSessionPayload,
  signDrivesPayload,
  signDrivesRules,
} from './drives-payloads';
import { atomicList, duration, field, listMap, oneOf, optional, quantity, stringMap, time } from './field';
import type { Rule } from './kind';
import { defineKind } from './kind';

/** What a policy can keep doing. */
export const POLICY_TYPES = [
  'enable-local-drivers-distribution',
  'sign-drives',
  'discover-drives',
  'ensure-nics',
  'remote-traces-session',
] as const;
/** Where driver packages come from. */
export const DRIVER_SOURCES = ['Local', 'RegistryThenLocal', 'Registry'] as const;

const strings = (does: string, absent: string) =>
  optional(atomicList(Type.String({ description: 'One entry of the list.' }), field({ does, absent, change: 'live' })));

const distStorage = Type.Object(
  {
    size: optional(
      quantity(
        field({
          does: 'Size of the volume claim that the operator makes for the packages.',
          unit: 'quantity (20Gi)',
          absent: '20Gi when storageClassName is given',
          change: 'newOnly',
        }),
      ),
    ),
    storageClassName: optional(
      Type.String(
        field({
          does: 'Storage class of the volume claim that the operator makes; naming one asks for a claim.',
          absent: 'the default class when size is given',
          change: 'newOnly',
        }),
      ),
    ),
    claimName: optional(
      Type.String(
        field({
          does: 'An existing volume claim in the namespace of this object to keep the packages in.',
          absent: 'none',
          change: 'rolls',
        }),
      ),
    ),
    hostPath: optional(
      Type.String(
        field(
          {
            does: 'Absolute directory on the node of the distribution service to keep the packages in.',
            absent: 'a directory under the WEKA directory of that node',
            change: 'rolls',
          },
          { pattern: '^/' },
        ),
      ),
    ),
  },
  field({
    does: 'Where the distribution service keeps packages: a claim to make, a claim that exists, or a directory of its node.',
    absent: 'a directory under the WEKA directory of the node it first runs on',
    change: 'rolls',
  }),
);

const driverDistPayload = optional(
  Type.Object(
    {
      ensureImages: strings(
        'WEKA images whose drivers are built before anything asks for them.',
        'only the images that clusters and clients use',
      ),
      nodeSelectors: optional(
        atomicList(
          stringMap({ description: 'Labels a node must carry, all of them.' }),
          field({
            does: 'Nodes that drivers are built for and on: those that match any of these selectors.',
            absent: 'all nodes',
            change: 'live',
          }),
        ),
      ),
      kernelLabelKey: optional(
        Type.String(
          field(
            { does: 'Node label that the operator keeps the kernel release in.', absent: LABEL.kernel, change: 'live' },
            { default: LABEL.kernel },
          ),
        ),
      ),
      architectureLabelKey: optional(
        Type.String(
          field(
            {
              does: 'Node label that the operator keeps the architecture in.',
              absent: LABEL.architecture,
              change: 'live',
            },
            { default: LABEL.architecture },
          ),
        ),
      ),
      osLabelKey: optional(
        Type.String(field({ does: 'Accepted for older documents and not used.', absent: 'none', change: 'nothing' })),
      ),
      builderImageOverride: optional(
        Type.String(
          field({
            does: 'Image of the builders in place of the WEKA image a driver is built for.',
            absent: 'the WEKA image itself',
            change: 'newOnly',
          }),
        ),
      ),
      builderPreRunScript: optional(
        Type.String(
          field({
            does: 'Shell script that each builder runs as root after it has checked the kernel and before it builds, for instance to install a compiler.',
            absent: 'none',
            change: 'newOnly',
          }),
        ),
      ),
      distNodeSelector: optional(
        stringMap(
          field({
            does: 'Labels of the nodes that the distribution service may run on.',
            absent: 'any node',
            change: 'rolls',
          }),
        ),
      ),
      extraBuildArgs: optional(
        atomicList(
          Type.String({ description: 'One argument, passed as it is.' }),
          field({
            does: 'Arguments added to the build command, one entry an argument; no shell reads them.',
            absent: 'none',
            change: 'newOnly',
          }),
        ),
      ),
      buildTimeout: optional(
        duration(
          field({
            does: 'How long one build may take before it counts as failed.',
            unit: 'duration (30m, 1h)',
            absent: '30m',
            change: 'newOnly',
          }),
        ),
      ),
      source: optional(
        oneOf(
          DRIVER_SOURCES,
          field(
            {
              does: 'Where packages come from: Local builds them in this cluster, RegistryThenLocal asks the registry first and builds what it lacks, Registry never builds.',
              absent: 'Local',
              change: 'live',
            },
            { default: 'Local' },
          ),
        ),
      ),
      storage: optional(distStorage),
    },
    field({
      does: 'How drivers are built and distributed inside the cluster.',
      absent: 'none; required by enable-local-drivers-distribution',
      change: 'live',
    }),
  ),
);

const spec = Type.Object({
  type: oneOf(POLICY_TYPES, field({ does: 'What to keep doing.', change: 'reruns' })),
  payload: Type.Object(
    {
      signDrivesPayload,
      schedulingConfigPayload: optional(
        Type.Object(
          {},
          field({ does: 'Accepted for older documents; it has no fields.', absent: 'none', change: 'nothing' }),
        ),
      ),
      discoverDrivesPayload,
      ensureNICsPayload: ensureNicsPayload,
      driverDistPayload,
      remoteTracesSessionPayload,
      interval: optional(
        duration(
          field(
            {
              does: 'The policy is looked at again at least this often, besides whenever something it reads changes; 0 means only then.',
              unit: 'duration (1m, 24h)',
              absent: '5m',
              change: 'live',
            },
            { default: '5m' },
          ),
        ),
      ),
      waitForPolicies: strings('Policies of this namespace that must be Ready before this one starts.', 'none'),
    },
    field({
      does: 'The particulars of the type: the key that belongs to it is read, the other payloads are ignored.',
      change: 'reruns',
    }),
  ),
  image: optional(
    Type.String(
      field({
        does: 'Image of what the policy runs: the distribution service of enable-local-drivers-distribution, the Pods of the others.',
        absent: 'the image that the operator is configured with for this type',
        change: 'rolls',
      }),
    ),
  ),
  imagePullSecret: optional(
    Type.String(
      field({
        does: 'Secret to pull images with, in the namespace of this object.',
        absent: 'none',
        change: 'newOnly',
      }),
    ),
  ),
  tolerations: optional(
    atomicList(
      toleration,
      field({ does: 'Taints that the Pods of the policy tolerate.', absent: 'none', change: 'newOnly' }),
    ),
  ),
  serviceAccountName: optional(
    Type.String(field({ does: 'Service account of the Pods of the policy.', absent: 'default', change: 'newOnly' })),
  ),
});

const status = Type.Object({
  ...commonStatus,
  status: optional(Type.String(field({ says: 'Phase: empty, Running, Done, Failed or Expired.' }))),
  result: optional(
    Type.String(
      field({
        says: 'The last outcome as JSON in a string, in the form that scripts already read; results holds it typed.',
      }),
    ),
  ),
  lastRunTime: optional(time(field({ says: 'When the outcome last changed.' }))),
  nextRunTime: optional(
    time(field({ says: 'When the policy is looked at again at the latest; absent when only changes wake it.' })),
  ),
  progress: optional(Type.String(field({ says: 'Finished of wanted, as 3/5: packages built, or nodes done.' }))),
  results: optional(listMap(operationResults, ['node'], field({ says: 'The last outcome on each node.' }))),
  typedStatus: optional(
    Type.Object(
      {
        distService: optional(
          Type.Object(
            {
              serviceUrl: optional(
                Type.String(
                  field({
                    says: 'URL of the distribution service: what driversDistService of clusters and clients may name.',
                  }),
                ),
              ),
            },
            field({ says: 'The distribution service of enable-local-drivers-distribution.' }),
          ),
        ),
      },
      field({ says: 'Status that belongs to one type.' }),
    ),
  ),
});

const any = (self: JsonObject, keys: readonly string[]): boolean => keys.some((key) => self[key] !== undefined);

const storageRules: readonly Rule[] = [
  {
    id: 'dist-storage-host-path-alone',
    path: 'spec.payload.driverDistPayload.storage',
    cel: '!has(self.hostPath) || !(has(self.claimName) || has(self.storageClassName) || has(self.size))',
    message: 'storage names a hostPath and a volume claim: keep hostPath, or claimName, or size and storageClassName',
    holds: (self) => !any(self, ['hostPath']) || !any(self, ['claimName', 'storageClassName', 'size']),
  },
  {
    id: 'dist-storage-claim-alone',
    path: 'spec.payload.driverDistPayload.storage',
    cel: '!has(self.claimName) || !(has(self.storageClassName) || has(self.size))',
    message: 'storage names an existing claim and describes a new one: keep claimName, or size and storageClassName',
    holds: (self) => !any(self, ['claimName']) || !any(self, ['storageClassName', 'size']),
  },
];

/** WekaPolicy: something kept true. */
export const wekaPolicy = defineKind({
  kind: 'WekaPolicy',
  plural: 'wekapolicies',
  singular: 'wekapolicy',
  shortNames: ['wpol'],
  scope: 'Namespaced',
  description:
    'Something kept true on chosen nodes for as long as the object exists: drivers built and distributed inside the cluster, drives signed or discovered, network interfaces attached, traces streamed.',
  spec,
  status,
  printerColumns: [
    textColumn('Type', '.spec.type', 'What is kept true'),
    readyColumn('Whether it is true now'),
    textColumn('Status', '.status.status', 'Phase'),
    textColumn('Progress', '.status.progress', 'Finished of wanted'),
    {
      name: 'Last-Run',
      type: 'date',
      jsonPath: '.status.lastRunTime',
      description: 'Time since the outcome last changed',
    },
    textColumn('Next-Run', '.status.nextRunTime', 'When it is looked at again at the latest'),
    ageColumn,
    textColumn('Interval', '.spec.payload.interval', 'How often it is looked at, at least', 1),
    textColumn('Result', '.status.result', 'The last outcome as JSON', 1),
    messageColumn,
  ],
  rules: [
    payloadRule('type', 'enable-local-drivers-distribution', 'driverDistPayload'),
    payloadRule('type', 'sign-drives', 'signDrivesPayload'),
    payloadRule('type', 'ensure-nics', 'ensureNICsPayload'),
    payloadRule('type', 'remote-traces-session', 'remoteTracesSessionPayload'),
    ...signDrivesRules,
    ...storageRules,
  ],
});

export type WekaPolicySpec = Static<typeof spec>;
export type WekaPolicyStatus = Static<typeof status>;
