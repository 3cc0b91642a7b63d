import type { DriverWorld } from '../../lib/drivers/driver-candidates';
import { planDrivers } from '../../lib/drivers/driver-plan';
import type { RegistryAnswer } from '../../lib/drivers/registry-answer';
import {
  build,
  claimsOf,
  client,
  DIGEST,
  dist,
  DIST_URL,
  entry,
  indexed,
  KEY,
  node,
  OTHER,
  OWN_URL,
  ownDist,
  stored,
  world,
} from './driver-world';

const driverOf = (picture: Partial<DriverWorld>, name = 'n1') =>
  planDrivers(world(picture)).nodes.find((each) => each.name === name)?.driver;
const why = (picture: Partial<DriverWorld>): string | undefined => driverOf(picture)?.waiting?.reason;
const NEXT = { ...KEY, wekaVersion: '4.4.6' };
/** Has 4.4.5 loaded, as it was allowed. */
const running = (name: string, more: object = {}) =>
  node(name, {
    driver: { ...KEY, digest: DIGEST, target: 'loader-old', distEndpoint: DIST_URL, image: 'operator:1' },
    status: { bootID: 'boot-1', driver: { wekaVersion: '4.4.5', digest: DIGEST } },
    ...more,
  });
const found: RegistryAnswer = {
  state: 'found',
  url: 'https://drivers.weka.io/dist/v1/drivers/x.tar.gz',
  sha256: DIGEST,
};
const fromRegistry = { claims: claimsOf(client('c', { driversDistService: undefined })), builds: [], dists: [] };

describe('a node is allowed a driver', () => {
  test('when its package is indexed and its service holds it: record, loader and index say the same', () => {
    const plan = planDrivers(world({ dists: [dist([stored()])], recorded: indexed(entry()) }));
    const driver = plan.nodes[0]?.driver;
    expect(driver).toEqual({
      ...KEY,
      image: 'operator:1',
      digest: DIGEST,
      distEndpoint: DIST_URL,
      target: driver?.target,
      claimants: ['WekaClient/default/c'],
    });
    expect([...plan.loaders]).toEqual([
      [driver?.target, { wekaVersion: '4.4.5', distUrl: DIST_URL, image: 'operator:1' }],
    ]);
    expect(plan.index).toEqual([entry()]);
  });

  test('in the very round in which the service confirms what a builder reported', () => {
    const vouched = { sha256: DIGEST, size: 100, source: 'built' } as const;
    const plan = planDrivers(world({ dists: [dist([stored()])], builds: [build({ vouched })] }));
    expect([plan.index, plan.nodes[0]?.driver?.digest]).toEqual([[entry()], DIGEST]);
  });

  test('by another service that holds the very bytes, where a registry was named', () => {
    const picture = { ...fromRegistry, dists: [dist([stored()])], recorded: indexed(entry()) };
    expect(driverOf(picture)?.distEndpoint).toBe(DIST_URL);
  });

  test('on the word of the index while services have not told anything yet', () =>
    expect(driverOf({ dists: [dist([], { told: false })], recorded: indexed(entry()) })?.digest).toBe(DIGEST));
});

describe('the index keeps what a node may load at any time', () => {
  const absent = { ...fromRegistry, answer: () => ({ state: 'absent' }) as const };
  const upgraded = claimsOf(client('c', { image: 'weka:4.4.6', driversDistService: undefined }));
  const recorded = indexed(entry());

  test('while it waits for another version: a reboot needs it', () =>
    expect(planDrivers(world({ ...absent, claims: upgraded, nodes: [running('n1')], recorded })).index).toEqual([
      entry(),
    ]));

  test('while it is paused, whoever claims it', () =>
    expect(
      planDrivers(world({ ...absent, claims: [], nodes: [running('n1', { paused: true })], recorded })).index,
    ).toEqual([entry()]));

  test('and nothing else: not for another kernel, and not when nobody claims the node', () => {
    const other = running('n1', { facts: { kernel: '6.2.0' } });
    expect(planDrivers(world({ ...absent, claims: upgraded, nodes: [other], recorded })).index).toEqual([]);
    expect(planDrivers(world({ ...absent, claims: [], nodes: [running('n1')], recorded })).index).toEqual([]);
  });
});

describe('a node waits, and says what for', () => {
  const table: Record<string, [Partial<DriverWorld>, string]> = {
    'its package is being built': [{ builds: [build()] }, 'Building'],
    'the policy of the service has not seen the wish yet': [{ dists: [dist([])] }, 'BuildWanted'],
    'nobody builds for a service that was made by hand': [{ dists: [dist([])], policies: [] }, 'NoBuilder'],
    'bytes that nobody vouches for are never loaded': [{ dists: [dist([stored()])] }, 'BuildWanted'],
    'bytes other than those vouched for neither': [
      { dists: [dist([stored(KEY, OTHER)])], recorded: indexed(entry()) },
      'BuildWanted',
    ],
    'quarantined bytes neither': [
      { dists: [dist([{ ...stored(), state: 'quarantined' }])], recorded: indexed(entry()), builds: [build()] },
      'Building',
    ],
    'the Service that is named does not exist': [
      { dists: [], services: new Set(), policies: [] },
      'DistServiceMissing',
    ],
    'a policy is about to make that Service': [{ dists: [], services: new Set() }, 'DistributionNotReady'],
    'its service has no ready Pod yet': [{ dists: [dist([], { ready: false, told: false })] }, 'DistNoEndpoints'],
    'what is named is no address': [
      { claims: claimsOf(client('c', { driversDistService: 'ftp://x' })) },
      'DistEndpointInvalid',
    ],
    'the registry has not answered': [fromRegistry, 'AskingRegistry'],
    'the registry has it: it is fetched': [{ ...fromRegistry, answer: () => found }, 'Mirroring'],
    'the registry does not have it, and nobody builds it': [
      { ...fromRegistry, answer: () => ({ state: 'absent' }) },
      'PackageUnavailable',
    ],
    'the registry does not have it, and a policy builds it': [
      { ...fromRegistry, dists: [dist()], builds: [build()], answer: () => ({ state: 'absent' }) },
      'Building',
    ],
    'the registry can not be reached: that is no absence': [
      {
        ...fromRegistry,
        answer: (registry) => ({
          state: 'unknown',
          since: 0,
          failure: { code: 'RegistryUnreachable', parameters: { registry, cause: 'timeout' } },
        }),
      },
      'RegistryUnreachable',
    ],
  };
  test.each(Object.entries(table))('%s', (_sentence, [picture, reason]) => {
    expect(why(picture)).toBe(reason);
    expect(driverOf(picture)).not.toHaveProperty('target');
  });

  test('no policy selects it: the missing label and the policy are named', () => {
    const policies = [
      { namespace: 'default', name: 'drivers', nodeSelectors: [{ role: 'worker', a: '1' }, { pool: 'b' }] },
    ];
    const labelled = node('n1', { facts: { labels: { a: '1' } } });
    const { reason, message } = driverOf({ policies, nodes: [labelled] })?.waiting ?? {};
    expect(reason).toBe('NodeNotSelected');
    expect(message).toContain('WekaPolicy/default/drivers wants the label role=worker, or pool=b');
  });

  test('offline the registry is not asked', () => {
    const answer = jest.fn();
    expect(why({ ...fromRegistry, offline: true, answer })).toBe('PackageUnavailable');
    expect(answer).not.toHaveBeenCalled();
  });

  test('everything that waits says why in a sentence', () => {
    for (const [picture] of Object.values(table)) expect(driverOf(picture)?.waiting?.message).toMatch(/\w{3}.*\.$/);
  });
});

describe('what comes from outside', () => {
  test("is mirrored by the operator's own service, which is made for it", () => {
    const { own } = planDrivers(world({ ...fromRegistry, answer: () => found }));
    expect(own).toEqual([
      { id: expect.any(String), ...KEY, sha256: DIGEST, mirror: { url: found.url, sha256: DIGEST } },
    ]);
  });

  test('is indexed by the word of the registry, served by the own service, and stays there', () => {
    const own = ownDist([stored()]);
    const plan = planDrivers(world({ ...fromRegistry, dists: [own], own, answer: () => found }));
    expect(plan.index).toEqual([entry(KEY, { source: 'registry' })]);
    expect(plan.nodes[0]?.driver?.distEndpoint).toBe(OWN_URL);
    const recorded = indexed(...plan.index);
    const after = planDrivers(world({ ...fromRegistry, dists: [own], own, recorded, answer: () => found }));
    expect(after.own).toEqual([{ id: expect.any(String), ...KEY, sha256: DIGEST }]);
  });

  test('never changes silently: other bytes at the registry are not what is fetched', () => {
    const recorded = indexed(entry(KEY, { source: 'registry' }));
    const own = ownDist([{ ...stored(), state: 'quarantined' }]);
    const picture = world({
      ...fromRegistry,
      dists: [own],
      own,
      recorded,
      answer: () => ({ ...found, sha256: OTHER }),
    });
    expect(planDrivers(picture).own?.[0]?.sha256).toBe(DIGEST);
    expect(planDrivers(picture).index).toEqual([entry(KEY, { source: 'registry' })]);
  });

  test('is not asked for while everybody names a service of ours', () =>
    expect(planDrivers(world()).own).toBeUndefined());
});

describe('an upgrade', () => {
  const upgrade = {
    claims: claimsOf(client('c', { image: 'weka:4.4.6' })),
    recorded: indexed(entry(), entry(NEXT, { sha256: OTHER })),
    dists: [dist([stored(), stored(NEXT, OTHER)])],
  };

  test('goes node by node; who waits keeps its loader, so that a reboot finds the old driver', () => {
    const nodes = [running('n1'), running('n2')];
    expect(driverOf({ ...upgrade, nodes })).toMatchObject({ wekaVersion: '4.4.6', digest: OTHER });
    expect(driverOf({ ...upgrade, nodes }, 'n2')).toMatchObject({
      wekaVersion: '4.4.5',
      digest: DIGEST,
      target: 'loader-old',
      waiting: { wekaVersion: '4.4.6', reason: 'WaitingForTurn' },
    });
  });

  test('waits for mounts, and names them', () => {
    const nodes = [running('n1', { status: { ...running('n1').status, mounts: ['/mnt/weka'] } })];
    const { waiting } = driverOf({ ...upgrade, nodes }) ?? {};
    expect([waiting?.reason, waiting?.message]).toEqual(['NodeInUse', expect.stringContaining('/mnt/weka')]);
  });

  test('keeps both loaders while nodes of both are there', () =>
    expect(planDrivers(world({ ...upgrade, nodes: [running('n1'), running('n2')] })).loaders.size).toBe(2));

  test('is not stopped by the boot into another kernel: what was allowed for the old one is void', () => {
    const rebooted = running('n1', { facts: { kernel: '6.2.0', bootID: 'boot-2' } });
    const driver = driverOf({ nodes: [rebooted] });
    expect(driver).toMatchObject({ wekaVersion: '4.4.5', kernel: '6.2.0', waiting: { reason: 'BuildWanted' } });
    expect(driver).not.toHaveProperty('digest');
  });
});

describe('nodes that nobody claims any more', () => {
  test('are given up: the loader goes, the index keeps what services still hold', () => {
    const plan = planDrivers(
      world({
        claims: [],
        nodes: [running('n1')],
        recorded: indexed(entry()),
        dists: [dist([stored()], { told: false })],
      }),
    );
    expect([plan.nodes, plan.loaders.size, plan.index]).toEqual([[{ name: 'n1', driver: undefined }], 0, [entry()]]);
  });

  test('that are paused keep what their record says, whatever is claimed', () => {
    const paused = running('n1', { paused: true });
    expect(driverOf({ claims: [], nodes: [paused] })).toBe(paused.driver);
  });
});

test('a policy that goes takes neither index nor loaders with it', () => {
  const plan = planDrivers(
    world({
      dists: [],
      builds: [],
      services: new Set(),
      policies: [],
      nodes: [running('n1')],
      recorded: indexed(entry()),
    }),
  );
  expect(plan.index).toEqual([entry()]);
  expect([...plan.loaders.keys()]).toEqual(['loader-old']);
  expect(plan.nodes[0]?.driver).toMatchObject({ target: 'loader-old', waiting: { reason: 'DistServiceMissing' } });
});
