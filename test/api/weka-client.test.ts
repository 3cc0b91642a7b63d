import type { JsonObject } from '../../lib/base/json';
import { crdOf } from '../../lib/api/crd';
import { wekaClient } from '../../lib/api/weka-client';
import { corpusExists, corpusOf, requiredIn, undocumented, unmergeableLists, validatorOf } from './schema-checks';

const specProblems = validatorOf(wekaClient.spec);
const statusProblems = validatorOf(wekaClient.status);
const image = 'registry.example/weka-in-container:4.4.10.200';

describe('the schema of WekaClient', () => {
  test('documents every property: purpose, unit, default, effect of a change', () => {
    expect(undocumented(wekaClient)).toEqual([]);
  });

  test('says of every list how it merges', () => {
    expect(unmergeableLists(wekaClient)).toEqual([]);
  });

  test('insists on the image, on names inside references, and on nothing in status but the key of conditions', () => {
    expect(requiredIn(wekaClient.spec, 'spec').toSorted()).toEqual([
      'spec.globalPVC.name',
      'spec.image',
      'spec.targetCluster.name',
    ]);
    expect(requiredIn(wekaClient.status, 'status')).toEqual(['status.conditions[].type']);
  });

  test('sets no default, so that re-applying a document changes nothing', () => {
    expect(JSON.stringify(wekaClient.spec)).not.toContain('"default"');
  });

  test('stays far below the size that plain kubectl apply can handle', () => {
    expect(JSON.stringify(crdOf(wekaClient)).length).toBeLessThan(60_000);
  });

  test('shows whether clients joined first, and the rest with -o wide', () => {
    const names = (priority: number) =>
      wekaClient.printerColumns.filter((column) => (column.priority ?? 0) === priority).map(({ name }) => name);
    expect(names(0)).toEqual(['Ready', 'Status', 'Target Cluster', 'Desired', 'Joined', 'Drivers', 'Version', 'Age']);
    expect(names(1)).toEqual(['Cores', 'Containers(A/C/D)', 'Join IPs', 'Message']);
  });

  test.each([
    [
      'the drivers of a service without a scheme',
      { driversDistService: 'weka-drivers-dist.weka.svc.cluster.local:60002' },
    ],
    ['both ways of joining', { targetCluster: { name: 'a', namespace: 'b' }, joinIpPorts: ['10.0.0.1:14000'] }],
    ['the cluster of its own namespace', { targetCluster: { name: 'a' } }],
    ['an empty reference, as the existing operator writes it', { targetCluster: { name: '', namespace: '' } }],
    [
      'tolerations as keys and as objects',
      { tolerations: ['dedicated'], rawTolerations: [{ key: 'gpu', operator: 'Exists', tolerationSeconds: 60 }] },
    ],
    [
      'quantities as numbers and strings',
      { resources: { requests: { cpu: 2, memory: '8Gi' }, limits: { cpu: '2500m' } } },
    ],
    ['durations as Go writes them', { autoRemoveTimeout: '24h0m0s' }],
    ['the duration 0', { autoRemoveTimeout: '0' }],
    [
      'fields out of use',
      { wekaHomeConfig: {}, driversLoaderImage: 'registry.example/loader:1.0.0', cpuRequest: '500m' },
    ],
    ['less memory than computed', { additionalMemory: -512 }],
    ['an image by a name of its own', { image: 'registry.example/weka:stable' }],
  ])('accepts %s', (_, more) => {
    expect(specProblems({ image, ...more })).toEqual([]);
  });

  test.each([
    ['no image', { image: undefined }],
    ['tolerations as objects under the name for keys', { tolerations: [{ key: 'dedicated' }] }],
    ['an unknown upgrade policy', { upgradePolicy: { type: 'canary' } }],
    ['an unknown CPU policy', { cpuPolicy: 'exclusive' }],
    ['a duration in days', { autoRemoveTimeout: '1d' }],
    ['a port beyond the last', { portRange: { basePort: 65536 } }],
    ['a field of a later version', { numa: { single: true } }],
  ])('refuses %s', (_, more) => {
    expect(specProblems({ image, ...more })).not.toEqual([]);
  });

  test('accepts every status that the existing operator writes', () => {
    const status = {
      status: 'Running',
      conditions: [],
      lastAppliedSpec: 'abc',
      stats: { containers: { active: 2, created: 2, desired: 3 } },
      printer: { containers: '2/2/3' },
    };
    expect(statusProblems(status)).toEqual([]);
    expect(statusProblems({})).toEqual([]);
  });
});

describe('the target of a WekaClient', () => {
  const [fixed] = wekaClient.rules;
  const to = (name: string, namespace?: string): JsonObject => ({
    targetCluster: { name, ...(namespace === undefined ? {} : { namespace }) },
  });
  const table: readonly (readonly [string, boolean, JsonObject, JsonObject])[] = [
    ['may be set where there was none', true, {}, to('a', 'x')],
    ['may be set where the existing operator left empty strings', true, to('', ''), to('a', 'x')],
    ['may stay', true, to('a', 'x'), to('a', 'x')],
    ['may get the namespace that was implied', true, to('a'), to('a', 'x')],
    ['may not become another cluster', false, to('a', 'x'), to('b', 'x')],
    ['may not become its namesake elsewhere', false, to('a', 'x'), to('a', 'y')],
    ['may not be taken away', false, to('a', 'x'), {}],
    ['may not lose its namespace', false, to('a', 'x'), to('a')],
  ];
  test.each(table)('%s (%s)', (_, holds, before, after) => {
    expect(fixed?.holds(after, before)).toBe(holds);
  });

  test('is the only rule, and says how to move nodes to another cluster', () => {
    expect(wekaClient.rules).toHaveLength(1);
    expect(fixed).toMatchObject({ transition: true, path: 'spec' });
    expect(fixed?.message).toMatch(/second WekaClient/);
  });
});

(corpusExists ? describe : describe.skip)('published WekaClients', () => {
  const documents = corpusOf('WekaClient');
  const ok = documents.filter(({ expect: expected }) => expected === 'ok');
  const unknown = documents.filter((one) => one.unknown.length > 0);

  test('are there', () => {
    expect([ok.length > 15, unknown.length > 1]).toEqual([true, true]);
  });

  test.each(ok)('$file is accepted, now and when applied again', ({ document }) => {
    expect(specProblems(document.spec)).toEqual([]);
    const spec = document.spec as JsonObject;
    expect(wekaClient.rules.filter(({ holds }) => !holds(spec, structuredClone(spec)))).toEqual([]);
  });

  test.each(unknown)('$file is refused for the fields that are no longer there', ({ document, unknown: fields }) => {
    const named = specProblems(document.spec).join('\n');
    for (const field of fields) expect(named).toContain(`{"additionalProperty":"${field.split('.').at(-1)}"}`);
  });
});
