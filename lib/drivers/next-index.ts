import type { ManagedDist } from './dists';
import type { IndexEntry } from './package-index';
import type { PackageKey } from './package';
import { packageId, packageKeyOf } from './package';
import type { BuildView } from './package-site';

/** What the next index depends on. */
export interface IndexInput {
  readonly recorded: ReadonlyMap<string, IndexEntry>;
  readonly dists: readonly ManagedDist[];
  readonly builds: readonly BuildView[];
  /** Packages that somebody claims, with the word of the registry for those that came from outside. */
  readonly claimed: readonly (PackageKey & { readonly found?: string })[];
}

/** Who vouches for the bytes that a service holds under an id, best first; nobody: they are never indexed. */
const voucher = (
  input: IndexInput,
  id: string,
  sha256: string,
  found: string | undefined,
): IndexEntry['source'] | undefined => {
  const recorded = input.recorded.get(id);
  if (recorded?.sha256 === sha256) return recorded.source;
  const build = input.builds.find((each) => each.id === id && each.vouched?.sha256 === sha256);
  // What came from outside and was accepted once is never replaced by other bytes from outside.
  if (build?.vouched !== undefined)
    return recorded === undefined || recorded.source === 'built' ? build.vouched.source : undefined;
  return recorded === undefined && found === sha256 ? 'registry' : undefined;
};

const heldNow = ({ dists }: IndexInput, id: string): { sha256: string; size: number }[] =>
  dists.flatMap(({ held }) => {
    const { state, sha256, size } = held.get(id) ?? {};
    return state === 'stored' && sha256 !== undefined && size !== undefined ? [{ sha256, size }] : [];
  });

const entryOf = (input: IndexInput, key: PackageKey & { readonly found?: string }): IndexEntry | undefined => {
  const id = packageId(key);
  for (const { sha256, size } of heldNow(input, id)) {
    const source = voucher(input, id, sha256, key.found);
    if (source !== undefined) return { ...packageKeyOf(key), sha256, size, source };
  }
  // Nobody holds it now: nodes that have it in their cache may go on loading it, and repair brings it back.
  return input.recorded.get(id);
};

/**
 * The index as it shall be: every package that is claimed or built whose bytes somebody vouches for and a service has confirmed to hold.
 * An entry outlives its package (a lost disk costs a repair, not the word of what was right) as long as it is claimed.
 */
export const nextIndex = (input: IndexInput): readonly IndexEntry[] => {
  const built: PackageKey[] = input.builds.filter(({ vouched }) => vouched !== undefined);
  const claimed = new Map([...built, ...input.claimed].map((key) => [packageId(key), key]));
  const kept = input.dists.every(({ told }) => told) ? [] : [...input.recorded.values()];
  for (const entry of kept) if (!claimed.has(packageId(entry))) claimed.set(packageId(entry), entry);
  return [...claimed.values()].flatMap((key) => entryOf(input, key) ?? []);
};
