import { readOutside } from '../../controllers/registry/outside';
import { WEKA_REGISTRY } from '../../lib/drivers/registry-answer';
import type { Authority } from '../kube/certificates';
import { makeAuthority } from '../kube/certificates';

const nothing = (): never => {
  throw new Error('no file is read');
};
const missing = (): never => {
  throw Object.assign(new Error('not there'), { code: 'ENOENT' });
};

describe('how the world outside is reached', () => {
  let authority: Authority;
  beforeAll(() => {
    authority = makeAuthority('outside');
  });
  afterAll(() => authority.remove());

  it('is WEKA’s registry, directly, unless something else is said', () =>
    expect(readOutside({}, {}, nothing)).toEqual({ registryUrl: WEKA_REGISTRY, offline: false }));

  test.each([
    ['http://proxy.example:3128', { HTTPS_PROXY: 'http://proxy.example:3128' }, []],
    ['http://proxy.example:3128', { HTTPS_PROXY: 'proxy.example:3128' }, []],
    [
      'http://proxy.example',
      { https_proxy: 'http://proxy.example', no_proxy: ' .svc , ,10.0.0.0/8' },
      ['.svc', '10.0.0.0/8'],
    ],
  ])('goes through the proxy %s of the environment', (url, env, noProxy) =>
    expect(readOutside({}, env, nothing).proxy).toEqual({ url, noProxy }),
  );

  it('takes a registry without its last slash, and certificates from a file', () => {
    const options = { driversRegistry: 'https://mirror.example/weka/', extraCaBundle: 'ca.pem', offline: true };
    expect(readOutside(options, {}, () => authority.ca)).toEqual({
      registryUrl: 'https://mirror.example/weka',
      offline: true,
      extraCA: authority.ca,
    });
  });

  test.each<[string, object, Record<string, string>, () => string]>([
    ['--drivers-registry: drivers can not be used', { driversRegistry: 'drivers' }, {}, nothing],
    ['--drivers-registry: ftp://x can not be used', { driversRegistry: 'ftp://x' }, {}, nothing],
    ['--extra-ca-bundle: ca.pem can not be used: there is no such file', { extraCaBundle: 'ca.pem' }, {}, missing],
    ['--extra-ca-bundle: ca.pem can not be used: it can not be read', { extraCaBundle: 'ca.pem' }, {}, () => 'text'],
    ['HTTPS_PROXY: its value can not be used', {}, { HTTPS_PROXY: 'socks5://user:secret@x' }, nothing],
  ])('refuses nonsense before anything is connected to: %s', (message, options, env, read) => {
    const reading = (): unknown => readOutside(options, env, read);
    expect(reading).toThrow(message);
    expect(reading).not.toThrow(/secret/);
  });
});
