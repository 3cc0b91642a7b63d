import { execFileSync } from 'node:child_process';
import { certificateFits, certificateRequest, newServingKey } from '../../../agents/shared/certificate-request';
import { makeAuthority } from '../../kube/certificates';

const openssl = (args: readonly string[], input: string): string =>
  execFileSync('openssl', args, { input, stdio: 'pipe' }).toString();

describe('a certificate request', () => {
  const key = newServingKey();

  test('is one that another program reads, names its subject, and is signed by its own key', () => {
    const text = openssl(
      ['req', '-verify', '-noout', '-text'],
      certificateRequest(key, 'dist in weka-operator-system'),
    );
    expect(text).toContain('CN = dist in weka-operator-system');
    expect(text).toContain('Public-Key: (256 bit)');
    expect(text).toContain('ecdsa-with-SHA256');
  });

  test('holds the public key of the key that it was made for', () => {
    const request = openssl(['req', '-pubkey', '-noout'], certificateRequest(key, 'a'));
    expect(request).toBe(openssl(['pkey', '-pubout'], key));
  });

  test('two keys are two keys', () => {
    expect(newServingKey()).not.toBe(key);
  });

  test('text that is no key is refused', () => {
    expect(() => certificateRequest('not a key', 'a')).toThrow();
  });
});

describe('whether a certificate fits a key', () => {
  const authority = makeAuthority('a');
  afterAll(() => authority.remove());

  test.each([
    ['its own key', authority.cert, authority.key, true],
    ['a chain, its certificate first', authority.cert + authority.ca, authority.key, true],
    ["another's key", authority.cert, newServingKey(), false],
    ['a chain the wrong way round', authority.ca + authority.cert, authority.key, false],
    ['half a certificate', authority.cert.slice(0, 300), authority.key, false],
    ['nothing', '', authority.key, false],
    ['half a key', authority.cert, authority.key.slice(0, 60), false],
  ])('%s', (_what, certificate, key, fits) => {
    expect(certificateFits(certificate, key)).toBe(fits);
  });
});
