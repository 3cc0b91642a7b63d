import type { KindDefinition } from '../../lib/api/kind';
import { brokenRules } from '../../lib/api/validate';
import { wekaContainer } from '../../lib/api/weka-container';
import { wekaManualOperation } from '../../lib/api/weka-manual-operation';
import { wekaPolicy } from '../../lib/api/weka-policy';
import type { JsonObject } from '../../lib/base/json';

interface Case {
  readonly accepted: readonly JsonObject[];
  readonly refused: readonly JsonObject[];
}

const dist = 'enable-local-drivers-distribution';
const storage = (value: JsonObject): JsonObject => ({ type: dist, payload: { driverDistPayload: { storage: value } } });
const sign = (value: JsonObject): JsonObject => ({ type: 'sign-drives', payload: { signDrivesPayload: value } });
const operate = (action: string, payload: JsonObject = {}): JsonObject => ({ action, payload });

const POLICY: Readonly<Record<string, Case>> = {
  'enable-local-drivers-distribution-needs-driver-dist-payload': {
    accepted: [
      { type: dist, payload: { driverDistPayload: {} } },
      { type: 'discover-drives', payload: {} },
    ],
    refused: [
      { type: dist, payload: {} },
      { type: dist, payload: { interval: '1m' } },
    ],
  },
  'sign-drives-needs-sign-drives-payload': {
    accepted: [sign({ type: 'aws-all' })],
    refused: [{ type: 'sign-drives', payload: {} }],
  },
  'ensure-nics-needs-ensure-nics-payload': {
    accepted: [{ type: 'ensure-nics', payload: { ensureNICsPayload: { type: 'aws' } } }],
    refused: [{ type: 'ensure-nics', payload: { signDrivesPayload: { type: 'aws-all' } } }],
  },
  'remote-traces-session-needs-remote-traces-session-payload': {
    accepted: [{ type: 'remote-traces-session', payload: { remoteTracesSessionPayload: {} } }],
    refused: [{ type: 'remote-traces-session', payload: {} }],
  },
  'device-paths-listed': {
    accepted: [sign({ type: 'device-paths', devicePaths: ['/dev/nvme0n1'] }), sign({ type: 'all-not-root' })],
    refused: [sign({ type: 'device-paths' }), sign({ type: 'device-paths', devicePaths: [] })],
  },
  'device-identifiers-given': {
    accepted: [sign({ type: 'device-identifiers', pciDevices: { vendorId: '1d0f', deviceId: 'cd01' } })],
    refused: [sign({ type: 'device-identifiers' })],
  },
  'dist-storage-host-path-alone': {
    accepted: [storage({ hostPath: '/data' }), storage({ size: '20Gi', storageClassName: 'fast' }), storage({})],
    refused: [storage({ hostPath: '/data', claimName: 'c' }), storage({ hostPath: '/data', size: '20Gi' })],
  },
  'dist-storage-claim-alone': {
    accepted: [storage({ claimName: 'c' })],
    refused: [storage({ claimName: 'c', size: 5 }), storage({ claimName: 'c', storageClassName: 'fast' })],
  },
};

const OPERATION: Readonly<Record<string, Case>> = {
  'sign-drives-needs-sign-drives-payload': {
    accepted: [operate('sign-drives', { signDrivesPayload: { type: 'gcp-all' } }), operate('discover-drives')],
    refused: [operate('sign-drives')],
  },
  'block-drives-needs-block-drives-payload': {
    accepted: [operate('block-drives', { blockDrivesPayload: { node: 'n', serialIDs: ['A'] } })],
    refused: [operate('block-drives', { discoverDrivesPayload: {} })],
  },
  'unblock-drives-needs-block-drives-payload': {
    accepted: [operate('unblock-drives', { blockDrivesPayload: { node: 'n', physicalUUIDs: ['u'] } })],
    refused: [operate('unblock-drives')],
  },
  'force-resign-drives-needs-force-resign-drives-payload': {
    accepted: [operate('force-resign-drives', { forceResignDrivesPayload: { nodeName: 'n' } })],
    refused: [operate('force-resign-drives')],
  },
  'ensure-nics-needs-ensure-nics-payload': {
    accepted: [operate('ensure-nics', { ensureNICsPayload: { type: 'oci' } })],
    refused: [operate('ensure-nics')],
  },
  'remote-traces-session-needs-remote-traces-session-payload': {
    accepted: [operate('remote-traces-session', { remoteTracesSessionPayload: {} })],
    refused: [operate('remote-traces-session')],
  },
  'device-paths-listed': {
    accepted: [operate('sign-drives', { signDrivesPayload: { type: 'device-paths', devicePaths: ['/dev/sdb'] } })],
    refused: [operate('sign-drives', { signDrivesPayload: { type: 'device-paths' } })],
  },
  'device-identifiers-given': {
    accepted: [operate('discover-drives')],
    refused: [operate('sign-drives', { signDrivesPayload: { type: 'device-identifiers' } })],
  },
  'block-names-a-drive': {
    accepted: [operate('block-drives', { blockDrivesPayload: { node: 'n', serialIDs: [], physicalUUIDs: ['u'] } })],
    refused: [
      operate('block-drives', { blockDrivesPayload: { node: 'n' } }),
      operate('block-drives', { blockDrivesPayload: { node: 'n', serialIDs: [] } }),
    ],
  },
};

const CONTAINER: Readonly<Record<string, Case>> = {
  'drive-capacity-without-ratio': {
    accepted: [
      { driveCapacity: 500 },
      { driveCapacity: 0, driveTypesRatio: { tlc: 1 } },
      { containerCapacity: 9000, driveTypesRatio: { tlc: 1, qlc: 2 } },
    ],
    refused: [{ driveCapacity: 500, driveTypesRatio: { tlc: 1 } }],
  },
  'drives-or-capacity': {
    accepted: [
      { numDrives: 2, driveCapacity: 500 },
      { numDrives: 0, containerCapacity: 9000 },
      { numDrives: 2, containerCapacity: 0 },
    ],
    refused: [{ numDrives: 2, containerCapacity: 9000 }],
  },
};

const tables: readonly (readonly [KindDefinition, Readonly<Record<string, Case>>])[] = [
  [wekaPolicy, POLICY],
  [wekaManualOperation, OPERATION],
  [wekaContainer, CONTAINER],
];
const broken = (definition: KindDefinition, spec: JsonObject): readonly string[] =>
  brokenRules(definition, { spec }).map(({ rule }) => rule);
const cases = (which: keyof Case) =>
  tables.flatMap(([definition, table]) =>
    Object.entries(table).flatMap(([rule, both]) =>
      both[which].map((spec) => ({ kind: definition.kind, rule, text: JSON.stringify(spec), definition, spec })),
    ),
  );

test.each(cases('accepted'))('$kind: $rule holds for $text', ({ definition, spec }) => {
  expect(broken(definition, spec)).toEqual([]);
});

test.each(cases('refused'))('$kind: $rule refuses $text', ({ definition, rule, spec }) => {
  expect(broken(definition, spec)).toContain(rule);
});

test.each(tables.map(([definition, table]) => [definition.kind, definition, table] as const))(
  'every rule of %s is in the table',
  (_kind, definition, table) => {
    const always = definition.rules.filter(({ transition }) => transition !== true).map(({ id }) => id);
    expect(Object.keys(table).sort()).toEqual([...new Set(always)].sort());
  },
);

describe('rules of change', () => {
  const container = (mode: string): JsonObject => ({ spec: { mode } });

  test('the mode of a container stays', () => {
    expect(brokenRules(wekaContainer, container('drive'), container('drive'))).toEqual([]);
    expect(brokenRules(wekaContainer, container('drive'), container('compute'))).toEqual([
      {
        path: 'spec',
        rule: 'mode-immutable',
        message: 'spec: mode cannot be changed.',
        remedy: 'Delete the container and let its parent make another.',
      },
    ]);
  });

  test('are not asked at creation', () => {
    expect(brokenRules(wekaContainer, container('drive'))).toEqual([]);
  });
});
