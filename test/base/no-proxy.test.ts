import { bypassesProxy } from '../../lib/base/no-proxy';

const cases: Record<string, readonly [url: string, noProxy: string, direct: boolean]> = {
  'nothing is excepted': ['https://drivers.example', '', false],
  'a star excepts everything': ['https://drivers.example', '*', true],
  'the host itself': ['https://drivers.example', 'drivers.example', true],
  'whatever its case': ['https://Drivers.Example', 'DRIVERS.example', true],
  'another host': ['https://drivers.example', 'other.example', false],
  'a host below a domain': ['https://a.b.example', 'b.example', true],
  'a domain with a dot': ['https://a.b.example', '.b.example', true],
  'a domain with a star': ['https://a.b.example', '*.b.example', true],
  'a name that only ends alike': ['https://notb.example', 'b.example', false],
  'the port, told in the URL': ['https://drivers.example:8443', 'drivers.example:8443', true],
  'the port of https': ['https://drivers.example', 'drivers.example:443', true],
  'another port': ['https://drivers.example', 'drivers.example:8443', false],
  'an address': ['http://10.1.2.3', '10.1.2.3', true],
  'a network': ['https://10.1.2.3', '10.0.0.0/8', true],
  'a network of odd size': ['https://10.1.2.3', '10.1.2.0/23', true],
  'everything as a network': ['https://10.1.2.3', '0.0.0.0/0', true],
  'outside of a network': ['https://11.1.2.3', '10.0.0.0/8', false],
  'a name is in no network': ['https://drivers.example', '0.0.0.0/0', false],
  'a network that is none': ['https://10.1.2.3', '10.0.0.0/99', false],
  'an address of IPv6': ['https://[fd00::1]', 'fd00::1', true],
  'an address of IPv6 with a port': ['https://[fd00::1]:8443', '[fd00::1]:8443', true],
  'loopback, without being asked': ['http://127.0.0.1:8080', '', true],
  'loopback of IPv6': ['http://[::1]:8080', '', true],
  'the second of a list with blanks': ['https://drivers.example', ' a.example , drivers.example ', true],
  'empty entries': ['https://drivers.example', ', ,', false],
  nonsense: ['https://drivers.example', ':::,/,.,*.', false],
};

test.each(Object.entries(cases))('%s', (_, [url, noProxy, direct]) => {
  expect(bypassesProxy(new URL(url), noProxy.split(','))).toBe(direct);
});
