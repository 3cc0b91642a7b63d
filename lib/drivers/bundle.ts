import { isJsonObject } from '../base/json';
import { isPackageId, packageId } from './package';
import type { IndexEntry } from './package-index';
import { readIndexEntry } from './package-index';

/**
 * A bundle carries driver packages to a site without a way out: a tar whose first file is the index, followed by the packages
 * in its order, each under `<id>.tar.gz`. Nothing in it is trusted beyond what its digests say.
 */
export const BUNDLE_INDEX = 'index.json';
/** Version of the bundles that this program writes. */
export const BUNDLE_SCHEMA = 1;
/** An index that is longer is none. */
export const BUNDLE_INDEX_BYTES = 16 << 20;

/** Name of a package in a bundle. */
export const bundledFile = (id: string): string => `${id}.tar.gz`;

/** The index of a bundle, in the order of the ids: equal packages give equal bundles. */
export const bundleIndex = (entries: readonly IndexEntry[]): string =>
  `${JSON.stringify({ schema: BUNDLE_SCHEMA, packages: sorted(entries) }, null, 2)}\n`;

const sorted = (entries: readonly IndexEntry[]): readonly IndexEntry[] =>
  [...entries].sort((a, b) => (packageId(a) < packageId(b) ? -1 : 1));

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Reads the index of a bundle; `problem`: what is wrong, for BundleInvalid. */
export const readBundleIndex = (
  text: string,
): { readonly entries: readonly IndexEntry[] } | { readonly problem: string } => {
  const value = parse(text);
  if (!isJsonObject(value)) return { problem: `its ${BUNDLE_INDEX} is not a JSON object` };
  if (value['schema'] !== BUNDLE_SCHEMA)
    return { problem: `its schema is ${JSON.stringify(value['schema'])}, this program reads ${BUNDLE_SCHEMA}` };
  const packages = Array.isArray(value['packages']) ? value['packages'] : [];
  const entries = packages.flatMap((each) => readIndexEntry(JSON.stringify(each)) ?? []);
  if (entries.length !== packages.length || packages.length === 0)
    return { problem: packages.length === 0 ? 'it names no package' : 'an entry of its index is not complete' };
  const ids = new Set(entries.map(packageId));
  if (ids.size !== entries.length) return { problem: 'its index names a package twice' };
  return [...ids].every(isPackageId) ? { entries } : { problem: 'its index names a package that is none' };
};
