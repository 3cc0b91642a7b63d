import {
  LOAD_MOUNTS,
  LOAD_SECURITY_CONTEXT,
  loadEnvironment,
  LOADER_PATH,
  LOADER_POD,
  loaderVolumes,
  WATCH_ENVIRONMENT,
  WATCH_MOUNTS,
  WATCH_SECURITY_CONTEXT,
} from '../../lib/drivers/load-pod';
import { INDEX_SHARDS } from '../../lib/drivers/package-index';

const volumes = loaderVolumes((shard) => `index-of-4.4-${shard}`, 'ca');

test('each mount has its volume, and no volume is there for nothing', () => {
  const mounted = new Set([...LOAD_MOUNTS, ...WATCH_MOUNTS].map(({ name }) => name));
  expect(volumes.map(({ name }) => name).sort()).toEqual([...mounted].sort());
});

test('each path that the loader is told of is mounted', () => {
  const mounts = LOAD_MOUNTS.map(({ mountPath }) => mountPath);
  const order = { wekaVersion: '4.4', distUrl: 'https://dist:60002' };
  const paths = loadEnvironment(order).filter(
    ({ value }) => value?.startsWith('/') === true && !value.startsWith('/dev/'),
  );
  for (const { value = '' } of paths)
    expect(
      mounts.some((mount) => value === mount || mount.startsWith(`${value}/`) || value.startsWith(`${mount}/`)),
    ).toBe(true);
  expect(WATCH_ENVIRONMENT.find(({ name }) => name === 'STATE_DIRECTORY')?.value).toBe(LOADER_PATH.state);
});

test('only the cache and the state may be written; the container’s own files may not', () => {
  const writable = LOAD_MOUNTS.filter(({ readOnly }) => readOnly !== true).map(({ name }) => name);
  expect(writable).toEqual(['cache', 'state']);
  for (const context of [LOAD_SECURITY_CONTEXT, WATCH_SECURITY_CONTEXT])
    expect(context).toMatchObject({
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
});

test('what stays for months has no privilege at all, and no Pod has a token of the API server', () => {
  expect(WATCH_SECURITY_CONTEXT).toMatchObject({ runAsNonRoot: true, capabilities: { drop: ['ALL'] } });
  expect(WATCH_SECURITY_CONTEXT).not.toHaveProperty('capabilities.add');
  expect(WATCH_MOUNTS.map(({ name }) => name)).toEqual(['state']);
  expect(LOADER_POD.automountServiceAccountToken).toBe(false);
});

test('all shards of the index are mounted side by side; one that is not there keeps no Pod from starting', () => {
  const shards = volumes.filter(({ name }) => name.startsWith('index-'));
  expect(shards.length).toBe(INDEX_SHARDS);
  expect(shards[1]).toEqual({ name: 'index-1', configMap: { name: 'index-of-4.4-1', optional: true } });
  expect(LOAD_MOUNTS).toContainEqual({ name: 'index-1', mountPath: '/etc/weka-operator/index/1', readOnly: true });
});
