import type { WantedPackage } from './agent-documents';

/** The bytes of a package, and the Pod that built them; absent: mirrored, imported, or from before. */
export interface PackageBytes {
  readonly sha256: string;
  readonly podUID?: string;
}

/**
 * Whether a package that a service stores may have these bytes. Those that the operator names, always; others never. Where
 * it names none, nobody vouches for what is `stored` (an earlier policy left it, or a Pod that is gone), no node loads it,
 * and whoever has a permit now was told to build it anew: its bytes take that place, once.
 */
export const mayBecome = (
  wanted: WantedPackage,
  stored: PackageBytes | undefined,
  { sha256, podUID }: PackageBytes,
): boolean => {
  const named = wanted.sha256 ?? wanted.mirror?.sha256;
  if (named !== undefined) return named === sha256;
  return stored === undefined || stored.podUID !== podUID;
};
