import { readEndpoint } from '../../lib/drivers/endpoint';

const REGISTRY = 'https://drivers.weka.io';
const read = (text: string | undefined) => readEndpoint(text, { registry: REGISTRY, namespace: 'storage' });
const service = (namespace: string, name: string, url = `https://${name}.${namespace}.svc.cluster.local:60002`) => ({
  kind: 'service',
  namespace,
  name,
  url,
});

test.each([
  [undefined, { kind: 'registry', url: REGISTRY }],
  ['  ', { kind: 'registry', url: REGISTRY }],
  ['https://drivers.weka.io/', { kind: 'registry', url: REGISTRY }],
  ['https://mirror.example:8443/weka', { kind: 'registry', url: 'https://mirror.example:8443/weka' }],
  ['10.0.0.5:60002', { kind: 'registry', url: 'https://10.0.0.5:60002' }],
  [
    'https://weka-drivers-dist.weka-operator-system.svc.cluster.local:60002',
    service('weka-operator-system', 'weka-drivers-dist'),
  ],
  ['weka-drivers-dist.default.svc.cluster.local:60002', service('default', 'weka-drivers-dist')],
  ['https://weka-drivers-dist.default.svc:60002', service('default', 'weka-drivers-dist')],
  ['https://weka-drivers-dist.default.svc', service('default', 'weka-drivers-dist')],
  // As one published page writes it: the namespace is that of the object.
  ['weka-drivers-dist.svc.local:60002', service('storage', 'weka-drivers-dist')],
  [
    'http://weka-drivers-dist.default.svc.cluster.local:8080',
    service('default', 'weka-drivers-dist', 'http://weka-drivers-dist.default.svc.cluster.local:8080'),
  ],
])('%j means %j', (text, expected) => expect(read(text)).toEqual(expected));

test.each(['ftp://host/x', 'https://', ':60002', 'two words'])('%j is no endpoint', (text) =>
  expect(read(text)).toBeUndefined(),
);
