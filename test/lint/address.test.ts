import { endpointHost, hostPort, isCidr, isIpv6 } from '../../lib/api/lint/address';
import { closest, editDistance } from '../../lib/api/lint/closest';
import { parsePath, pathText } from '../../lib/api/lint/path';

test.each([
  ['::', true],
  ['fd00::1', true],
  ['1:2:3:4:5:6:7:8', true],
  ['::ffff:10.0.0.1', true],
  ['1:2:3:4:5:6:7', false],
  ['1::2::3', false],
  ['fd00::12345', false],
  ['10.0.0.1', false],
])('isIpv6(%s) is %s', (text, is) => expect(isIpv6(text)).toBe(is));

test.each([
  ['10.0.0.0/8', true],
  ['fd00:100::/64', true],
  ['10.0.0.0/33', false],
  ['fd00::/129', false],
  ['10.0.0/8', false],
  ['10.0.0.0', false],
  ['256.0.0.0/8', false],
])('isCidr(%s) is %s', (text, is) => expect(isCidr(text)).toBe(is));

test.each([
  ['10.0.0.1:14000', { host: '10.0.0.1', port: 14000 }],
  ['[fd00::1]:14000', { host: 'fd00::1', port: 14000 }],
  ['weka.example.com:1', { host: 'weka.example.com', port: 1 }],
  ['10.0.0.1', undefined],
  ['10.0.0.1:0', undefined],
  ['10.0.0.1:65536', undefined],
  ['fd00::1:14000', undefined],
  ['http://a:1', undefined],
])('hostPort(%s)', (text, parts) => expect(hostPort(text)).toEqual(parts));

test.each([
  ['https://a.b.svc.cluster.local:60002', 'a.b.svc.cluster.local'],
  ['http://builder:60002/path', 'builder'],
  ['a.b.svc.cluster.local:60002', 'a.b.svc.cluster.local'],
  ['https://[fd00::1]:60002', 'fd00::1'],
  ['https://10.0.0.1', '10.0.0.1'],
  ['ftp://a', undefined],
  ['https://a:99999', undefined],
  ['two words', undefined],
])('endpointHost(%s) is %s', (text, host) => expect(endpointHost(text)).toBe(host));

test.each([
  [['spec', 'a', 0, 'b'], 'spec.a[0].b'],
  [['spec', 'nodeSelector', 'weka.io/role'], 'spec.nodeSelector["weka.io/role"]'],
  [[], ''],
])('a path and its text are the same: %j', (path, text) => {
  expect(pathText(path)).toBe(text);
  expect(parsePath(text)).toEqual(path);
});

test('a JSON pointer is a path too', () => expect(parsePath('/spec/a~1b/0')).toEqual(['spec', 'a/b', 0]));

test.each([
  ['imagePullSecrt', 'imagePullSecret'],
  ['image_pull_secret', 'imagePullSecret'],
  ['iamge', 'image'],
  ['colour', undefined],
])('%s resembles %s', (word, meant) => expect(closest(word, ['image', 'imagePullSecret', 'nodeSelector'])).toBe(meant));

test('a swap of neighbours counts as one edit', () => expect(editDistance('iamge', 'image')).toBe(1));
