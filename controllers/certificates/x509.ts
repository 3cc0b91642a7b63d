import type { KeyObject } from 'node:crypto';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { isIP } from 'node:net';
import { CertificationRequest } from '@peculiar/asn1-csr';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import * as asn from '@peculiar/asn1-x509';
import type { Validity } from '../../lib/operator/certificate-plan';

/**
 * X.509 as far as the installation needs it: authorities that sign themselves, serving certificates, and the check of a
 * certificate request. The structures are a library's, the signatures are Node's.
 */

/** A certificate with its private key, both PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** What a serving certificate is good for. */
export interface ServingRequest extends Validity {
  readonly publicKey: KeyObject;
  /** DNS names and IP addresses that clients dial. */
  readonly names: readonly string[];
}

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
/** Longer requests are none. */
const MAX_REQUEST = 16 * 1024;
const MIN_RSA_BITS = 2048;

/** Signatures that a request may carry, with the digest of each. */
const REQUEST_SIGNATURES: Readonly<Record<string, string | undefined>> = {
  [ECDSA_WITH_SHA256]: 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
};

/** A new EC P-256 key pair. */
export const newKeys = (): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A private key as PEM, PKCS #8. */
export const privatePem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** A new authority: its own issuer, good for signing serving certificates and nothing else. */
export const makeAuthority = (validity: Validity): KeyedCertificate => {
  const { publicKey, privateKey } = newKeys();
  // No two authorities have the same name, so that a client never tries the wrong one.
  const name = nameOf(`weka-operator CA ${randomBytes(4).toString('hex')}`);
  const certificate = seal(privateKey, {
    issuer: name,
    subject: name,
    publicKey,
    validity,
    extensions: [
      extension(asn.id_ce_basicConstraints, new asn.BasicConstraints({ cA: true, pathLenConstraint: 0 }), 'critical'),
      extension(
        asn.id_ce_keyUsage,
        new asn.KeyUsage(asn.KeyUsageFlags.keyCertSign | asn.KeyUsageFlags.cRLSign),
        'critical',
      ),
      keyIdentifier(publicKey),
    ],
  });
  return { certificate, key: privatePem(privateKey) };
};

/** A serving certificate that `authority` signs, PEM. */
export const issueCertificate = (authority: KeyedCertificate, request: ServingRequest): string => {
  const { publicKey, names } = request;
  const key = createPrivateKey(authority.key);
  const { subject: issuer } = parsed(authority.certificate);
  return seal(key, {
    issuer,
    subject: nameOf((names[0] ?? 'nobody').slice(0, 64)),
    publicKey,
    validity: request,
    extensions: [
      extension(asn.id_ce_basicConstraints, new asn.BasicConstraints({ cA: false }), 'critical'),
      extension(asn.id_ce_keyUsage, new asn.KeyUsage(asn.KeyUsageFlags.digitalSignature), 'critical'),
      extension(asn.id_ce_extKeyUsage, new asn.ExtendedKeyUsage([asn.id_kp_serverAuth])),
      extension(asn.id_ce_subjectAltName, new asn.SubjectAlternativeName(names.map(generalName))),
      keyIdentifier(publicKey),
      authorityIdentifier(createPublicKey(key)),
    ],
  });
};

/**
 * The public key that a certificate request (PKCS #10, PEM) is for, if it is signed with the key that belongs to it. Names
 * in the request are not looked at. `undefined`: it is none, forged, or its key is too weak.
 */
export const keyOfRequest = (request: string): KeyObject | undefined => {
  try {
    const { certificationRequestInfo: info, ...rest } = AsnConvert.parse(requestBytes(request), CertificationRequest);
    const publicKey = createPublicKey({
      key: Buffer.from(AsnConvert.serialize(info.subjectPKInfo)),
      format: 'der',
      type: 'spki',
    });
    const digest = REQUEST_SIGNATURES[rest.signatureAlgorithm.algorithm];
    const signed = Buffer.from(rest.certificationRequestInfoRaw ?? AsnConvert.serialize(info));
    const own = digest !== undefined && verify(digest, signed, publicKey, Buffer.from(rest.signature));
    return own && isStrong(publicKey) ? publicKey : undefined;
  } catch {
    return undefined; // Whatever it was, it can't be read as a request.
  }
};

const requestBytes = (request: string): Buffer => {
  const [, body = ''] = /-----BEGIN CERTIFICATE REQUEST-----([\s\S]+?)-----END CERTIFICATE REQUEST-----/.exec(
    request.slice(0, MAX_REQUEST),
  ) ?? [''];
  return Buffer.from(body, 'base64');
};

const isStrong = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean =>
  asymmetricKeyType === 'ec'
    ? ['prime256v1', 'secp384r1', 'secp521r1'].includes(asymmetricKeyDetails?.namedCurve ?? '')
    : asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;

interface Seal {
  readonly issuer: asn.Name;
  readonly subject: asn.Name;
  readonly publicKey: KeyObject;
  readonly validity: Validity;
  readonly extensions: asn.Extension[];
}

/** The certificate, signed with `key`. */
const seal = (key: KeyObject, { issuer, subject, publicKey, validity, extensions }: Seal): string => {
  const algorithm = new asn.AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const tbsCertificate = new asn.TBSCertificate({
    version: asn.Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer,
    validity: new asn.Validity({ notBefore: new Date(validity.notBefore), notAfter: new Date(validity.notAfter) }),
    subject,
    subjectPublicKeyInfo: AsnConvert.parse(spki(publicKey), asn.SubjectPublicKeyInfo),
    extensions: new asn.Extensions(extensions),
  });
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), key);
  const certificate = new asn.Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: bytes(signature),
  });
  return pem(Buffer.from(AsnConvert.serialize(certificate)));
};

/** 127 random bits; the first byte is never zero, so that its encoding is the shortest. */
const serialNumber = (): ArrayBuffer => {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return bytes(serial);
};

const parsed = (certificate: string): asn.TBSCertificate => {
  const body = certificate.replace(/-----[A-Z ]+-----/g, '');
  return AsnConvert.parse(Buffer.from(body, 'base64'), asn.Certificate).tbsCertificate;
};

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const bytes = (buffer: Buffer): ArrayBuffer => Uint8Array.from(buffer).buffer;

/** The identifier of a key: SHA-1 of its bit string would do; the first 20 bytes of a SHA-256 do as well. */
const identifierOf = (key: KeyObject): ArrayBuffer =>
  bytes(createHash('sha256').update(spki(key)).digest().subarray(0, 20));

const extension = (extnID: string, value: unknown, critical?: 'critical'): asn.Extension =>
  new asn.Extension({
    extnID,
    critical: critical !== undefined,
    extnValue: new OctetString(AsnConvert.serialize(value)),
  });

const keyIdentifier = (key: KeyObject): asn.Extension =>
  extension(asn.id_ce_subjectKeyIdentifier, new asn.SubjectKeyIdentifier(identifierOf(key)));

const authorityIdentifier = (key: KeyObject): asn.Extension => {
  const identifier = new asn.KeyIdentifier(identifierOf(key));
  return extension(asn.id_ce_authorityKeyIdentifier, new asn.AuthorityKeyIdentifier({ keyIdentifier: identifier }));
};

const generalName = (name: string): asn.GeneralName =>
  new asn.GeneralName(isIP(name) === 0 ? { dNSName: name } : { iPAddress: name });

const nameOf = (commonName: string): asn.Name => {
  const value = new asn.AttributeValue({ utf8String: commonName });
  return new asn.Name([
    new asn.RelativeDistinguishedName([new asn.AttributeTypeAndValue({ type: COMMON_NAME, value })]),
  ]);
};

const pem = (der: Buffer): string => {
  const lines = der.toString('base64').replace(/(.{64})(?=.)/g, '$1\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
};
