/**
 * What a builder's container needs beyond its image. The headers of a kernel are spread over the node, and name each other
 * by absolute and relative links, so that they lie in the container where they lie on the node:
 *
 *   /lib/modules/RELEASE/build             → /usr/src/linux-headers-RELEASE
 *   /usr/src/linux-headers-RELEASE/scripts → ../../lib/linux-kbuild-6.1/scripts    (Debian)
 *
 * A host path knows no patterns and /usr/lib cannot be covered without hiding the image's own libraries: the node's is
 * mounted aside, and the agent makes a link in the container's /usr/lib for each linux-kbuild-* of it. That is also where
 * the agent reads which distribution the node runs, to name the package that is missing.
 */

/** A directory of the node, and where the container sees it, read-only. */
export interface BuildMount {
  readonly name: string;
  readonly hostPath: string;
  readonly mountPath: string;
}

/** Where the container sees the node's /usr/lib. */
export const NODE_LIBRARIES = '/host/usr/lib';

/** Directories of the node that a builder reads. Each exists on every distribution with packages of headers. */
export const BUILD_MOUNTS: readonly BuildMount[] = [
  { name: 'modules', hostPath: '/lib/modules', mountPath: '/lib/modules' },
  { name: 'sources', hostPath: '/usr/src', mountPath: '/usr/src' },
  { name: 'libraries', hostPath: '/usr/lib', mountPath: NODE_LIBRARIES },
];

/** Where it builds: an emptyDir, so that a container that is started again finds nothing half-built. */
export const BUILD_SCRATCH = { name: 'scratch', mountPath: '/var/lib/weka-build', sizeLimit: '4Gi' } as const;

/**
 * Capabilities of a builder's container, all others dropped: what installing a package in a pre-run script takes (apt
 * changes owners and modes, and drops to a user of its own). Without a script it needs none of them.
 */
export const PRE_RUN_CAPABILITIES: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'SETGID',
  'SETUID',
];

/** Where the driver sources of an image lie, unless its DRIVER_SOURCES says otherwise: a directory with a Kbuild or Makefile. */
export const DRIVER_SOURCES = '/opt/weka/driver-sources';
