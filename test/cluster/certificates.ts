import type { KeyObject } from 'node:crypto';
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/**
 * X.509 certificates for the control plane of the tests, written as DER by hand: Node signs but has no call that
 * makes a certificate, and this is shorter than a dependency and faster than starting openssl nine times.
 */
export interface Credential {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/** Who a certificate names; Kubernetes reads CN as the user and each O as a group. */
export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

/** What to issue. */
export interface CertificateRequest {
  readonly subject: Subject;
  /** DNS names and IPv4 addresses that a server answers under. */
  readonly hosts?: readonly string[];
  /** Milliseconds from now until it expires; negative: it already has. Default: one day. */
  readonly validForMs?: number;
}

/** A new certificate authority, its own issuer. */
export const createAuthority = (commonName: string): Credential => {
  const keys = newKeys();
  return seal({ commonName }, { subject: { commonName }, keys, signer: keys.privateKey, authority: true });
};

/** A certificate signed by `authority` (whose subject is `issuer`), good for servers and clients. */
export const issue = (authority: Credential, issuer: Subject, request: CertificateRequest): Credential =>
  seal(issuer, { ...request, keys: newKeys(), signer: createPrivateKey(authority.key), authority: false });

/** A key pair without a certificate, as PEM: for the tokens of ServiceAccounts. */
export const newKeyPair = (): { readonly publicKey: string; readonly privateKey: string } => {
  const { publicKey, privateKey } = newKeys();
  return { publicKey: pem('PUBLIC KEY', exportPublic(publicKey)), privateKey: exportPrivate(privateKey) };
};

interface Seal extends CertificateRequest {
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly signer: KeyObject;
  readonly authority: boolean;
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const exportPrivate = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const exportPublic = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/(.{64})(?=.)/g, '$1\n')}\n-----END ${label}-----\n`;

const seal = (issuer: Subject, what: Seal): Credential => {
  const body = toBeSigned(issuer, what);
  const signature = sign('sha256', body, what.signer);
  const certificate = sequence(body, ecdsaWithSha256(), bitString(signature, 0));
  return { certificate: pem('CERTIFICATE', certificate), key: exportPrivate(what.keys.privateKey) };
};

const toBeSigned = (issuer: Subject, what: Seal): Buffer => {
  const now = Date.now();
  const end = now + (what.validForMs ?? 24 * 3600_000);
  const serial = randomBytes(16);
  serial[0] = (serial[0] ?? 0) & 0x7f || 1;
  return sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, serial),
    ecdsaWithSha256(),
    nameOf(issuer),
    sequence(utcTime(Math.min(now, end) - 3600_000), utcTime(end)),
    nameOf(what.subject),
    exportPublic(what.keys.publicKey),
    tagged(0xa3, sequence(...extensions(what))),
  );
};

const extensions = (what: Seal): Buffer[] => {
  if (what.authority) {
    const usage = bitString(Buffer.from([0x86]), 1);
    return [extension('2.5.29.19', sequence(TRUE)), extension('2.5.29.15', usage)];
  }
  const purposes = sequence(objectId('1.3.6.1.5.5.7.3.1'), objectId('1.3.6.1.5.5.7.3.2'));
  const hosts = (what.hosts ?? []).map((host) =>
    isIPv4(host) ? tagged(0x87, Buffer.from(host.split('.').map(Number))) : tagged(0x82, Buffer.from(host)),
  );
  return [
    extension('2.5.29.15', bitString(Buffer.from([0x80]), 7)),
    extension('2.5.29.37', purposes),
    ...(hosts.length === 0 ? [] : [extension('2.5.29.17', sequence(...hosts))]),
  ];
};

// — DER ———————————————————————————————————————————————————————————————————————————————————————————————————————

const tagged = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
};

const lengthOf = (length: number): Buffer => {
  if (length < 0x80) return Buffer.from([length]);
  return length < 0x100 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length & 0xff]);
};

const sequence = (...parts: Buffer[]): Buffer => tagged(0x30, ...parts);
const bitString = (bits: Buffer, unused: number): Buffer => tagged(0x03, Buffer.from([unused]), bits);
const TRUE = Buffer.from([0x01, 0x01, 0xff]);
const ecdsaWithSha256 = (): Buffer => sequence(objectId('1.2.840.10045.4.3.2'));
const extension = (id: string, value: Buffer): Buffer => sequence(objectId(id), TRUE, tagged(0x04, value));

const nameOf = ({ commonName, organizations = [] }: Subject): Buffer => {
  const part = (id: string, text: string): Buffer =>
    tagged(0x31, sequence(objectId(id), tagged(0x0c, Buffer.from(text, 'utf8'))));
  return sequence(...organizations.map((group) => part('2.5.4.10', group)), part('2.5.4.3', commonName));
};

const utcTime = (time: number): Buffer => {
  const digits = new Date(time).toISOString().replace(/\D/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${digits}Z`));
};

const objectId = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
};

const base128 = (value: number): number[] => {
  const digits = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
};
