import type { Manifest } from '../../lib/base/kube-object';
import { pathString, pathsOf, parseFields } from '../../synth/fields';
import type { LiveObject } from '../../lib/base/kube-object';
import { aCluster, aConfigMap, CONFIG_MAP, failureOf, inDefault } from './embedded';

const REF = inDefault(CONFIG_MAP, 'a');
const owners = (object: LiveObject): Record<string, string[]> =>
  Object.fromEntries(
    (object.metadata.managedFields ?? []).map((entry) => [
      `${entry.manager} ${entry.operation}`,
      pathsOf(parseFields(entry.fieldsV1)).map(pathString),
    ]),
  );
const apply = (cluster: ReturnType<typeof aCluster>, manifest: Manifest, fieldManager: string, force = false) =>
  cluster.client().apply(manifest, { fieldManager, force });

describe('server-side apply', () => {
  test('creates, and owns what it applied', async () => {
    const made = await apply(aCluster(), aConfigMap('a', { x: '1' }), 'one');
    expect(owners(made)).toEqual({ 'one Apply': ['data.x'] });
  });

  test('the same again changes nothing, not even the version', async () => {
    const cluster = aCluster();
    const made = await apply(cluster, aConfigMap('a', { x: '1' }), 'one');
    cluster.clock.after(60_000, () => undefined);
    await cluster.clock.run();
    expect(await apply(cluster, aConfigMap('a', { x: '1' }), 'one')).toBe(made);
    expect(cluster.log.lines()).toEqual([
      expect.stringContaining('apply ConfigMap/default/a'),
      expect.stringContaining('(unchanged)'),
    ]);
  });

  test('another value is a conflict that names manager and field', async () => {
    const cluster = aCluster();
    await apply(cluster, aConfigMap('a', { x: '1' }), 'one');
    expect(await failureOf(apply(cluster, aConfigMap('a', { x: '2' }), 'two'))).toMatchObject({
      status: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .data.x',
      causes: [{ field: '.data.x', reason: 'FieldManagerConflict' }],
    });
    expect(cluster.get(REF)!['data']).toEqual({ x: '1' });
  });

  test('force takes the field over', async () => {
    const cluster = aCluster();
    await apply(cluster, aConfigMap('a', { x: '1', y: '1' }), 'one');
    const taken = await apply(cluster, aConfigMap('a', { x: '2' }), 'two', true);
    expect(taken['data']).toEqual({ x: '2', y: '1' });
    expect(owners(taken)).toEqual({ 'one Apply': ['data.y'], 'two Apply': ['data.x'] });
  });

  test('the same value is shared; it goes when the last owner gives it up', async () => {
    const cluster = aCluster();
    await apply(cluster, aConfigMap('a', { x: '1' }), 'one');
    const shared = await apply(cluster, aConfigMap('a', { x: '1' }), 'two');
    expect(owners(shared)).toEqual({ 'one Apply': ['data.x'], 'two Apply': ['data.x'] });
    const left = await apply(cluster, { ...aConfigMap('a'), data: {} }, 'one');
    expect(left['data']).toEqual({ x: '1' });
    const none = await apply(cluster, { ...aConfigMap('a'), data: {} }, 'two');
    expect(none['data'] ?? {}).toEqual({});
  });

  test('an update takes what it changes, and the apply sees it as a conflict', async () => {
    const cluster = aCluster();
    await apply(cluster, aConfigMap('a', { x: '1', y: '1' }), 'one');
    const edited = await cluster
      .client({ user: 'kubectl-edit' })
      .patch(REF, { data: { x: '9' }, metadata: { labels: { by: 'hand' } } });
    expect(owners(edited)).toEqual({
      'one Apply': ['data.y'],
      'kubectl-edit Update': ['data.x', 'metadata.labels', 'metadata.labels.by'],
    });
    const failure = await failureOf(apply(cluster, aConfigMap('a', { x: '1', y: '1' }), 'one'));
    expect(failure.message).toBe('Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.x');
    const undone = await apply(cluster, aConfigMap('a', { x: '1', y: '1' }), 'one', true);
    expect(undone).toMatchObject({ data: { x: '1', y: '1' }, metadata: { labels: { by: 'hand' } } });
    expect(owners(undone)['one Apply']).toEqual(['data.x', 'data.y']);
  });

  test('status is applied apart', async () => {
    const cluster = aCluster();
    const policy: Manifest = {
      apiVersion: 'weka.weka.io/v1alpha1',
      kind: 'WekaPolicy',
      metadata: { name: 'p', namespace: 'default' },
    };
    await apply(
      cluster,
      { ...policy, spec: { type: 'sign-drives', payload: { signDrivesPayload: { type: 'all-not-root' } } } },
      'one',
    );
    const after = await cluster
      .client()
      .apply({ ...policy, status: { status: 'Done' } }, { fieldManager: 'one', force: true, subresource: 'status' });
    expect(after).toMatchObject({
      spec: { type: 'sign-drives' },
      status: { status: 'Done' },
      metadata: { generation: 1 },
    });
    expect(after.metadata.managedFields).toHaveLength(2);
  });

  test.each([
    ['another uid', { uid: 'other' }],
    ['an older version', { resourceVersion: '1' }],
  ])('%s is a conflict', async (_what, seen) => {
    const cluster = aCluster();
    await apply(cluster, aConfigMap('a', { x: '1' }), 'one');
    const call = cluster.client().apply(aConfigMap('a', { x: '2' }), { fieldManager: 'one', force: true, ...seen });
    expect(await failureOf(call)).toMatchObject({ status: 409, reason: 'Conflict' });
  });

  test('with a uid it never creates', async () => {
    const cluster = aCluster();
    const failure = await failureOf(
      cluster.client().apply(aConfigMap('a'), { fieldManager: 'one', force: true, uid: 'u' }),
    );
    expect(failure).toMatchObject({ status: 409, message: expect.stringContaining('uid mismatch') });
    expect(cluster.get(REF)).toBeUndefined();
  });
});
