import { createHash } from 'node:crypto';
import type { Authority } from '../../lib/operator/authority-secret';
import { renewalTime, servingValidity } from '../../lib/operator/certificate-plan';
import type { Clock } from '../runtime/clock';
import { LruMap } from '../runtime/lru-map';
import type { InstallationCA } from './installation-ca';
import type { KeyedCertificate, ServingRequest } from './x509';
import { issueCertificate, keyOfRequest, newKeys, privatePem } from './x509';

/** More agents than these don't serve anything; the certificate of one that is forgotten is made anew. */
const REMEMBERED = 1_000;

interface Issued {
  readonly certificate: string;
  /** Id of the authority that signed it. */
  readonly issuer: string;
  readonly renewAt: number;
}

/** Makes serving certificates, and makes each anew when two thirds of its life are over or its authority has gone. */
export class CertificateIssuer {
  private readonly issued = new LruMap<string, Issued>(REMEMBERED);

  constructor(
    private readonly ca: Pick<InstallationCA, 'signer' | 'trusts'>,
    private readonly clock: Clock,
  ) {}

  /**
   * The certificate for a request (PKCS #10, PEM), good for `names` (DNS names and IP addresses), with the authority's
   * behind it. What names the request asks for doesn't matter. The same arguments give the same certificate until it is
   * renewed. `undefined`: there is no authority yet, no name is given, or the request is none.
   */
  signRequest(request: string, names: readonly string[]): string | undefined {
    if (names.length === 0) return undefined;
    const id = createHash('sha256')
      .update(JSON.stringify([request, names]))
      .digest('hex');
    const known = this.issued.get(id);
    if (known !== undefined && this.isGood(known)) return known.certificate;
    const publicKey = keyOfRequest(request);
    const made = publicKey === undefined ? undefined : this.issue({ publicKey, names });
    if (made !== undefined) this.issued.set(id, made);
    return made?.certificate;
  }

  /** A function that gives a certificate of our own for `names`, with a new key each time that it is made anew. */
  serving(names: readonly string[]): () => KeyedCertificate | undefined {
    let held: (Issued & KeyedCertificate) | undefined;
    return () => {
      if (held !== undefined && this.isGood(held)) return held;
      const { publicKey, privateKey } = newKeys();
      const made = this.issue({ publicKey, names });
      held = made === undefined ? undefined : { ...made, key: privatePem(privateKey) };
      return held;
    };
  }

  private isGood({ issuer, renewAt }: Issued): boolean {
    return this.clock.now() < renewAt && this.ca.trusts(issuer);
  }

  private issue(what: Pick<ServingRequest, 'publicKey' | 'names'>): Issued | undefined {
    const signer: Authority | undefined = this.ca.signer();
    if (signer === undefined) return undefined;
    const validity = servingValidity(this.clock.now(), signer);
    const certificate = issueCertificate(signer, { ...what, ...validity }) + signer.certificate;
    return { certificate, issuer: signer.id, renewAt: renewalTime(validity) };
  }
}
