import type { PackageKey } from './package';
import { DIST_PATH, packageId, packagePath } from './package';
import { WEKA_REGISTRY } from './registry-answer';

/** Under which path a registry keeps the package of a key. */
export interface PackageNamer {
  /** `undefined`: not known. Where it is known, a 404 means that the registry does not have the package. */
  path(key: PackageKey): string | undefined;
}

/** Mirrors and other distribution services of this operator: the name follows from the key. */
export const ownLayout: PackageNamer = { path: (key) => packagePath(packageId(key)) };

/**
 * WEKA's registry: `<version>-<kernel signature>.tar.gz`. Only WEKA's own program computes the signature of a kernel;
 * `signatureOf` knows those that were learned.
 */
export const wekaLayout = (signatureOf: (key: PackageKey) => string | undefined): PackageNamer => ({
  path: (key) => {
    const signature = signatureOf(key);
    const name = `${key.wekaVersion}-${signature}`;
    // A digest in place of a tag, or a signature that is none, must not leave the directory.
    return signature !== undefined && /^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(name) && !name.includes('..')
      ? `${DIST_PATH}/${name}.tar.gz`
      : undefined;
  },
});

/** The layout of the registry at a URL: WEKA's own, and ours everywhere else. */
export const namerFor = (
  registry: string,
  signatureOf: (key: PackageKey) => string | undefined = () => undefined,
): PackageNamer =>
  new URL(registry).hostname === new URL(WEKA_REGISTRY).hostname ? wekaLayout(signatureOf) : ownLayout;
