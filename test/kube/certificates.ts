import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate authority of one test run, in its own directory. */
export interface Authority {
  readonly directory: string;
  readonly ca: string;
  readonly caFile: string;
  readonly cert: string;
  readonly key: string;
  readonly remove: () => void;
}

/** Makes a CA and a certificate that it signed, for 127.0.0.1 and whatever else is named (`DNS:host.example`). */
export const makeAuthority = (name: string, ...more: readonly string[]): Authority => {
  const directory = mkdtempSync(join(tmpdir(), 'kube-test-ca-'));
  const file = (leaf: string): string => join(directory, leaf);
  const openssl = (...args: readonly string[]): unknown =>
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', `/CN=${name}`);
  openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=api');
  writeFileSync(file('san'), `subjectAltName=${['IP:127.0.0.1', ...more].join(',')}`);
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'server.crt',
    '-days',
    '2',
    '-extfile',
    'san',
  );
  const read = (leaf: string): string => readFileSync(file(leaf), 'utf8');
  return {
    directory,
    ca: read('ca.crt'),
    caFile: file('ca.crt'),
    cert: read('server.crt'),
    key: read('server.key'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
};
