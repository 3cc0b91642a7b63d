import { readFileSync } from 'node:fs';
import type { Credential, Subject } from './certificates';
import { issue } from './certificates';

/** Where the control plane is, and what is needed to speak to it as anybody. Plain data: it travels by file. */
export interface Coordinates {
  /** `https://127.0.0.1:port` */
  readonly server: string;
  /** Where its store listens: `http://127.0.0.1:port` */
  readonly etcd: string;
  /** Everything it writes is in here; removed when it stops. */
  readonly directory: string;
  /** Directory of the programs, kubectl among them. */
  readonly binaries: string;
  /** File: a kubeconfig of group system:masters. */
  readonly kubeconfig: string;
  /** File: one JSON document a line. */
  readonly auditLog: string;
  /** Signs serving and client certificates. */
  readonly authority: Credential;
}

/** The subject of the authority. */
export const AUTHORITY: Subject = { commonName: 'weka-operator-test' };

/** Environment variable that names the file with the coordinates; unset: the cluster suites are skipped. */
export const COORDINATES_VARIABLE = 'WEKA_OPERATOR_TEST_CONTROL_PLANE';

/** The coordinates of the control plane that the set-up started, if it did. */
export const readCoordinates = (): Coordinates | undefined => {
  const file = process.env[COORDINATES_VARIABLE];
  return file === undefined || file === '' ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as Coordinates);
};

/** Whom a kubeconfig speaks for: a client certificate is made for a user, or a token is carried as it is. */
export type Identity =
  | { readonly user: string; readonly groups?: readonly string[]; readonly validForMs?: number }
  | { readonly token: string };

/** A client certificate for any user and groups. */
export const clientCertificate = (
  coordinates: Coordinates,
  identity: Extract<Identity, { user: string }>,
): Credential => {
  const subject = { commonName: identity.user, organizations: identity.groups ?? [] };
  const validity = identity.validForMs === undefined ? {} : { validForMs: identity.validForMs };
  return issue(coordinates.authority, AUTHORITY, { subject, ...validity });
};

/** What may be wrong with a kubeconfig, so that a test can see how it is reported. */
export interface KubeconfigOptions {
  /** Instead of the real address. */
  readonly server?: string;
  /** PEM, instead of the real authority. */
  readonly certificateAuthority?: string;
  readonly namespace?: string;
}

/** The text of a kubeconfig (JSON, which is YAML) for `identity`, with everything it needs inside. */
export const kubeconfigOf = (coordinates: Coordinates, identity: Identity, options: KubeconfigOptions = {}): string => {
  const authority = options.certificateAuthority ?? coordinates.authority.certificate;
  const cluster = {
    server: options.server ?? coordinates.server,
    'certificate-authority-data': Buffer.from(authority).toString('base64'),
  };
  const context = {
    cluster: 'test',
    user: 'test',
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user: userOf(coordinates, identity) }],
    contexts: [{ name: 'test', context }],
    'current-context': 'test',
  };
  return `${JSON.stringify(config, null, 2)}\n`;
};

const userOf = (coordinates: Coordinates, identity: Identity): Record<string, string> => {
  if ('token' in identity) return { token: identity.token };
  const { certificate, key } = clientCertificate(coordinates, identity);
  return {
    'client-certificate-data': Buffer.from(certificate).toString('base64'),
    'client-key-data': Buffer.from(key).toString('base64'),
  };
};
