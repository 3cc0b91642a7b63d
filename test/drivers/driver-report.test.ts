import type { LiveObject } from '../../lib/base/kube-object';
import { claimOf } from '../../lib/drivers/claims';
import { driverReport, effectiveDrivers } from '../../lib/drivers/driver-report';
import { client, node } from './driver-world';

const nodes = ['n1', 'n2', 'n3'].map((name) => node(name).facts);

/** The record of a node whose driver stands like that. */
const record = (
  name: string,
  driver: object | undefined,
  condition: { status?: string; reason?: string; message?: string } = {},
): LiveObject =>
  ({
    apiVersion: 'weka.weka.io/v1alpha1',
    kind: 'WekaNode',
    metadata: { name, uid: name, resourceVersion: '1' },
    spec: { driver },
    status: {
      driver: { wekaVersion: '4.4.5' },
      conditions: [{ type: 'DriversReady', status: 'True', reason: 'Loaded', message: 'It is loaded.', ...condition }],
    },
  }) as unknown as LiveObject;
const loaded = (name: string): LiveObject =>
  record(name, { wekaVersion: '4.4.5', claimants: ['WekaClient/default/c'] });
const failing = (name: string, reason: string): LiveObject =>
  record(name, { wekaVersion: '4.4.5' }, { status: 'False', reason, message: `${reason} happened.` });

const report = (records: readonly LiveObject[], given = nodes) => {
  const claim = claimOf(client('c'));
  if (claim === undefined) throw new Error('a client claims');
  const byName = new Map(records.map((each) => [each.metadata.name, each]));
  const { condition, cell } = driverReport(claim, given, { records: byName, generation: 3 });
  return [condition.status, condition.reason, condition.message, cell];
};

test.each([
  [
    'all nodes hold it',
    nodes.map(({ name }) => loaded(name)),
    ['True', 'Loaded', 'The driver is loaded on all nodes (3/3).', '3/3'],
  ],
  [
    'what most of the others lack is told, with the first of them by name',
    [loaded('n1'), failing('n2', 'HeadersMissing'), failing('n3', 'HeadersMissing')],
    ['False', 'HeadersMissing', 'The driver is loaded on 1 of 3 nodes. n2: HeadersMissing happened.', '1/3'],
  ],
  [
    'a node without a record counts as not looked at',
    [loaded('n1'), loaded('n2')],
    ['False', 'Pending', 'The driver is loaded on 2 of 3 nodes. n3: Its driver has not been looked at yet.', '2/3'],
  ],
  [
    'another version that stays is a conflict, which names who wants it',
    [
      loaded('n1'),
      loaded('n2'),
      record('n3', { wekaVersion: '4.4.1', claimants: ['WekaClient/default/c', 'WekaClient/x/y'] }),
    ],
    ['False', 'VersionConflict', expect.stringContaining('keeps 4.4.1, which WekaClient/x/y want'), '2/3'],
  ],
  [
    'a record that is older than the claim is no conflict',
    [loaded('n1'), loaded('n2'), record('n3', { wekaVersion: '4.4.1', claimants: ['WekaClient/default/c'] })],
    ['False', 'Pending', expect.stringContaining('n3: Its driver has not been looked at yet'), '2/3'],
  ],
  [
    'an old version that waits for its turn is none',
    [
      loaded('n1'),
      loaded('n2'),
      record(
        'n3',
        { wekaVersion: '4.4.1', waiting: { wekaVersion: '4.4.5' } },
        { status: 'False', reason: 'WaitingForTurn', message: 'Others first.' },
      ),
    ],
    ['False', 'WaitingForTurn', 'The driver is loaded on 2 of 3 nodes. n3: Others first.', '2/3'],
  ],
])('%s', (_sentence, records, expected) => expect(report(records)).toEqual(expected));

test('a selector that matches no node is said', () =>
  expect(report([], [])).toEqual(['False', 'NoNodes', 'No node matches its nodeSelector.', '0/0']));

test('the values in force fill in what is not given', () => {
  const settings = { registryUrl: 'https://drivers.weka.io', operatorImage: 'operator:1' };
  expect(effectiveDrivers({}, settings)).toEqual({
    driversDistService: 'https://drivers.weka.io',
    driversLoaderImage: 'operator:1',
  });
  expect(effectiveDrivers({ endpoint: 'x:1', loaderImage: 'l:2' }, settings)).toEqual({
    driversDistService: 'x:1',
    driversLoaderImage: 'l:2',
  });
});
