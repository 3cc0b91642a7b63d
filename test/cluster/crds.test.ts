import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CRD_DIRECTORY, describeCluster, installCrds, kubectl, kubectlObjects, newNamespace } from './harness';

jest.setTimeout(120_000);

/** kubectl's own annotation for client-side apply counts towards this limit of the API server. */
const ANNOTATIONS_LIMIT = 262_144;

interface Crd {
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> };
  readonly spec: {
    readonly scope: string;
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames?: string[];
    };
  };
}
const crds = readdirSync(CRD_DIRECTORY)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => parse(readFileSync(join(CRD_DIRECTORY, name), 'utf8')) as Crd);
const everyCrd = crds.map((crd): [string, Crd] => [crd.spec.names.kind, crd]);

describeCluster('the CRDs on the real API server', () => {
  let namespace: string;
  beforeAll(async () => {
    await installCrds();
    namespace = await newNamespace('crds');
  });

  test('are six, one a kind', () => {
    expect(everyCrd.map(([kind]) => kind).sort()).toEqual([
      'WekaClient',
      'WekaCluster',
      'WekaContainer',
      'WekaManualOperation',
      'WekaNode',
      'WekaPolicy',
    ]);
  });

  test('are accepted without a warning, established, and structural', async () => {
    const { stderr } = await kubectl([
      'apply',
      '--server-side',
      '--dry-run=server',
      '--validate=strict',
      '-f',
      CRD_DIRECTORY,
    ]);
    expect(stderr).toBe('');
    const live = await kubectlObjects(['get', '-f', CRD_DIRECTORY]);
    for (const { metadata, status } of live) {
      const conditions = (status?.['conditions'] ?? []) as { type: string; status: string }[];
      const current = Object.fromEntries(conditions.map((condition) => [condition.type, condition.status]));
      expect({ name: metadata.name, ...current }).toMatchObject({ Established: 'True', NamesAccepted: 'True' });
      expect(current['NonStructuralSchema']).toBeUndefined();
    }
  });

  test('applied again change nothing', async () => {
    const versions = async () =>
      (await kubectlObjects(['get', '-f', CRD_DIRECTORY])).map(({ metadata }) => metadata.resourceVersion);
    const before = await versions();
    await installCrds();
    expect(await versions()).toEqual(before);
  });

  test('fit into plain kubectl apply, with room to grow', async () => {
    const { stderr } = await kubectl(['apply', '--dry-run=server', '-f', CRD_DIRECTORY], { mayFail: true });
    expect(stderr).not.toContain('Too long');
    for (const [, crd] of everyCrd) expect(JSON.stringify(crd).length).toBeLessThan(0.8 * ANNOTATIONS_LIMIT);
  });

  test.each(everyCrd)('%s: kubectl explain tells what every spec field is', async (_kind, { spec }) => {
    const { stdout } = await kubectl(['explain', `${spec.names.singular}.spec`]);
    expect(stdout).toContain('FIELDS:');
    expect(stdout).not.toContain('<no description>');
  });

  test.each(everyCrd)('%s: has its short names, and stands in the category weka', async (_kind, { spec, metadata }) => {
    const { stdout } = await kubectl(['api-resources', '--api-group=weka.weka.io', '--categories=weka', '-o', 'wide']);
    const line = stdout.split('\n').find((one) => one.startsWith(`${spec.names.plural} `));
    expect(line).toBeDefined();
    for (const short of spec.names.shortNames ?? []) {
      expect(line).toContain(short);
      const { code } = await kubectl(['get', short, '-n', namespace]);
      expect({ name: metadata.name, code }).toEqual({ name: metadata.name, code: 0 });
    }
  });
});
