import type { KernelRelease } from '../base/kube-object';
import { shortHash } from '../base/safe-names';

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

/** `key` without whatever else the object carries. */
export const packageKeyOf = ({ wekaVersion, kernel, architecture }: PackageKey): PackageKey => ({
  wekaVersion,
  kernel,
  architecture,
});

/** Leaves room for suffixes below the 255 bytes of a file name and the 253 of a ConfigMap key. */
const ID_LENGTH = 200;

/**
 * The package key as one word of letters, digits, dots, dashes and underscores: a file name, a path segment, a ConfigMap
 * key. Readable where it can be; it always ends in a hash of the exact key, so that two keys never share one
 * (`x86_64` and `x86_64+rt`, releases that differ behind a cut).
 */
export const packageId = (key: PackageKey): string => {
  const hash = shortHash(packageKeyString(key), 10);
  const readable = `${key.wekaVersion}_${key.kernel}_${key.architecture}`.replace(/[^A-Za-z0-9._-]+/g, '-');
  return `${readable.replace(/^[^A-Za-z0-9]+/, '').slice(0, ID_LENGTH - hash.length - 1)}_${hash}`;
};

/** What packageId gives, and nothing that could leave a directory. */
export const isPackageId = (text: string): boolean =>
  text.length <= ID_LENGTH && /^[A-Za-z0-9][A-Za-z0-9._-]*_[0-9a-f]{10}$/.test(text) && !text.includes('..');

/** Where WEKA's clients look for packages at a distribution service. */
export const DIST_PATH = '/dist/v1/drivers';

/** Path of a package at a distribution service; with `.sha256` behind it, that of its digest. */
export const packagePath = (id: string): string => `${DIST_PATH}/${id}.tar.gz`;

/** A SHA-256 as 64 lower-case hexadecimal digits. */
export const isSha256 = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

/**
 * The WEKA version that an image reference stands for: its tag, or its digest where there is no tag.
 * `undefined` for a reference with neither: then nobody can say which drivers it needs.
 */
export const wekaVersionOf = (image: string): string | undefined => {
  const [reference = '', digest] = image.split('@', 2);
  const tag = /:([^:/]+)$/.exec(reference)?.[1];
  return tag ?? digest;
};
