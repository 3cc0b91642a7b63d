import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import { field, listMap, oneOf, optional, time } from './field';

/** How a driver package stands with the distribution service that shall hold it. */
export const PACKAGE_STATES = [
  'Stored',
  'Mirroring',
  'Uploading',
  'Building',
  'Queued',
  'Failed',
  'Asking',
  'Waiting',
  'Unavailable',
  'Unused',
] as const;

/** Whose word the digest of a package is: the builder's, the registry's, or that of the first who had it. */
export const PACKAGE_SOURCES = ['built', 'registry', 'pinned'] as const;

const driverPackage = Type.Object(
  {
    id: Type.String(field({ says: 'Name of the package at the distribution service, without its ending.' })),
    wekaVersion: optional(Type.String(field({ says: 'WEKA version that it is for.' }))),
    kernel: optional(Type.String(field({ says: 'Kernel release that it is for, as uname -r prints it.' }))),
    architecture: optional(Type.String(field({ says: 'Architecture that it is for: amd64 or arm64.' }))),
    state: optional(
      oneOf(
        PACKAGE_STATES,
        field({
          says: 'Stored: verified and served; Mirroring, Uploading, Building: on its way; Queued: waits for other builds; Failed: the build failed and is tried again; Asking, Waiting: the registry has not said whether it has it; Unavailable: nobody has it and it cannot be built; Unused: nobody needs its WEKA version any more.',
        }),
      ),
    ),
    source: optional(
      oneOf(
        PACKAGE_SOURCES,
        field({
          says: 'Whose word the digest is: built in this cluster, from the registry, or pinned when it was first seen.',
        }),
      ),
    ),
    sha256: optional(Type.String(field({ says: 'SHA-256 of the package.', unit: '64 hexadecimal digits' }))),
    size: optional(Type.Integer(field({ says: 'Size of the package.', unit: 'bytes' }, { format: 'int64' }))),
    buildSeconds: optional(Type.Integer(field({ says: 'How long its build took.', unit: 'seconds' }))),
    reason: optional(Type.String(field({ says: 'Why it is in this state, as one CamelCase word.' }))),
    message: optional(Type.String(field({ says: 'Why, as a sentence that names what to do; absent when stored.' }))),
    since: optional(time(field({ says: 'Since when it has been in this state.' }))),
    unusedSince: optional(
      time(field({ says: 'Since when nobody has needed its WEKA version; it is removed a day later.' })),
    ),
  },
  { description: 'A driver package.' },
);

export type DriverPackage = Static<typeof driverPackage>;

/** A list of driver packages, merged by id. */
export const driverPackages = (says: string) => optional(listMap(driverPackage, ['id'], field({ says })));
