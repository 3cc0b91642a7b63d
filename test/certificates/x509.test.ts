import { execFileSync } from 'node:child_process';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { certificateRequest, newServingKey } from '../../agents/shared/certificate-request';
import {
  issueCertificate,
  keyOfRequest,
  makeAuthority,
  newKeys,
  privatePem,
} from '../../controllers/certificates/x509';

const DAY = 24 * 3600_000;
const now = Date.now();
const validity = { notBefore: now - DAY, notAfter: now + 30 * DAY };
const directory = mkdtempSync(join(tmpdir(), 'x509-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const file = (name: string, content: string): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
const openssl = (...args: readonly string[]): string =>
  execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' }).toString();

describe('an authority and what it signs, as another program sees them', () => {
  const authority = makeAuthority(validity);
  const { publicKey } = newKeys();
  const names = ['gateway.system.svc', 'localhost', '127.0.0.1', 'fd00::1'];
  const certificate = issueCertificate(authority, { publicKey, names, ...validity });
  const ca = file('ca.crt', authority.certificate);
  const leaf = file('leaf.crt', certificate);

  test('the chain is good, in the strictest reading', () => {
    expect(openssl('verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', ca, leaf)).toContain('leaf.crt: OK');
  });

  test.each([
    ['gateway.system.svc', ['-verify_hostname', 'gateway.system.svc'], true],
    ['another host', ['-verify_hostname', 'gateway.other.svc'], false],
    ['an address', ['-verify_ip', '127.0.0.1'], true],
    ['an IPv6 address', ['-verify_ip', 'fd00::1'], true],
    ['another address', ['-verify_ip', '10.0.0.1'], false],
  ])('good for %s: %s', (_what, args, good) => {
    const verify = (): string => openssl('verify', '-CAfile', ca, ...args, leaf);
    if (good) expect(verify()).toContain('OK');
    else expect(verify).toThrow();
  });

  test('the authority signs certificates and serves nothing; the certificate serves and signs nothing', () => {
    const text = (path: string): string => openssl('x509', '-in', path, '-noout', '-text');
    expect(text(ca)).toMatch(/CA:TRUE, pathlen:0[\s\S]*Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    expect(text(leaf)).toMatch(
      /CA:FALSE[\s\S]*Key Usage: critical\s+Digital Signature\n[\s\S]*TLS Web Server Authentication\n/,
    );
    expect(() => openssl('verify', '-purpose', 'sslclient', '-CAfile', ca, leaf)).toThrow();
  });

  test('two authorities have two names and two keys; neither vouches for what the other signed', () => {
    const other = makeAuthority(validity);
    expect(new X509Certificate(other.certificate).subject).not.toBe(new X509Certificate(authority.certificate).subject);
    expect(new X509Certificate(certificate).verify(createPublicKey(other.certificate))).toBe(false);
    expect(() => openssl('verify', '-CAfile', file('other.crt', other.certificate), leaf)).toThrow();
  });

  test('its life is the one asked for, to the second, also beyond 2049', () => {
    const notAfter = Date.parse('2061-02-03T04:05:06Z');
    const long = new X509Certificate(makeAuthority({ notBefore: now, notAfter }).certificate);
    expect(Date.parse(long.validTo)).toBe(notAfter);
    expect(Date.parse(long.validFrom)).toBe(Math.floor(now / 1000) * 1000);
  });

  test('a name of more than 64 characters stays whole where it counts', () => {
    const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.svc`;
    const long = issueCertificate(authority, { publicKey, names: [name], ...validity });
    expect(new X509Certificate(long).checkHost(name)).toBe(name);
  });
});

describe('the key of a certificate request', () => {
  const key = newServingKey();
  const request = certificateRequest(key, 'a');
  const own = (text: string): boolean => keyOfRequest(text)?.equals(createPublicKey(key)) ?? false;

  test('is given when the request is signed with it', () => {
    expect(own(request)).toBe(true);
  });

  const by = (name: string, ...algorithm: readonly string[]): string =>
    openssl('req', '-new', '-nodes', '-newkey', ...algorithm, '-keyout', `${name}.key`, '-subj', `/CN=${name}`);

  test.each([
    ['RSA with 2048 bits', by('rsa', 'rsa:2048'), true],
    ['P-384 and SHA-384', by('p384', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1', '-sha384'), true],
    ['RSA with 1024 bits: too weak', by('weak', 'rsa:1024'), false],
    ['a curve that nobody uses', by('curve', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'), false],
    ['a SHA-1 signature', by('sha1', 'rsa:2048', '-sha1'), false],
  ])('%s', (_what, text, good) => {
    expect(keyOfRequest(text) !== undefined).toBe(good);
  });

  test('a request with the key of another one is refused: its signature is not of that key', () => {
    const der = (pem: string): Buffer => Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64');
    const mine = createPublicKey(key).export({ type: 'spki', format: 'der' });
    const theirs = createPublicKey(newServingKey()).export({ type: 'spki', format: 'der' });
    const swapped = Buffer.from(
      der(request).toString('hex').replace(mine.toString('hex'), theirs.toString('hex')),
      'hex',
    );
    const text = `-----BEGIN CERTIFICATE REQUEST-----\n${swapped.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    expect(swapped.equals(der(request))).toBe(false);
    expect(keyOfRequest(text)).toBeUndefined();
  });

  test.each([
    ['nothing', ''],
    ['a certificate', makeAuthority(validity).certificate],
    ['a private key', privatePem(newKeys().privateKey)],
    ['half a request', `${request.slice(0, 200)}\n-----END CERTIFICATE REQUEST-----`],
    [
      'twenty kilobytes',
      `-----BEGIN CERTIFICATE REQUEST-----\n${'A'.repeat(20_000)}\n-----END CERTIFICATE REQUEST-----`,
    ],
  ])('%s is refused', (_what, text) => {
    expect(keyOfRequest(text)).toBeUndefined();
  });

  test('whatever single byte is changed: refused, or still the same key', () => {
    const body = Buffer.from(request.replace(/-----[A-Z ]+-----/g, ''), 'base64');
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(body);
        changed[at] = (changed[at] ?? 0) ^ change;
        const text = `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
        return keyOfRequest(text) === undefined || own(text);
      }),
      { seed: 1 },
    );
  });
});
