import { flipByte } from '../../sim/drivers/storages';
import type { DriverWorld, DriverWorldOptions } from './driver-world';
import {
  aDriverWorld,
  client,
  clientOfRegistry,
  container,
  idFor,
  imageOf,
  keyFor,
  MINUTE,
  NEXT,
  OPERATOR_NAMESPACE,
  policy,
  REGISTRY,
  VERSION,
} from './driver-world';

jest.setTimeout(120_000);

const [K1, K2] = ['6.1.0-18-amd64', '5.15.0-91-generic'];
/** Where the operator mirrors packages. */
const OWN = 'weka-operator-drivers';

let world: DriverWorld;
const begin = (options: DriverWorldOptions = {}): DriverWorld => (world = aDriverWorld(options));
/** Policy and client, with the driver loaded everywhere. */
const loaded = async (options: DriverWorldOptions = {}): Promise<DriverWorld> => {
  begin(options);
  world.apply(policy());
  world.apply(client());
  await world.pass();
  world.lines.splice(0);
  return world;
};
/** Whatever a test is about: every invariant was kept. */
afterEach(async () => {
  await world.stop();
  expect(world.broken).toEqual([]);
});
const ready = (kind: 'client' | 'wekaNode', name: string) => world.condition(kind, name, 'DriversReady');

test('drivers are built in the cluster, served, verified, loaded and reported', async () => {
  begin();
  world.apply(policy());
  world.apply(client());
  await world.pass();
  expect(
    world.told(
      /^WekaPolicy|^Pod\/drivers\S* (has|serves)|^Node\/\w+ (opens|has)|^\+ (ConfigMap.*index|DaemonSet.*loader)|^WekaNode.* is loaded|all nodes/,
    ),
  ).toEqual([
    'WekaPolicy/default/drivers Running: DistributionNotReady: The distribution service has no ready Pod yet.',
    'WekaPolicy/default/drivers Running: Building: 2 of 2 packages are still to be built.',
    expect.stringMatching(/^Pod\/drivers-builder\S+ has built 4.4.5_6.1.0-18-amd64_amd64_01f0f8fd86 \(9ff11d1a6848\)$/),
    'Pod/drivers-dist serves 4.4.5_6.1.0-18-amd64_amd64_01f0f8fd86 (9ff11d1a6848), uploaded by its builder',
    expect.stringMatching(
      /^\+ ConfigMap\/weka-operator-system\/weka-drivers-index-\S+ by Namespace\/weka-operator-system$/,
    ),
    'WekaPolicy/default/drivers Running: Building: 1 of 2 packages are still to be built.',
    expect.stringMatching(/^\+ DaemonSet\/weka-operator-system\/weka-drivers-loader-\S+ by Namespace/),
    'Node/n1 opens 4.4.5_6.1.0-18-amd64_amd64_01f0f8fd86 (9ff11d1a6848, as the index has it) from its service',
    'Node/n1 has the driver loaded (simulated): 4.4.5_6.1.0-18-amd64_amd64_01f0f8fd86',
    'WekaNode/n1 The driver of 4.4.5 is loaded.',
    expect.stringMatching(
      /^Pod\/drivers-builder\S+ has built 4.4.5_5.15.0-91-generic_amd64_5e17441cee \(fb59578d8e33\)$/,
    ),
    'Pod/drivers-dist serves 4.4.5_5.15.0-91-generic_amd64_5e17441cee (fb59578d8e33), uploaded by its builder',
    'WekaPolicy/default/drivers Done: All builds completed',
    'Node/n2 opens 4.4.5_5.15.0-91-generic_amd64_5e17441cee (fb59578d8e33, as the index has it) from its service',
    'Node/n2 has the driver loaded (simulated): 4.4.5_5.15.0-91-generic_amd64_5e17441cee',
    'WekaNode/n2 The driver of 4.4.5 is loaded.',
    'WekaClient/default/clients Drivers: The driver is loaded on all nodes (2/2).',
  ]);
  expect(world.registry.calls).toEqual([]);
  const before = world.writes();
  await world.pass(60 * MINUTE);
  expect(world.writes()).toBe(before);
});

test('drivers that a registry has are mirrored once, by a service of the operator', async () => {
  begin({ settings: { registryUrl: REGISTRY } });
  for (const kernel of [K1, K2]) world.registry.publish(keyFor(kernel));
  world.apply(clientOfRegistry());
  await world.pass();
  expect(world.told(/^Pod\/weka-operator-drivers|^Node\/.*(opens|loaded)|all nodes/)).toEqual([
    'Pod/weka-operator-drivers serves 4.4.5_5.15.0-91-generic_amd64_5e17441cee (0b2a2370b9e0), mirrored',
    'Pod/weka-operator-drivers serves 4.4.5_6.1.0-18-amd64_amd64_01f0f8fd86 (49a748ab853a), mirrored',
    'Node/n1 opens 4.4.5_6.1.0-18-amd64_amd64_01f0f8fd86 (49a748ab853a, as the index has it) from its service',
    'Node/n2 opens 4.4.5_5.15.0-91-generic_amd64_5e17441cee (0b2a2370b9e0, as the index has it) from its service',
    'Node/n1 has the driver loaded (simulated): 4.4.5_6.1.0-18-amd64_amd64_01f0f8fd86',
    'Node/n2 has the driver loaded (simulated): 4.4.5_5.15.0-91-generic_amd64_5e17441cee',
    'WekaClient/default/clients Drivers: The driver is loaded on all nodes (2/2).',
  ]);
  expect(world.registry.calls.map(({ by }) => by).sort()).toEqual(['dist', 'dist', 'operator', 'operator']);
  expect(world.get('container', OWN, OPERATOR_NAMESPACE)?.status).toMatchObject({ status: 'Running' });
});

test('what the registry lacks is built at once where a policy may build it, and only that', async () => {
  begin({ settings: { registryUrl: REGISTRY } });
  world.registry.publish(keyFor(K1));
  world.apply(policy({ source: 'RegistryThenLocal' }));
  world.apply(clientOfRegistry());
  await world.pass();
  expect(ready('client', 'clients')).toMatchObject({ status: 'True' });
  expect(world.acts.flatMap((act) => (act.what === 'built' ? [act.id] : []))).toEqual([idFor(K2)]);
  expect(world.get('policy', 'drivers')?.status).toMatchObject({ status: 'Done', progress: '2/2' });
});

test('a registry that does not answer is waited for; after its deadline drivers are built', async () => {
  begin({ settings: { registryUrl: REGISTRY } });
  world.registry.trouble(503);
  world.apply(policy({ source: 'RegistryThenLocal' }));
  world.apply(client());
  await world.pass(14 * MINUTE);
  expect(world.count('built')).toBe(0);
  expect(ready('client', 'clients')).toMatchObject({ status: 'False', reason: 'RegistryFailed' });
  await world.pass(6 * MINUTE);
  expect(world.count('built')).toBe(2);
  expect(ready('client', 'clients')).toMatchObject({ status: 'True' });
});

test('services and builders that are made by hand do the same', async () => {
  begin();
  const instructions = { type: 'build-drivers', payload: JSON.stringify({ kernel: K1, arch: 'amd64' }) };
  const builder = { mode: 'drivers-builder', image: imageOf(VERSION) };
  const app = { app: 'weka-drivers-dist' };
  world.apply(container('my-dist', { mode: 'drivers-dist', image: imageOf(VERSION) }, app));
  world.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'weka-drivers-dist', namespace: 'default' },
    spec: { selector: app, ports: [{ name: 'dist', port: 60002, targetPort: 60002 }] },
  });
  world.apply(container('one', { ...builder, uploadResultsTo: 'my-dist', nodeAffinity: 'n1', instructions }));
  world.apply(container('two', { ...builder, nodeAffinity: 'n2' }));
  world.apply(client(VERSION, { driversDistService: 'weka-drivers-dist.default.svc.cluster.local:60002' }));
  await world.pass();
  expect(['one', 'two'].map((name) => world.get('container', name)?.status?.['status'])).toEqual([
    'Completed',
    'Completed',
  ]);
  expect([world.loaded('n1'), world.loaded('n2')]).toEqual([VERSION, VERSION]);
});

test('an upgrade goes node by node, and past a node whose file systems are mounted until they are not', async () => {
  await loaded({ nodes: ['a', 'b', 'c'].map((name) => ({ name })) });
  world.machine('b').setMounted('/mnt/weka', true);
  await world.pass(MINUTE);
  world.lines.splice(0);
  world.apply(client(NEXT));
  await world.pass();
  expect(world.told(/^Node\/.*(opens|unloads|loaded)|^WekaNode.*(Loading|Turn|InUse|4.4.6 is loaded)/)).toEqual([
    'WekaNode/c WaitingForTurn: Other nodes change their driver first. Nothing to do; at most 10% of them are without a driver at a time.',
    'WekaNode/a Loading: The driver of 4.4.6 is being loaded.',
    'WekaNode/b NodeInUse: The loaded driver is in use: /mnt/weka mounted. Unmount, or drain the node of what uses WEKA; then its driver is changed at once.',
    'Node/a opens 4.4.6_6.1.0-18-amd64_amd64_aaf094a456 (6609fbdbe1c9, as the index has it) from its service',
    'Node/a unloads the driver that it has',
    'Node/a has the driver loaded (simulated): 4.4.6_6.1.0-18-amd64_amd64_aaf094a456',
    'WekaNode/a The driver of 4.4.6 is loaded.',
    'WekaNode/c Loading: The driver of 4.4.6 is being loaded.',
    'Node/c opens 4.4.6_6.1.0-18-amd64_amd64_aaf094a456 (6609fbdbe1c9, as the index has it) from its service',
    'Node/c unloads the driver that it has',
    'Node/c has the driver loaded (simulated): 4.4.6_6.1.0-18-amd64_amd64_aaf094a456',
    'WekaNode/c The driver of 4.4.6 is loaded.',
  ]);
  expect(ready('client', 'clients')?.message).toMatch(/loaded on 2 of 3 nodes\. b: .*\/mnt\/weka mounted/);
  world.machine('b').setMounted('/mnt/weka', false);
  await world.pass();
  expect(ready('client', 'clients')).toMatchObject({ status: 'True' });
});

test('a kernel holds one version: the loaded one stays, and who wants another one is told who keeps it', async () => {
  await loaded();
  world.apply(client(NEXT, {}, 'others'));
  await world.pass();
  expect(world.count('unloads')).toBe(0);
  expect(ready('client', 'clients')).toMatchObject({ status: 'True' });
  expect(ready('client', 'others')).toMatchObject({ status: 'False', reason: 'VersionConflict' });
  expect(ready('client', 'others')?.message).toMatch(/keeps 4\.4\.5, which WekaClient\/default\/clients want/);
});

test('deleting the policy leaves loaders and drivers, and a node that boots loads from its cache', async () => {
  await loaded();
  world.delete('policy', 'drivers');
  await world.pass();
  expect([world.names('container'), world.names('service')]).toEqual([[], []]);
  expect(world.names('daemonSet')).toEqual([expect.stringContaining('loader'), 'weka-node-observer']);
  world.lines.splice(0);
  world.cluster.nodes.reboot('n1');
  await world.pass();
  expect(world.told(/^Node\/.*(opens|loaded)/)).toEqual([
    'Node/n1 opens 4.4.5_6.1.0-18-amd64_amd64_01f0f8fd86 (9ff11d1a6848, as the index has it) from its own cache',
    'Node/n1 has the driver loaded (simulated): 4.4.5_6.1.0-18-amd64_amd64_01f0f8fd86',
  ]);
  expect(ready('client', 'clients')).toMatchObject({ status: 'True' });
});

test('deleting the client takes loader, index and labels away, and unloads nothing', async () => {
  await loaded();
  world.delete('policy', 'drivers');
  world.delete('client', 'clients');
  await world.pass();
  expect([world.names('daemonSet'), world.names('pod')]).toEqual([[], []]);
  expect(world.names('configMap').filter((name) => name.includes('index'))).toEqual([]);
  expect(Object.keys(world.get('node', 'n1')?.metadata.labels ?? {}).filter((key) => key.startsWith('weka'))).toEqual(
    [],
  );
  expect(world.recordOf('n1').driver).toBeUndefined();
  expect([world.modules('n1'), world.count('unloads')]).toEqual([['wekafsgw', 'wekafsio'], 0]);
});

test('a node that is replaced gets its driver from the service, one that returns with another kernel a new one', async () => {
  await loaded();
  world.cluster.nodes.remove('n2');
  await world.pass(MINUTE);
  world.cluster.nodes.add({ name: 'n2', kernel: K2 });
  await world.pass();
  expect(world.told(/^Node\/n2 (opens|has)/)).toEqual([
    'Node/n2 opens 4.4.5_5.15.0-91-generic_amd64_5e17441cee (fb59578d8e33, as the index has it) from its service',
    'Node/n2 has the driver loaded (simulated): 4.4.5_5.15.0-91-generic_amd64_5e17441cee',
  ]);
  world.machine('n2').change({ kernels: [{ release: '6.8.0-45-generic', headers: true }] });
  world.cluster.nodes.reboot('n2', { kernel: '6.8.0-45-generic' });
  await world.pass();
  expect([world.loaded('n2'), world.recordOf('n2').driver?.kernel]).toEqual([VERSION, '6.8.0-45-generic']);
});

test('a stored package whose bytes change is quarantined and built again; so is all that somebody deletes', async () => {
  await loaded();
  const { storage } = world.dist();
  flipByte(storage, idFor(K1));
  world.dist().touched();
  await world.pass();
  expect(world.told(/^Pod\/drivers-dist (finds|serves)|Done/)).toEqual([
    'Pod/drivers-dist finds 4.4.5_6.1.0-18-amd64_amd64_01f0f8fd86 damaged and serves it no longer',
    'Pod/drivers-dist serves 4.4.5_6.1.0-18-amd64_amd64_01f0f8fd86 (9ff11d1a6848), uploaded by its builder',
    'WekaPolicy/default/drivers Done: All builds completed',
  ]);
  storage.files.clear();
  world.dist().touched();
  await world.pass();
  expect([...storage.files.keys()].sort()).toEqual([idFor(K1), idFor(K2)].sort());
  expect([world.count('loads'), world.count('unloads')]).toEqual([2, 0]);
});

test('a mirrored package whose bytes change is fetched again', async () => {
  begin({ settings: { registryUrl: REGISTRY } });
  for (const kernel of [K1, K2]) world.registry.publish(keyFor(kernel));
  world.apply(clientOfRegistry());
  await world.pass();
  flipByte(world.dist(OWN).storage, idFor(K1));
  world.dist(OWN).touched();
  await world.pass();
  expect(world.acts.filter(({ what }) => what === 'stored' || what === 'quarantined').map(({ what }) => what)).toEqual([
    'stored',
    'stored',
    'quarantined',
    'stored',
  ]);
});

test('a driver that somebody unloads is loaded again, and what happened is said', async () => {
  await loaded();
  world.machine('n1').unload(['wekafsio', 'wekafsgw']);
  await world.pass();
  expect(world.told(/^Node\/n1 has|^WekaNode/)).toEqual([
    'WekaNode/n1 DriverUnloaded: The driver was unloaded by somebody else. It is loaded again; find out who runs rmmod on the node if this comes back.',
    'Node/n1 has the driver loaded (simulated): 4.4.5_6.1.0-18-amd64_amd64_01f0f8fd86',
    'WekaNode/n1 The driver of 4.4.5 is loaded.',
  ]);
});

test('a node that waits for a version nobody has keeps the old one, and boots into it', async () => {
  begin({ settings: { registryUrl: REGISTRY } });
  for (const kernel of [K1, K2]) world.registry.publish(keyFor(kernel));
  world.apply(clientOfRegistry());
  await world.pass();
  world.apply(clientOfRegistry(NEXT));
  await world.pass();
  world.cluster.nodes.reboot('n1');
  await world.pass();
  expect([world.loaded('n1'), ready('wekaNode', 'n1')?.reason]).toEqual([VERSION, 'PackageUnavailable']);
});
