/**
 * When authorities are made, sign and go, and when certificates are renewed. Pure; times are milliseconds since the epoch.
 *
 * Rotation never breaks trust: a new authority is trusted by everybody (it is in the bundle) before it signs anything, and
 * an old one stays trusted until the last certificate that it may have signed has expired.
 */

const DAY_MS = 24 * 3600_000;

/** Life of an authority. */
export const AUTHORITY_MS = 3650 * DAY_MS;
/** Life of a serving certificate. */
export const SERVING_MS = 90 * DAY_MS;
/** Until a new authority signs: by then every Pod has the new bundle, however slow its kubelet. */
export const SPREAD_MS = DAY_MS;
/** Certificates begin to be good this long before they are made, for machines whose clock is behind. */
export const BACKDATE_MS = 5 * 60_000;

/** From when to when a certificate is good. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What becomes of the authorities of an installation. */
export interface AuthorityPlan<A> {
  /** The one that signs. `undefined`: none is good now. */
  readonly signer: A | undefined;
  /** Those that stay and are trusted, oldest first. */
  readonly trusted: readonly A[];
  /** Whether another one must be made. */
  readonly makeAnother: boolean;
}

/** What to do with `authorities` at the time `now`. */
export const planAuthorities = <A extends Validity>(authorities: readonly A[], now: number): AuthorityPlan<A> => {
  const living = authorities.filter(({ notAfter }) => now < notAfter).sort((a, b) => a.notBefore - b.notBefore);
  // One from the future was made under a clock that was wrong; others may be right: it stays, and signs nothing yet.
  const good = living.filter(({ notBefore }) => notBefore <= now);
  const signer = good.findLast(({ notBefore }) => notBefore + SPREAD_MS <= now) ?? good[0];
  const newest = good.at(-1);
  return {
    signer,
    trusted: living.filter((authority) => signer === undefined || !isOutlived(authority, signer, now)),
    makeAnother: newest === undefined || newest.notAfter - now < (newest.notAfter - newest.notBefore) / 5,
  };
};

/** Whether everything that `authority` can have signed before `signer` took over has expired. */
const isOutlived = (authority: Validity, signer: Validity, now: number): boolean =>
  authority.notBefore < signer.notBefore && signer.notBefore + SPREAD_MS + SERVING_MS <= now;

/** The life of an authority that is made now. */
export const authorityValidity = (now: number): Validity => ({
  notBefore: now - BACKDATE_MS,
  notAfter: now + AUTHORITY_MS,
});

/** The life of a serving certificate that `signer` signs now; never longer than its own. */
export const servingValidity = (now: number, signer: Validity): Validity => ({
  notBefore: Math.max(now - BACKDATE_MS, signer.notBefore),
  notAfter: Math.min(now + SERVING_MS, signer.notAfter),
});

/** When a certificate is renewed: at two thirds of its life. */
export const renewalTime = ({ notBefore, notAfter }: Validity): number => notBefore + ((notAfter - notBefore) * 2) / 3;
