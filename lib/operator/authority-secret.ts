import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { isJsonObject } from '../base/json';
import type { LiveObject, Manifest, ObjectRef } from '../base/kube-object';
import { LABEL } from '../base/names';
import { CA_CONFIG_MAP } from '../drivers/agent-access';
import type { Validity } from './certificate-plan';

/** An authority as its Secret keeps it; certificate and key are PEM. */
export interface Authority extends Validity {
  /** Of its certificate: what its keys in the Secret are named after. */
  readonly id: string;
  readonly certificate: string;
  readonly key: string;
}

const CERTIFICATE = /^authority-([0-9a-f]{16})\.crt$/;
const LABELS = { [LABEL.partOf]: 'weka-operator', [LABEL.createdBy]: 'weka-operator' };

/** Where the authorities of the installation are kept: one Secret, fetched by name, never listed or cached. */
export const authoritySecret = (namespace: string): ObjectRef => ({
  apiVersion: 'v1',
  kind: 'Secret',
  namespace,
  name: 'weka-operator-ca',
});

/** An authority from its parts. Throws when the certificate can't be read or the key is not the certificate's. */
export const authorityOf = (certificate: string, key: string): Authority => {
  const parsed = new X509Certificate(certificate);
  if (!parsed.ca) throw new Error('the certificate is no authority');
  if (!parsed.checkPrivateKey(createPrivateKey(key))) throw new Error('the key belongs to another certificate');
  const id = createHash('sha256').update(parsed.raw).digest('hex').slice(0, 16);
  const [notBefore, notAfter] = [Date.parse(parsed.validFrom), Date.parse(parsed.validTo)];
  return { id, certificate, key, notBefore, notAfter };
};

/**
 * The authorities in the Secret; keys that are not theirs are left alone. `problem`: the Secret can't be used as it is,
 * and why: never a part of a key.
 */
export const readAuthorities = (secret: LiveObject): { authorities: Authority[] } | { problem: string } => {
  const data = isJsonObject(secret['data']) ? secret['data'] : {};
  const text = (name: string): string => Buffer.from(textOf(data[name]), 'base64').toString('utf8');
  const authorities: Authority[] = [];
  for (const name of Object.keys(data).sort()) {
    if (!CERTIFICATE.test(name)) continue;
    try {
      authorities.push(authorityOf(text(name), text(name.replace(/crt$/, 'key'))));
    } catch {
      return { problem: `${name} and its .key are not a certificate authority with its private key` };
    }
  }
  return authorities.length === 0 ? { problem: 'it holds no authority-….crt' } : { authorities };
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The Secret that keeps `authorities`; `version`: of the one that it replaces. */
export const secretOf = (namespace: string, authorities: readonly Authority[], version?: string): Manifest => {
  const { apiVersion, kind, name } = authoritySecret(namespace);
  const data = authorities.flatMap(({ id, certificate, key }) => [
    [`authority-${id}.crt`, base64(certificate)],
    [`authority-${id}.key`, base64(key)],
  ]);
  const resourceVersion = version === undefined ? {} : { resourceVersion: version };
  const metadata = { name, namespace, labels: { ...LABELS }, ...resourceVersion };
  return { apiVersion, kind, metadata, type: 'Opaque', data: Object.fromEntries(data) as unknown };
};

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** What everybody trusts: the certificates, oldest first, as one PEM. */
export const bundleOf = (authorities: readonly Authority[]): string =>
  authorities.map(({ certificate }) => certificate).join('');

/** The ConfigMap that gives the agents in `namespace` the certificates that they trust. */
export const caConfigMap = (namespace: string, bundle: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: CA_CONFIG_MAP.name, namespace, labels: { ...LABELS } },
  data: { [CA_CONFIG_MAP.key]: bundle },
});
