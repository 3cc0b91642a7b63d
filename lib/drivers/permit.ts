import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a permit allows: one builder Pod may upload one package until then. */
export interface PermitClaims {
  readonly packageId: string;
  /** UID of the builder's Pod. */
  readonly podUID: string;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/** How a permit fails to allow an upload. */
export type PermitProblem = 'malformed' | 'forged' | 'expired' | 'for another package';

const sign = (key: string, payload: string): Buffer => createHmac('sha256', key).update(payload).digest();

/** The key of one distribution service, from the key of this operator process: no two services accept each other's permits. */
export const distPermitKey = (operatorKey: string, distContainerUID: string): string =>
  sign(operatorKey, `dist ${distContainerUID}`).toString('hex');

/** A permit: base64url JSON of the claims, a dot, and their HMAC-SHA-256. */
export const issuePermit = (key: string, claims: PermitClaims): string => {
  const { packageId, podUID, expires } = claims;
  const payload = Buffer.from(JSON.stringify({ packageId, podUID, expires })).toString('base64url');
  return `${payload}.${sign(key, payload).toString('base64url')}`;
};

const readClaims = (payload: string): PermitClaims | undefined => {
  try {
    const value = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Partial<PermitClaims> | null;
    const complete =
      typeof value?.packageId === 'string' && typeof value.podUID === 'string' && typeof value.expires === 'number';
    return complete ? (value as PermitClaims) : undefined;
  } catch {
    return undefined;
  }
};

/** Checks a permit against any of `keys` (the current one, and the one before it). `now`: milliseconds since the epoch. */
export const checkPermit = (
  permit: string,
  keys: readonly string[],
  wanted: { readonly packageId: string; readonly now: number },
): { readonly claims: PermitClaims } | { readonly problem: PermitProblem } => {
  const [payload = '', mac = '', ...more] = permit.split('.');
  if (payload === '' || mac === '' || more.length > 0) return { problem: 'malformed' };
  const given = Buffer.from(mac, 'base64url');
  const genuine = keys.some((key) => {
    const right = sign(key, payload);
    return right.length === given.length && timingSafeEqual(right, given);
  });
  if (!genuine) return { problem: 'forged' };
  const claims = readClaims(payload);
  if (claims === undefined) return { problem: 'malformed' };
  if (claims.expires * 1000 <= wanted.now) return { problem: 'expired' };
  return claims.packageId === wanted.packageId ? { claims } : { problem: 'for another package' };
};
