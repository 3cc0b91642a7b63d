/** Bars that a driver operator is measured against, by number. The first is in drivers-scale.test.ts, the fifth in drivers-crash.test.ts. */
import { identify } from '../../lib/operator/agent-identity';
import { LABEL } from '../../lib/base/names';
import type { RegistryTrouble } from '../../sim/drivers/registry';
import type { DriverWorld, DriverWorldOptions } from './driver-world';
import {
  aDriverWorld,
  client,
  clientOfRegistry,
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

jest.setTimeout(240_000);

const [K1, K2] = ['6.1.0-18-amd64', '5.15.0-91-generic'];
const ONE = [{ name: 'n1', kernel: K1 }];

let world: DriverWorld;
const begin = (options: DriverWorldOptions = {}): DriverWorld => (world = aDriverWorld(options));
const loaded = async (options: DriverWorldOptions = {}): Promise<DriverWorld> => {
  begin(options);
  world.apply(policy());
  world.apply(client());
  await world.pass();
  world.lines.splice(0);
  world.acts.splice(0);
  return world;
};
afterEach(async () => {
  await world.stop();
  expect(world.broken).toEqual([]);
});
const ready = (name: string) => world.condition('wekaNode', name, 'DriversReady');

describe('bar 2: of a registry only a 404 is an absence, and nothing but right bytes reaches a loader', () => {
  const asked = async (trouble: RegistryTrouble | undefined): Promise<DriverWorld> => {
    begin({ nodes: ONE, settings: { registryUrl: REGISTRY } });
    if (trouble !== undefined) world.registry.publish(keyFor(K1));
    world.registry.trouble(trouble);
    world.apply(policy({ source: 'RegistryThenLocal' }));
    world.apply(clientOfRegistry());
    await world.pass(8 * MINUTE);
    return world;
  };

  test('404: built at once', async () => {
    await asked(undefined);
    expect([world.count('built'), world.loaded('n1')]).toEqual([1, VERSION]);
  });

  test.each<[RegistryTrouble, string]>([
    [401, 'RegistryRefused'],
    [500, 'RegistryFailed'],
    ['hangs', 'RegistryUnreachable'],
    ['no digest', 'RegistryAnswerInvalid'],
    ['truncated', 'DigestMismatch'],
    ['wrong digest', 'DigestMismatch'],
  ])('%s: waited for, told as %s, and got over when the registry is well', async (trouble, reason) => {
    await asked(trouble);
    expect([world.count('built'), world.count('opens'), ready('n1')?.reason]).toEqual([0, 0, reason]);
    world.registry.trouble(undefined);
    await world.pass(12 * MINUTE);
    expect([world.count('built'), world.loaded('n1')]).toEqual([0, VERSION]);
  });
});

test('bar 3: kernels whose names differ in little, or not at all, never share a package', async () => {
  const long = `5.14.0-427.13.1.el9_4.${'x'.repeat(40)}.aarch64`;
  const nodes = [
    { name: 'plain', kernel: '5.14.0-427.el9.aarch64', architecture: 'arm64' as const },
    { name: 'pages', kernel: '5.14.0-427.el9.aarch64+64k', architecture: 'arm64' as const },
    { name: 'realtime', kernel: '5.14.0-427.el9.x86_64+rt' },
    { name: 'ordinary', kernel: '5.14.0-427.el9.x86_64' },
    { name: 'long', kernel: long, architecture: 'arm64' as const },
    { name: 'longer', kernel: `${long}+64k`, architecture: 'arm64' as const },
    { name: 'amd', kernel: '6.8.0-45-generic' },
    { name: 'arm', kernel: '6.8.0-45-generic', architecture: 'arm64' as const },
    { name: 'rebuilt', kernel: '6.8.0-45-generic' },
  ];
  // The last one has a kernel of the same name that somebody built with other options.
  await loaded({ nodes, machines: { rebuilt: { symbols: 'of another build' } } });
  await world.pass(5 * MINUTE);
  const names = nodes.map(({ name }) => name).filter((name) => name !== 'rebuilt' && name !== 'amd');
  for (const name of names) expect([name, world.loaded(name)]).toEqual([name, VERSION]);
  // One package fits one of the two; the other is refused by its loader before anything is touched.
  const twins = [world.recordOf('amd'), world.recordOf('rebuilt')].map(({ status }) => status);
  expect(twins.filter(({ driver }) => driver !== undefined)).toHaveLength(1);
  expect(twins.flatMap(({ lastFailure }) => lastFailure?.reason ?? [])).toEqual(['SymbolVersionMismatch']);
  expect(world.count('unloads')).toBe(0);
});

describe('bar 4: the state of a node unloads nothing, and what was seen of another boot is void', () => {
  const change = (what: (spec: object) => object): void => {
    const node = world.get('node', 'n1')!;
    world.cluster.server.replace(
      { ...node, spec: what(node.spec ?? {}) as never },
      { user: 'admin', manager: 'kubectl' },
    );
  };
  const taint = { key: 'maintenance', effect: 'NoExecute' };

  test('cordon, taints and silence', async () => {
    await loaded();
    change((spec) => ({ ...spec, unschedulable: true }));
    await world.pass(MINUTE);
    for (let flap = 0; flap < 3; flap++) {
      change((spec) => ({ ...spec, taints: [taint] }));
      await world.pass(MINUTE);
      change((spec) => ({ ...spec, taints: [] }));
      await world.pass(MINUTE);
    }
    change((spec) => ({ ...spec, unschedulable: false }));
    world.cluster.nodes.stop('n2');
    await world.pass(10 * MINUTE);
    expect([world.count('unloads'), world.count('loads')]).toEqual([0, 0]);
    expect(world.modules('n1')).toHaveLength(2);
  });

  test('a reboot between loading and its report; a quick one', async () => {
    begin({ nodes: ONE });
    world.apply(policy());
    world.apply(client());
    await world.cluster.clock.run({ forMs: 10 * MINUTE, until: () => world.count('loads') === 1 });
    world.cluster.nodes.reboot('n1', { downMs: 100 });
    await world.cluster.clock.run({ forMs: 200 });
    expect(world.recordOf('n1').status.driver).toBeUndefined();
    await world.pass(2 * MINUTE);
    expect([world.count('loads'), world.loaded('n1'), world.modules('n1').length]).toEqual([2, VERSION, 2]);
    world.cluster.nodes.reboot('n1', { downMs: 100 });
    await world.pass(MINUTE);
    expect([world.count('loads'), ready('n1')?.status]).toEqual([3, 'True']);
  });
});

test('bar 6: a node that is broken for good is told and counted, and the others finish', async () => {
  const nodes = Array.from({ length: 40 }, (_, index) => ({ name: `n${String(index).padStart(2, '0')}` }));
  await loaded({ nodes, settings: { maxUnavailable: 4 } });
  world.machine('n03').change({ broken: 'Invalid parameters' });
  world.machine('n03').unload(['wekafsgw', 'wekafsio']);
  world.apply(client(NEXT));
  await world.pass(30 * MINUTE);
  const done = nodes.filter(({ name }) => world.loaded(name) === NEXT).map(({ name }) => name);
  expect(done).toEqual(nodes.map(({ name }) => name).filter((name) => name !== 'n03'));
  expect(ready('n03')).toMatchObject({ status: 'False', reason: 'ModuleRefused' });
  expect(world.condition('client', 'clients', 'DriversReady')?.message).toMatch(
    /^The driver is loaded on 39 of 40 nodes\. n03: The kernel refuses wekafsgw: Invalid parameters\./,
  );
  // It is tried again, less and less often, and nobody else hears of it.
  const before = world.writes();
  await world.pass(60 * MINUTE);
  expect(world.writes() - before).toBeLessThan(60);
});

describe('bar 7: only another driver reloads, and never too many at a time', () => {
  test('labels, tolerations, a changed DaemonSet and another version of the operator reload nothing', async () => {
    await loaded();
    const { name } = world.get(
      'daemonSet',
      world.names('daemonSet').find((each) => each.includes('loader'))!,
      OPERATOR_NAMESPACE,
    )!.metadata;
    world.apply({ ...client(VERSION, { tolerations: ['NoSchedule'], wekaSecretRef: 'other' }) });
    world.apply({
      ...policy({ interval: undefined as never }),
      metadata: { name: 'drivers', namespace: 'default', labels: { team: 'a' } },
    });
    await world.pass();
    const set = world.get('daemonSet', name, OPERATOR_NAMESPACE)!;
    world.cluster.server.patch(
      { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: OPERATOR_NAMESPACE, name },
      { spec: { template: { metadata: { annotations: { chart: '2' } } } } },
      { user: 'admin', manager: 'helm' },
    );
    await world.pass();
    expect(set.metadata.uid).toBe(world.get('daemonSet', name, OPERATOR_NAMESPACE)?.metadata.uid);
    expect([world.count('begins'), world.count('loads'), world.count('unloads')]).toEqual([0, 0, 0]);
    const image = 'registry.example/weka-operator:2';
    world.managers.changeVersion({ fault: 'version', at: 0, image, down: 1_000 });
    await world.pass();
    // Its loader is another one, and finds loaded what it would load.
    expect(world.recordOf('n1').driver?.image).toBe(image);
    expect([world.count('loads'), world.count('unloads'), ready('n1')?.status]).toEqual([0, 0, 'True']);
  });

  test('another driver takes turns: by the trace of every kernel, not by the end', async () => {
    const nodes = Array.from({ length: 12 }, (_, index) => ({ name: `n${String(index).padStart(2, '0')}` }));
    await loaded({ nodes, settings: { maxUnavailable: 3 } });
    const without = new Set<string>();
    let most = 0;
    world.agents.onAct((act) => {
      if (act.what === 'unloads') without.add(act.node);
      if (act.what === 'loads') without.delete(act.node);
      most = Math.max(most, without.size);
    });
    world.apply(client(NEXT));
    await world.pass(15 * MINUTE);
    expect(nodes.map(({ name }) => world.loaded(name))).toEqual(nodes.map(() => NEXT));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
  });
});

test('bar 8: a cordon of the administrator is there afterwards, through load, upgrade and removal', async () => {
  begin({ nodes: ONE });
  const node = world.get('node', 'n1')!;
  world.cluster.server.replace({ ...node, spec: { unschedulable: true } }, { user: 'admin', manager: 'kubectl' });
  const cordoned = () => world.get('node', 'n1')?.spec?.['unschedulable'];
  world.apply(policy());
  world.apply(client());
  await world.pass();
  expect([cordoned(), world.loaded('n1')]).toEqual([true, VERSION]);
  world.apply(client(NEXT));
  await world.pass(10 * MINUTE);
  expect([cordoned(), world.loaded('n1')]).toEqual([true, NEXT]);
  world.delete('client', 'clients');
  await world.pass();
  expect(cordoned()).toBe(true);
});

describe('bar 9: a node that takes only signed modules', () => {
  const strict = { signaturesEnforced: true, secureBoot: 'Enabled' as const, trusts: ['WEKA'] };

  test('refuses a package without a signature before anything is unloaded, and says what to do', async () => {
    await loaded({ nodes: ONE, machines: { n1: strict } });
    expect([world.count('unloads'), world.count('loads'), world.modules('n1')]).toEqual([0, 0, []]);
    expect(ready('n1')).toMatchObject({ status: 'False', reason: 'ModuleNotSigned' });
    expect(ready('n1')?.message).toMatch(/is not signed, and the node loads signed modules only/);
    expect(world.recordOf('n1').status).toMatchObject({ secureBoot: 'Enabled', signaturesEnforced: true });
  });

  test.each([
    ['WEKA', VERSION, undefined],
    ['somebody else', undefined, 'SigningKeyNotTrusted'],
  ])('with modules signed by %s', async (signer, version, reason) => {
    begin({ nodes: ONE, machines: { n1: strict }, settings: { registryUrl: REGISTRY } });
    world.registry.publish(keyFor(K1), signer);
    world.apply(clientOfRegistry());
    await world.pass();
    expect([world.loaded('n1'), world.recordOf('n1').status.lastFailure?.reason]).toEqual([version, reason]);
  });
});

test('bar 10: a loader can tell the operator nothing, and an observer only of its own node', async () => {
  await loaded();
  const pods = world.list('pod').filter(({ metadata }) => metadata.namespace === OPERATOR_NAMESPACE);
  const as = (pod: (typeof pods)[number], claimed: object = {}) => {
    const { name, namespace = '', uid, ownerReferences = [] } = pod.metadata;
    const owner = world.cluster.server.core.store.getByUid(ownerReferences[0]!.uid);
    const claim = { name, namespace, uid, node: pod.spec?.['nodeName'] as string, ...claimed };
    return identify({ claim, pod, owner, operatorNamespace: OPERATOR_NAMESPACE, now: world.cluster.clock.now() });
  };
  const loader = pods.find(({ metadata }) => metadata.labels?.[LABEL.driversTarget] !== undefined)!;
  const observer = pods.find(
    ({ metadata, spec }) => metadata.name.includes('observer') && spec?.['nodeName'] === 'n1',
  )!;
  expect(as(loader)).toEqual({ refused: expect.stringContaining('runs no agent') });
  expect(as(observer)).toEqual({ agent: 'node/n1', observedKind: 'NodeObserved' });
  expect(as(observer, { node: 'n2' })).toEqual({ refused: expect.stringContaining('is on another node') });
  expect(as(observer, { uid: 'of an earlier one' })).toEqual({ refused: expect.stringContaining('is another one') });
  for (const { spec } of pods) expect(spec).toMatchObject({ automountServiceAccountToken: false });
});

test('bar 11: a kernel that is installed and not booted has its package before the node boots into it', async () => {
  const next = '6.1.0-21-amd64';
  await loaded({ nodes: ONE, machines: { n1: { kernels: [{ release: next, headers: true }] } } });
  expect(world.dist().serve(idFor(next))).toMatchObject({ size: expect.any(Number) });
  world.acts.splice(0);
  world.cluster.nodes.reboot('n1', { kernel: next });
  await world.pass(2 * MINUTE);
  expect([world.count('built'), world.loaded('n1'), world.recordOf('n1').driver?.kernel]).toEqual([0, VERSION, next]);
});

test('bar 12: a wiped volume fills itself again; old versions in use stay, and those that nobody uses go', async () => {
  const versions = [VERSION, NEXT, '4.4.7'];
  const nodes = versions.map((version, index) => ({ name: `n${index}`, labels: { fleet: version } }));
  begin({ nodes });
  world.apply(policy());
  const named = (version: string) => `clients-${version.replaceAll('.', '-')}`;
  for (const version of versions) world.apply(client(version, { nodeSelector: { fleet: version } }, named(version)));
  await world.pass(8 * MINUTE);
  const ids = versions.map((version) => idFor(K1, version));
  const { files } = world.dist().storage;
  expect([...files.keys()].sort()).toEqual([...ids].sort());
  files.clear();
  world.dist().touched();
  await world.pass(15 * MINUTE);
  expect([...files.keys()].sort()).toEqual([...ids].sort());
  expect([world.count('loads'), world.count('unloads')]).toEqual([3, 0]);
  const built = () =>
    world.list('container').flatMap(({ spec }) => (spec?.['mode'] === 'drivers-builder' ? [spec['image']] : []));
  world.delete('client', named('4.4.7'));
  // Nobody wants it any more, and a kernel still holds it.
  await world.pass(48 * 60 * MINUTE);
  expect(built()).toEqual(versions.map(imageOf));
  world.cluster.nodes.reboot('n2');
  await world.pass(25 * 60 * MINUTE);
  expect(built()).toEqual([VERSION, NEXT].map(imageOf));
  await world.pass(25 * 60 * MINUTE);
  expect([idFor(K1, VERSION), idFor(K1, NEXT)].every((id) => files.has(id))).toBe(true);
});

test('bar 13: offline, not one connection leaves the cluster, whatever is named', async () => {
  begin({ settings: { offline: true, registryUrl: REGISTRY } });
  for (const kernel of [K1, K2]) world.registry.publish(keyFor(kernel));
  world.apply(policy({ source: 'RegistryThenLocal' }));
  world.apply(client());
  world.apply(
    client(NEXT, { driversDistService: 'https://elsewhere.example', nodeSelector: { none: 'x' } }, 'outside'),
  );
  await world.pass(30 * MINUTE);
  expect(world.registry.calls).toEqual([]);
  expect([world.loaded('n1'), world.loaded('n2')]).toEqual([VERSION, VERSION]);
});

describe('bar 14: what is deleted while its driver is busy', () => {
  test('ends: the loader goes, the driver stays, and nothing is in the way of the next one', async () => {
    await loaded();
    world.machine('n1').setMounted('/mnt/weka', true);
    world.machine('n1').setHolder('wekafsio', 'other', true);
    world.delete('client', 'clients');
    world.delete('policy', 'drivers');
    await world.pass(2 * MINUTE);
    expect([world.names('client'), world.names('policy'), world.names('container'), world.names('pod')]).toEqual([
      [],
      [],
      [],
      [],
    ]);
    expect([world.count('unloads'), world.modules('n1').length]).toEqual([0, 2]);
    world.apply(policy());
    world.apply(client());
    await world.pass();
    expect([ready('n1')?.status, world.count('unloads')]).toEqual(['True', 0]);
  });

  test('by another version: held by a module of somebody else it is refused, with the holder named', async () => {
    await loaded({ nodes: ONE });
    world.machine('n1').setHolder('wekafsio', 'other', true);
    world.apply(client(NEXT));
    await world.pass();
    expect(ready('n1')).toMatchObject({ status: 'False', reason: 'DriverInUse' });
    expect(ready('n1')?.message).toMatch(/module other holds wekafsio/);
    expect(world.modules('n1')).toHaveLength(2);
    world.machine('n1').setHolder('wekafsio', 'other', false);
    await world.pass(15 * MINUTE);
    expect([world.loaded('n1'), ready('n1')?.status]).toEqual([NEXT, 'True']);
  });
});
