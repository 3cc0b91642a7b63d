import { Type } from '@sinclair/typebox';
import { field } from '../../lib/api/field';
import type { JsonObject } from '../../lib/base/json';
import { crdOf } from '../../lib/api/crd';
import { wekaCluster } from '../../lib/api/weka-cluster';
import { corpusExists, corpusOf, requiredIn, undocumented, unmergeableLists, validatorOf } from './schema-checks';

const specProblems = validatorOf(wekaCluster.spec);
const statusProblems = validatorOf(wekaCluster.status);
const image = 'registry.example/weka-in-container:4.4.10.200';

const rule = (id: string) => {
  const found = wekaCluster.rules.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no rule ${id}`);
  return found;
};

describe('the schema of WekaCluster', () => {
  test('documents every property: purpose, unit, default, effect of a change', () => {
    expect(undocumented(wekaCluster)).toEqual([]);
  });

  test('would be caught lacking any of these', () => {
    const spec = Type.Object({
      prose: Type.String({ description: 'How it is called.' }),
      unitless: Type.Integer(field({ does: 'How many.', absent: '1' })),
      fine: Type.Object({ inner: Type.Array(Type.Object({ bare: Type.Boolean() })) }, field({ does: 'More.' })),
    });
    const status = Type.Object({ silent: Type.Integer(field({ says: 'How many.' })) });
    const found = undocumented({ ...wekaCluster, spec, status }).map((problem) => problem.split(':')[0]);
    expect(found).toEqual([
      'spec.prose',
      'spec.unitless',
      'spec.fine.inner',
      'spec.fine.inner[].bare',
      'status.silent',
    ]);
  });

  test('says of every list how it merges', () => {
    expect(unmergeableLists(wekaCluster)).toEqual([]);
  });

  test('insists only on what WEKA insists on, and on nothing in status but the key of conditions', () => {
    expect(requiredIn(wekaCluster.spec, 'spec').toSorted()).toEqual([
      'spec.encryption.internal.enabled',
      'spec.encryption.vault.address',
      'spec.encryption.vault.role',
      'spec.globalPVC.name',
      'spec.image',
      'spec.smbw.domainJoinSecret',
      'spec.smbw.domainName',
      'spec.telemetry.exports[].name',
      'spec.telemetry.exports[].sources',
      'spec.telemetry.exports[].splunk.authTokenSecretRef',
      'spec.telemetry.exports[].splunk.endpoint',
    ]);
    expect(requiredIn(wekaCluster.status, 'status')).toEqual(['status.conditions[].type']);
  });

  test('sets no default, so that re-applying a document changes nothing', () => {
    expect(JSON.stringify(wekaCluster.spec)).not.toContain('"default"');
  });

  test('stays far below the size that plain kubectl apply can handle', () => {
    expect(JSON.stringify(crdOf(wekaCluster)).length).toBeLessThan(120_000);
  });

  test('shows the columns of a storage administrator first and those of WEKA with -o wide', () => {
    const names = (priority: number) =>
      wekaCluster.printerColumns.filter((column) => (column.priority ?? 0) === priority).map(({ name }) => name);
    expect(names(0)).toEqual(['Ready', 'Status', 'Containers(A/C/D)', 'Drives(A/C/D)', 'Capacity', 'Version', 'Age']);
    expect(names(1)).toEqual([
      'Cluster ID',
      'CCT(A/C/D)',
      'DCT(A/C/D)',
      'IOPS(R/W/M)',
      'THRPT(R/W)',
      'FS(Capacity)',
      'Message',
    ]);
  });

  test.each([
    ['a version tag', image],
    ['a version tag with a suffix', 'registry.example/weka:4.4.2.157-k8s.2'],
    ['a registry with a port', 'registry.example:5000/weka:4.4.2'],
    ['a digest', `registry.example/weka@sha256:${'a'.repeat(64)}`],
    ['a tag and a digest', `${image}@sha256:${'0'.repeat(64)}`],
  ])('accepts an image with %s', (_, value) => {
    expect(specProblems({ image: value })).toEqual([]);
  });

  test.each([
    ['no tag', 'registry.example/weka'],
    ['a tag that is no version', 'registry.example/weka:latest'],
    ['a short digest', 'registry.example/weka@sha256:abc'],
  ])('refuses an image with %s', (_, value) => {
    expect(specProblems({ image: value })).not.toEqual([]);
  });

  test.each(['10.0.0.0/16', '2001:db8::/64', '::/0'])('accepts the device subnet %s', (subnet) => {
    expect(specProblems({ image, network: { deviceSubnets: [subnet] } })).toEqual([]);
  });

  test.each(['10.0.0.0', 'eth0', '10.0.0/8', '2001:db8::'])('refuses the device subnet %s', (subnet) => {
    expect(specProblems({ image, network: { deviceSubnets: [subnet] } })).not.toEqual([]);
  });

  test('accepts a spec as the existing operator writes it back, with every empty object', () => {
    const spec = {
      image,
      template: 'dynamic',
      additionalMemory: {},
      csiConfig: {},
      network: {},
      ports: {},
      roleAnnotations: {},
      roleCoreIds: {},
      roleNetworkSelector: {},
      roleNodeSelector: {},
      cpuPolicy: 'auto',
      gracefulDestroyDuration: '24h0m0s',
      dynamicTemplate: {
        computeContainers: 6,
        driveContainers: 6,
        computeCores: 1,
        numDrives: 1,
        driveTypesRatio: { tlc: 1, qlc: 0 },
      },
    };
    expect(specProblems(spec)).toEqual([]);
  });

  test('accepts every status that the existing operator writes', () => {
    const counters = { active: 6, created: 6, desired: 6 };
    const container = { numContainers: counters, processes: counters, cpuUtilization: '12.34' };
    const status = {
      status: 'Ready',
      clusterID: '3f1c0e0a-0000-4000-8000-000000000000',
      traceId: '',
      lastAppliedImage: image,
      lastAppliedSpec: 'abc',
      conditions: [
        {
          type: 'IoStarted',
          status: 'True',
          reason: 'Success',
          message: 'Completed successfully',
          lastTransitionTime: '2026-02-12T10:00:00Z',
        },
      ],
      ports: {
        basePort: 35000,
        portRange: 260,
        lbPort: 35240,
        lbAdminPort: 35241,
        s3Port: 35242,
        managementProxyPort: 35243,
      },
      printer: {
        computeContainers: '6/6/6',
        driveContainers: '6/6/6',
        drives: '6/6/6',
        iops: '1/2/3',
        throughput: '1 GiB/2 GiB',
        filesystemCapacity: '1 TiB/2 TiB',
      },
      timestamps: { clusterFormed: '2026-02-12T10:00:00Z' },
      stats: {
        alertsCount: 0,
        clusterStatus: 'OK',
        containers: { drive: container, compute: container, s3: container, nfs: {} },
        drives: { counters, failures: [{ serialId: 'S1', wekaDriveId: 'DISK<1>' }] },
        capacity: { totalBytes: 1, unprovisionedBytes: 1, unavailableBytes: 0, hotSpareBytes: 0 },
        filesystem: { totalProvisionedCapacity: 1, hasTieredFilesystems: false, obsBucketCount: 0 },
        ioStats: { throughput: { read: 1, write: 1 }, iops: { read: 1, write: 1, metadata: 1, total: 3 } },
        numFailures: { '0': '0.00', '1': '0.00' },
        lastUpdate: '2026-02-12T10:00:00Z',
      },
    };
    expect(statusProblems(status)).toEqual([]);
    expect(statusProblems({})).toEqual([]);
  });
});

describe('rules on one WekaCluster', () => {
  const ratio = { tlc: 1, qlc: 4 };
  const table: readonly (readonly [string, boolean, JsonObject])[] = [
    ['drive-capacity-xor-ratio', true, { driveCapacity: 500 }],
    ['drive-capacity-xor-ratio', true, { containerCapacity: 5000, driveTypesRatio: ratio }],
    ['drive-capacity-xor-ratio', true, { driveCapacity: 0, driveTypesRatio: ratio }],
    ['drive-capacity-xor-ratio', false, { driveCapacity: 500, driveTypesRatio: ratio }],
    ['drive-for-each-core', true, { driveCapacity: 500, numDrives: 2, driveCores: 2 }],
    ['drive-for-each-core', true, { numDrives: 1, driveCores: 2 }],
    ['drive-for-each-core', true, { driveCapacity: 500, driveCores: 2 }],
    ['drive-for-each-core', true, { driveCapacity: 500, numDrives: 1 }],
    ['drive-for-each-core', false, { driveCapacity: 500, numDrives: 1, driveCores: 2 }],
    ['drives-xor-container-capacity', true, { numDrives: 6 }],
    ['drives-xor-container-capacity', true, { numDrives: 0, containerCapacity: 5000 }],
    ['drives-xor-container-capacity', false, { numDrives: 6, containerCapacity: 5000 }],
    ['container-capacity-positive', true, {}],
    ['container-capacity-positive', true, { containerCapacity: 1 }],
    ['container-capacity-positive', false, { containerCapacity: 0 }],
    ['drive-capacity-positive', true, { driveCapacity: 1 }],
    ['drive-capacity-positive', false, { driveCapacity: 0 }],
    ['ratio-has-tlc', true, {}],
    ['ratio-has-tlc', true, { driveTypesRatio: { tlc: 1 } }],
    ['ratio-has-tlc', false, { driveTypesRatio: { tlc: 0, qlc: 1 } }],
    ['ratio-has-tlc', false, { driveTypesRatio: {} }],
    ['one-nfs-interface', true, {}],
    ['one-nfs-interface', true, { interfaces: ['eth1'] }],
    ['one-nfs-interface', false, { interfaces: ['eth1', 'eth2'] }],
  ];
  test.each(table)('%s: %s for %j', (id, holds, self) => {
    expect(rule(id).holds(self, undefined)).toBe(holds);
  });
});

describe('rules on changes of a WekaCluster', () => {
  const shape = (dynamicTemplate: JsonObject): JsonObject => ({ dynamicTemplate });
  const domain = (failureDomain: JsonObject): JsonObject => ({ failureDomain });
  const table: readonly (readonly [string, boolean, JsonObject, JsonObject])[] = [
    ['stripe-width-fixed', true, {}, { stripeWidth: 5 }],
    ['stripe-width-fixed', true, { stripeWidth: 0 }, {}],
    ['stripe-width-fixed', false, { stripeWidth: 5 }, { stripeWidth: 6 }],
    ['stripe-width-fixed', false, { stripeWidth: 5 }, {}],
    ['redundancy-level-fixed', true, {}, { redundancyLevel: 2 }],
    ['redundancy-level-fixed', false, { redundancyLevel: 2 }, { redundancyLevel: 4 }],
    ['sizing-mode-fixed', true, {}, shape({ containerCapacity: 5000 })],
    ['sizing-mode-fixed', true, shape({ computeContainers: 6 }), shape({ driveCapacity: 500, numDrives: 2 })],
    ['sizing-mode-fixed', true, shape({ containerCapacity: 5000 }), shape({ containerCapacity: 8000 })],
    ['sizing-mode-fixed', true, shape({ numDrives: 2 }), shape({})],
    [
      'sizing-mode-fixed',
      true,
      shape({ containerCapacity: 5000, driveCapacity: 500 }),
      shape({ containerCapacity: 5000 }),
    ],
    ['sizing-mode-fixed', false, shape({ containerCapacity: 5000 }), shape({ numDrives: 2 })],
    ['sizing-mode-fixed', false, shape({ containerCapacity: 5000 }), {}],
    ['sizing-mode-fixed', false, shape({ numDrives: 2 }), shape({ numDrives: 2, driveCapacity: 500 })],
    ['sizing-mode-fixed', false, shape({ numDrives: 2, driveCapacity: 500 }), shape({ numDrives: 2 })],
    [
      'sizing-mode-fixed',
      false,
      shape({ numDrives: 2, driveCapacity: 500 }),
      shape({ containerCapacity: 5000, driveCapacity: 500 }),
    ],
    ['ipv6-fixed', true, {}, { ipv6: true }],
    ['ipv6-fixed', true, { ipv6: false }, {}],
    ['ipv6-fixed', false, { ipv6: false }, { ipv6: true }],
    ['ipv6-fixed', false, { ipv6: true }, {}],
    ['failure-domain-fixed', true, {}, domain({ label: 'rack' })],
    ['failure-domain-fixed', true, domain({}), domain({ compositeLabels: ['rack', 'row'] })],
    ['failure-domain-fixed', true, domain({ label: 'rack', skew: 1 }), domain({ label: 'rack', skew: 2 })],
    ['failure-domain-fixed', false, domain({ label: 'rack' }), domain({ label: 'row' })],
    ['failure-domain-fixed', false, domain({ label: 'rack' }), {}],
    [
      'failure-domain-fixed',
      false,
      domain({ compositeLabels: ['rack', 'row'] }),
      domain({ compositeLabels: ['row', 'rack'] }),
    ],
  ];
  test.each(table)('%s: %s from %j to %j', (id, holds, before, after) => {
    expect(rule(id).holds(after, before)).toBe(holds);
  });

  const transitions = wekaCluster.rules.filter(({ transition }) => transition === true);
  const specs = table.flatMap(([, , before, after]) => [before, after]);
  test.each(transitions.map((one) => [one.id, one] as const))(
    '%s never stops a write that leaves spec alone',
    (_, one) => {
      expect(specs.filter((spec) => !one.holds(structuredClone(spec), spec))).toEqual([]);
    },
  );

  test('are exactly those whose CEL speaks of the old object', () => {
    for (const { cel, transition } of wekaCluster.rules) expect(cel.includes('oldSelf')).toBe(transition === true);
  });

  test('tell how to get there instead', () => {
    for (const { message } of transitions) expect(message).toMatch(/new WekaCluster/);
  });
});

(corpusExists ? describe : describe.skip)('published WekaClusters', () => {
  const documents = corpusOf('WekaCluster');
  const ok = documents.filter(({ expect: expected }) => expected === 'ok');
  const unknown = documents.filter((one) => one.unknown.length > 0);

  test('are there', () => {
    expect([ok.length > 5, unknown.length > 15]).toEqual([true, true]);
  });

  test.each(ok)('$file is accepted', ({ document }) => {
    expect(specProblems(document.spec)).toEqual([]);
  });

  test.each(ok)('$file keeps every rule, now and when applied again', ({ document }) => {
    const broken = wekaCluster.rules.filter(({ path, holds }) => {
      const at = path.split('.').reduce<unknown>((value, key) => (value as JsonObject | undefined)?.[key], document);
      return at !== undefined && !holds(at as JsonObject, at as JsonObject);
    });
    expect(broken.map(({ id }) => id)).toEqual([]);
  });

  test.each(unknown)('$file is refused for the fields that are no longer there', ({ document, unknown: fields }) => {
    const named = specProblems(document.spec).join('\n');
    for (const field of fields) expect(named).toContain(`{"additionalProperty":"${field.split('.').at(-1)}"}`);
  });
});
