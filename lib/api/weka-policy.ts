import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
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
import { driverDistPayload, storageRules, strings } from './driver-dist-payload';
import { driverPackages } from './driver-package';
import { atomicList, duration, field, listMap, oneOf, optional, time } from './field';
import { defineKind } from './kind';

/** What a policy can keep doing. */
export const POLICY_TYPES = [
  'enable-local-drivers-distribution',
  'sign-drives',
  'discover-drives',
  'ensure-nics',
  'remote-traces-session',
] as const;

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
              packages: driverPackages('Every package that is wanted, and those that nobody needs any more.'),
            },
            field({ says: 'The distribution service of enable-local-drivers-distribution.' }),
          ),
        ),
      },
      field({ says: 'Status that belongs to one type.' }),
    ),
  ),
});

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
