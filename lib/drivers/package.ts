import type { KernelRelease } from '../base/kube-object';

/** What a driver package is for: the request key, immutable. Two keys are equal when all three parts are. */
export interface PackageKey {
  /** WEKA version as the image names it: `4.4.5.118-k8s.4`, or the digest of an image without a tag. */
  readonly wekaVersion: string;
  /** `uname -r` of the kernel the modules are loaded into. */
  readonly kernel: KernelRelease;
  /** As Kubernetes reports it in nodeInfo: `amd64`, `arm64`. */
  readonly architecture: string;
}

/** The one text of a package key, for slots, maps and sorting. */
export const packageKeyString = (key: PackageKey): string => `${key.wekaVersion} ${key.kernel} ${key.architecture}`;

/**
 * The WEKA version that an image reference stands for: its tag, or its digest where there is no tag.
 * `undefined` for a reference with neither: then nobody can say which drivers it needs.
 */
export const wekaVersionOf = (image: string): string | undefined => {
  const [reference = '', digest] = image.split('@', 2);
  const tag = /:([^:/]+)$/.exec(reference)?.[1];
  return tag ?? digest;
};
