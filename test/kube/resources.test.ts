import { collectionPath, groupVersionPath, objectPath, withQuery } from '../../controllers/kube/paths';
import { isNamespaced, knownResource } from '../../controllers/kube/resources';

test.each([
  { apiVersion: 'v1', kind: 'Node', path: '/api/v1/nodes/x', namespaced: false },
  { apiVersion: 'v1', kind: 'ConfigMap', path: '/api/v1/namespaces/n/configmaps/x', namespaced: true },
  { apiVersion: 'apps/v1', kind: 'DaemonSet', path: '/apis/apps/v1/namespaces/n/daemonsets/x', namespaced: true },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    path: '/apis/networking.k8s.io/v1/namespaces/n/networkpolicies/x',
    namespaced: true,
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    path: '/apis/networking.k8s.io/v1/namespaces/n/ingresses/x',
    namespaced: true,
  },
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    path: '/apis/storage.k8s.io/v1/storageclasses/x',
    namespaced: false,
  },
  {
    apiVersion: 'weka.weka.io/v1alpha1',
    kind: 'WekaPolicy',
    path: '/apis/weka.weka.io/v1alpha1/namespaces/n/wekapolicies/x',
    namespaced: true,
  },
  {
    apiVersion: 'weka.weka.io/v1alpha1',
    kind: 'WekaNode',
    path: '/apis/weka.weka.io/v1alpha1/wekanodes/x',
    namespaced: false,
  },
])('$kind of $apiVersion is at $path', ({ apiVersion, kind, path, namespaced }) => {
  const resource = knownResource({ apiVersion, kind });
  expect(resource?.namespaced).toBe(namespaced);
  expect(isNamespaced({ apiVersion, kind })).toBe(namespaced);
  expect(objectPath(collectionPath({ apiVersion, kind }, resource!, 'n'), 'x')).toBe(path);
});

test('a kind of no table is looked up, and counts as namespaced until then', () => {
  expect(knownResource({ apiVersion: 'acme.io/v1', kind: 'Anvil' })).toBeUndefined();
  expect(isNamespaced({ apiVersion: 'acme.io/v1', kind: 'Anvil' })).toBe(true);
  expect([groupVersionPath('v1'), groupVersionPath('acme.io/v1')]).toEqual(['/api/v1', '/apis/acme.io/v1']);
});

test('queries leave out what is not set and encode the rest', () => {
  expect(withQuery('/p', { a: undefined, b: 'x=y,z', c: true, d: 0 })).toBe('/p?b=x%3Dy%2Cz&c=true&d=0');
  expect(withQuery('/p', { a: undefined })).toBe('/p');
});
