import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import { ageColumn, messageColumn, readyColumn, textColumn } from './columns';
import { commonStatus } from './common';
import { field, listMap, oneOf, optional, quantity, setList, time } from './field';
import { defineKind } from './kind';

const SHA256 = '^[0-9a-f]{64}$';

const desiredDriver = Type.Object(
  {
    wekaVersion: Type.String(
      field({ does: 'WEKA version whose driver the node shall hold.', change: 'rolls' }, { minLength: 1 }),
    ),
    image: optional(
      Type.String(field({ does: 'Image of the loader.', absent: 'the image of the operator', change: 'rolls' })),
    ),
    imagePullSecret: optional(
      Type.String(
        field({
          does: 'Secret to pull the loader image with, in the namespace of the operator.',
          absent: 'none',
          change: 'rolls',
        }),
      ),
    ),
    kernel: optional(
      Type.String(
        field({ does: 'Kernel release that the package was chosen for.', absent: 'the observed one', change: 'rolls' }),
      ),
    ),
    architecture: optional(
      Type.String(
        field({
          does: 'Architecture that the package was chosen for, as the Node reports it.',
          absent: 'the observed one',
          change: 'rolls',
        }),
      ),
    ),
    digest: optional(
      Type.String(
        field(
          {
            does: 'SHA-256 of the package; no other bytes are loaded.',
            unit: '64 hexadecimal digits',
            absent: 'not known yet: nothing is loaded',
            change: 'rolls',
          },
          { pattern: SHA256 },
        ),
      ),
    ),
    claimants: optional(
      setList(
        Type.String({ description: 'Kind, namespace and name of one object.' }),
        field({ does: 'Who wants a driver on the node.', absent: 'nobody', change: 'live' }),
      ),
    ),
    waiting: optional(
      Type.Object(
        {
          wekaVersion: Type.String(field({ does: 'WEKA version that is waited for.', change: 'live' })),
          reason: Type.String(field({ does: 'Why, as one word.', change: 'live' })),
          message: Type.String(field({ does: 'Why, as a sentence that names what to do.', change: 'live' })),
        },
        field({
          does: 'What the node waits for before it gets the driver it shall have next; until then it keeps the one above.',
          absent: 'nothing stands in the way',
          change: 'live',
        }),
      ),
    ),
    target: optional(
      Type.String(
        field({
          does: 'The loader that shall serve the node: the value of its label weka.io/drivers-target.',
          absent: 'none yet: the package is not there, or the node waits for its turn',
          change: 'rolls',
        }),
      ),
    ),
    distEndpoint: optional(
      Type.String(
        field({
          does: 'Where the package is fetched; an endpoint without a scheme means https.',
          absent: 'the distribution service of the operator',
          change: 'live',
        }),
      ),
    ),
  },
  field({
    does: 'The driver that the node shall hold; written by the operator alone, from what clusters and clients demand.',
    absent: 'none is demanded',
    change: 'rolls',
  }),
);

const spec = Type.Object({
  driver: optional(desiredDriver),
  blockedDrives: optional(
    setList(
      Type.String({ description: 'One serial number.' }),
      field({
        does: 'Serial numbers of drives that an administrator has taken out of use; they are never handed out.',
        absent: 'none',
        change: 'live',
      }),
    ),
  ),
  blockedDriveUUIDs: optional(
    setList(
      Type.String({ description: 'One physical UUID.' }),
      field({
        does: 'Physical UUIDs of shared drives that an administrator has taken out of use.',
        absent: 'none',
        change: 'live',
      }),
    ),
  ),
});

const loadedModule = Type.Object(
  {
    name: Type.String(field({ says: 'Name of the module as /sys/module shows it.' })),
    srcversion: optional(Type.String(field({ says: 'srcversion of the module as it is loaded.' }))),
    holders: optional(
      setList(
        Type.String({ description: 'Name of one module.' }),
        field({ says: 'Loaded modules that depend on it.' }),
      ),
    ),
  },
  { description: 'A kernel module of WEKA that is loaded.' },
);

const drive = Type.Object(
  {
    serial: Type.String(field({ says: 'Serial number.' })),
    path: optional(Type.String(field({ says: 'Stable device path.' }))),
    model: optional(Type.String(field({ says: 'Model as the drive reports it.' }))),
    capacity: optional(quantity(field({ says: 'Capacity.', unit: 'bytes, or a quantity (7Ti)' }))),
    physicalUUID: optional(Type.String(field({ says: 'Physical UUID of a drive that was signed for sharing.' }))),
    state: optional(
      oneOf(
        ['signed', 'blocked', 'free'],
        field({ says: 'signed: ready for WEKA; blocked: taken out of use; free: not signed.' }),
      ),
    ),
  },
  { description: 'A drive of the node.' },
);

const installedKernel = Type.Object(
  {
    release: Type.String(field({ says: 'Kernel release.' })),
    headers: optional(
      Type.Boolean(field({ says: 'Whether its headers are there, so that modules can be built for it.' })),
    ),
  },
  { description: 'A kernel that is installed on the node, booted or not.' },
);

const hugepages = Type.Object(
  {
    size: Type.String(field({ says: 'Size of a page: 2Mi or 1Gi.' })),
    total: optional(Type.Integer(field({ says: 'Pages that the node has set aside.', unit: 'pages' }))),
  },
  { description: 'Huge pages of one size.' },
);

const lastFailure = Type.Object(
  {
    reason: optional(Type.String(field({ says: 'Code of the errors table.' }))),
    message: optional(Type.String(field({ says: 'What failed and what to do.' }))),
    time: optional(time(field({ says: 'When it first failed this way.' }))),
  },
  field({ says: 'The last thing that failed on the node; absent when it has succeeded since.' }),
);

const loadedDriver = Type.Object(
  {
    wekaVersion: optional(Type.String(field({ says: 'WEKA version of the loaded driver.' }))),
    digest: optional(
      Type.String(field({ says: 'SHA-256 of the package it came from.', unit: '64 hexadecimal digits' })),
    ),
  },
  field({ says: 'The driver that is loaded.' }),
);

const status = Type.Object({
  ...commonStatus,
  nodeUID: optional(
    Type.String(field({ says: 'UID of the Node that was observed; another UID voids everything below.' })),
  ),
  bootID: optional(Type.String(field({ says: 'Boot that was observed; another one voids what was loaded.' }))),
  kernel: optional(Type.String(field({ says: 'Kernel release, as uname -r prints it.' }))),
  architecture: optional(Type.String(field({ says: 'Architecture, as the Node reports it: amd64 or arm64.' }))),
  osImage: optional(Type.String(field({ says: 'Operating system, as the Node reports it.' }))),
  secureBoot: optional(
    oneOf(
      ['Enabled', 'Disabled', 'Unsupported'],
      field({ says: 'Whether the firmware lets only signed modules load: Enabled, Disabled or Unsupported.' }),
    ),
  ),
  signaturesEnforced: optional(
    Type.Boolean(field({ says: 'Whether the kernel refuses modules that no trusted key has signed.' })),
  ),
  installedKernels: optional(
    listMap(installedKernel, ['release'], field({ says: 'Kernels that are installed, booted or not.' })),
  ),
  mounts: optional(
    setList(
      Type.String({ description: 'One mount point.' }),
      field({ says: 'Where file systems of WEKA are mounted; twenty at most.' }),
    ),
  ),
  driver: optional(loadedDriver),
  modules: optional(listMap(loadedModule, ['name'], field({ says: 'Loaded modules of WEKA.' }))),
  drives: optional(listMap(drive, ['serial'], field({ says: 'Drives that could serve WEKA or do.' }))),
  hugepages: optional(listMap(hugepages, ['size'], field({ says: 'Huge pages by size.' }))),
  lastFailure: optional(lastFailure),
  nextRetry: optional(time(field({ says: 'When what failed is tried again.' }))),
  goneSince: optional(
    time(
      field({
        says: 'Since when the Node has been missing; the object is removed seven days later when nothing refers to it.',
      }),
    ),
  ),
});

/** WekaNode: what is wanted of one node, and what was seen there. */
export const wekaNode = defineKind({
  kind: 'WekaNode',
  plural: 'wekanodes',
  singular: 'wekanode',
  shortNames: ['wn'],
  scope: 'Cluster',
  description:
    'What is wanted of one Node, whose name it bears, and what was observed there: driver, drives, huge pages, the last failure and the next retry. Made by the operator; of its spec, users write only the blocked drives. It outlives the Node, so that a node that is registered again keeps what an administrator decided.',
  spec,
  status,
  printerColumns: [
    readyColumn('Whether the node has what is wanted'),
    textColumn('Status', '.status.conditions[?(@.type=="Ready")].reason', 'Why'),
    textColumn('Driver', '.status.driver.wekaVersion', 'WEKA version of the loaded driver'),
    textColumn('Kernel', '.status.kernel', 'Kernel release'),
    ageColumn,
    textColumn('Wanted', '.spec.driver.wekaVersion', 'WEKA version of the wanted driver', 1),
    textColumn('Arch', '.status.architecture', 'Architecture', 1),
    textColumn('Secure-Boot', '.status.secureBoot', 'Whether only signed modules load', 1),
    textColumn('Failure', '.status.lastFailure.reason', 'The last failure', 1),
    textColumn('Next-Retry', '.status.nextRetry', 'When it is tried again', 1),
    messageColumn,
  ],
  rules: [],
});

export type WekaNodeSpec = Static<typeof spec>;
export type WekaNodeStatus = Static<typeof status>;
