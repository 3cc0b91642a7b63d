import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import { ageColumn, messageColumn, readyColumn, textColumn } from './columns';
import { commonStatus, toleration } from './common';
import {
  blockDrivesRule,
  discoverDrivesPayload,
  ensureNicsPayload,
  operationResults,
  payloadRule,
  remoteTracesSessionPayload,
  signDrivesPayload,
  signDrivesRules,
} from './drives-payloads';
import { atomicList, duration, field, listMap, oneOf, optional, time } from './field';
import { defineKind } from './kind';

/** What an operation can do. */
export const MANUAL_OPERATION_ACTIONS = [
  'sign-drives',
  'discover-drives',
  'block-drives',
  'unblock-drives',
  'force-resign-drives',
  'ensure-nics',
  'remote-traces-session',
] as const;

const strings = (does: string) =>
  optional(
    atomicList(
      Type.String({ description: 'One entry of the list.' }),
      field({ does, absent: 'none', change: 'reruns' }),
    ),
  );

const blockDrivesPayload = optional(
  Type.Object(
    {
      node: Type.String(field({ does: 'Node that holds the drives.', change: 'reruns' })),
      serialIDs: strings('Serial numbers of the drives to block or unblock.'),
      physicalUUIDs: strings('Physical UUIDs of shared drives to block or unblock.'),
    },
    field({
      does: 'Which drives block-drives and unblock-drives act on.',
      absent: 'none; required by these actions',
      change: 'reruns',
    }),
  ),
);

const forceResignDrivesPayload = optional(
  Type.Object(
    {
      nodeName: Type.String(field({ does: 'Node that holds the drives.', change: 'reruns' })),
      deviceSerials: strings('Serial numbers of the drives to sign again; read when devicePaths is empty.'),
      devicePaths: strings('Device paths of the drives to sign again; taken before deviceSerials.'),
    },
    field({
      does: 'Which drives force-resign-drives signs again, which destroys the data on them.',
      absent: 'none; required by force-resign-drives',
      change: 'reruns',
    }),
  ),
);

const spec = Type.Object({
  action: oneOf(MANUAL_OPERATION_ACTIONS, field({ does: 'What to do, once.', change: 'reruns' })),
  payload: Type.Object(
    {
      signDrivesPayload,
      blockDrivesPayload,
      discoverDrivesPayload,
      ensureNICsPayload: ensureNicsPayload,
      forceResignDrivesPayload,
      remoteTracesSessionPayload,
    },
    field({
      does: 'The particulars of the action: the key that belongs to it is read, the others are ignored.',
      change: 'reruns',
    }),
  ),
  image: optional(
    Type.String(
      field({
        does: 'Image that runs the action on the nodes.',
        absent: 'the image that the operator is configured with for this action',
        change: 'newOnly',
      }),
    ),
  ),
  imagePullSecret: optional(
    Type.String(
      field({
        does: 'Secret to pull the image with, in the namespace of this object.',
        absent: 'none',
        change: 'newOnly',
      }),
    ),
  ),
  tolerations: optional(
    atomicList(
      toleration,
      field({ does: 'Taints that the Pods of the action tolerate.', absent: 'none', change: 'newOnly' }),
    ),
  ),
  serviceAccountName: optional(
    Type.String(field({ does: 'Service account of the Pods of the action.', absent: 'default', change: 'newOnly' })),
  ),
  deletionDelay: optional(
    duration(
      field(
        {
          does: 'How long the object stays after the action is done; 0 deletes it at once.',
          unit: 'duration (90s, 5m)',
          absent: '5m',
          change: 'live',
        },
        { default: '5m' },
      ),
    ),
  ),
});

const status = Type.Object({
  ...commonStatus,
  status: optional(Type.String(field({ says: 'Phase: empty, Running, Done or Failed.' }))),
  result: optional(
    Type.String(
      field({
        says: 'The outcome as JSON in a string, in the form that scripts already read; results holds it typed.',
      }),
    ),
  ),
  completedAt: optional(time(field({ says: 'When the action was done.' }))),
  progress: optional(Type.String(field({ says: 'Nodes finished of nodes chosen, as 3/5.' }))),
  results: optional(listMap(operationResults, ['node'], field({ says: 'The outcome on each node.' }))),
});

/** WekaManualOperation: something done once. */
export const wekaManualOperation = defineKind({
  kind: 'WekaManualOperation',
  plural: 'wekamanualoperations',
  singular: 'wekamanualoperation',
  shortNames: ['wmo'],
  scope: 'Namespaced',
  description:
    'Something done once on chosen nodes: signing, discovering, blocking or unblocking drives, attaching network interfaces, streaming traces. It deletes itself some time after it is done.',
  spec,
  status,
  printerColumns: [
    textColumn('Action', '.spec.action', 'What is done'),
    readyColumn('Whether it is done'),
    textColumn('Status', '.status.status', 'Phase'),
    textColumn('Progress', '.status.progress', 'Nodes finished of nodes chosen'),
    { name: 'Completed', type: 'date', jsonPath: '.status.completedAt', description: 'When it was done' },
    ageColumn,
    textColumn('Result', '.status.result', 'The outcome as JSON', 1),
    messageColumn,
  ],
  rules: [
    payloadRule('action', 'sign-drives', 'signDrivesPayload'),
    payloadRule('action', 'block-drives', 'blockDrivesPayload'),
    payloadRule('action', 'unblock-drives', 'blockDrivesPayload'),
    payloadRule('action', 'force-resign-drives', 'forceResignDrivesPayload'),
    payloadRule('action', 'ensure-nics', 'ensureNICsPayload'),
    payloadRule('action', 'remote-traces-session', 'remoteTracesSessionPayload'),
    ...signDrivesRules,
    blockDrivesRule,
  ],
});

export type WekaManualOperationSpec = Static<typeof spec>;
export type WekaManualOperationStatus = Static<typeof status>;
