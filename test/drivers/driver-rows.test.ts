import type { LiveObject } from '../../lib/base/kube-object';
import { driverRows } from '../../lib/drivers/driver-rows';

const record = (name: string, driver: object | undefined, status: object, ready?: string): LiveObject =>
  ({
    apiVersion: 'weka.weka.io/v1alpha1',
    kind: 'WekaNode',
    metadata: { name, uid: name, resourceVersion: '1' },
    spec: { driver },
    status: {
      kernel: '6.1',
      architecture: 'amd64',
      conditions:
        ready === undefined ? [] : [{ type: 'DriversReady', status: ready, reason: 'Why', message: 'The sentence.' }],
      ...status,
    },
  }) as unknown as LiveObject;
const WANTED = { wekaVersion: '4.4.5' };
const LOADED = { driver: { wekaVersion: '4.4.5' } };

test.each([
  ['loaded', record('n', WANTED, LOADED, 'True'), ['4.4.5', '4.4.5', 'Loaded', '']],
  ['on its way', record('n', WANTED, {}, 'False'), ['', '4.4.5', 'Loading', 'The sentence.']],
  [
    'waiting',
    record('n', { ...WANTED, waiting: { wekaVersion: '4.4.6' } }, LOADED, 'False'),
    ['4.4.5', '4.4.6', 'Waiting', 'The sentence.'],
  ],
  [
    'failed',
    record('n', WANTED, { lastFailure: { reason: 'Why' } }, 'False'),
    ['', '4.4.5', 'Failed', 'The sentence.'],
  ],
  ['loaded and not wanted any more', record('n', undefined, LOADED), ['4.4.5', '', '-', '']],
])('a node whose driver is %s', (_state, given, expected) => {
  const [row] = driverRows([given]);
  expect([row?.loaded, row?.wanted, row?.state, row?.why]).toEqual(expected);
});

test('nodes without anything to say are left out, the others stand by name', () => {
  const rows = driverRows([record('b', WANTED, {}), record('c', undefined, {}), record('a', WANTED, {})]);
  expect(rows.map(({ node }) => node)).toEqual(['a', 'b']);
});
