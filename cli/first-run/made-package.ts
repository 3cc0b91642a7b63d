import type { PackageKey } from '../../lib/drivers/package';

/** Where the first run finds what it needs; all of it lies in a checkout. */
export interface FirstRunPlaces {
  /** Sources of a driver: two small modules, the second needing the first. */
  readonly sources: string;
  /** Directory of packages built from them, for machines without kernel headers: `<package id>.tar.gz`. */
  readonly prebuilt: string;
  /** Of the installed kernels. @default /lib/modules */
  readonly modules?: string;
}

/** A package as a file, not yet looked into. */
export interface MadePackage extends PackageKey {
  readonly archive: Buffer;
  /** How it came to be; for people. */
  readonly how: string;
}
