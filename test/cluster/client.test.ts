import { isApiError } from '../../controllers/kube/api-error';
import type { ClusterClient, WatchEvent } from '../../controllers/kube/cluster-client';
import { connect } from '../../controllers/kube/connect';
import type { RestClient } from '../../controllers/kube/rest-client';
import { OperatorError } from '../../lib/base/errors';
import type { LiveObject, Manifest } from '../../lib/base/kube-object';
import { refOf } from '../../lib/base/kube-object';
import { createAuthority } from './certificates';
import type { Identity, KubeconfigOptions } from './coordinates';
import {
  auditMark,
  controlPlane,
  describeCluster,
  kubectl,
  kubectlObjects,
  newKubeconfig,
  newNamespace,
  newToken,
  writes,
} from './harness';

jest.setTimeout(60_000);

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' } as const;

describeCluster('the client on a real API server', () => {
  let client: RestClient;
  let namespace: string;
  beforeAll(async () => {
    namespace = await newNamespace('client');
    client = await connect({ kubeconfig: controlPlane().kubeconfig });
  });
  afterAll(() => client.close());

  const configMap = (name: string, data: Record<string, string> = {}): Manifest => ({
    ...CONFIG_MAP,
    metadata: { name, namespace },
    data,
  });
  const apply = (manifest: Manifest, options: Partial<Parameters<ClusterClient['apply']>[1]> = {}) =>
    client.apply(manifest, { fieldManager: 'first', force: false, ...options });
  const stored = async (name: string): Promise<LiveObject | undefined> =>
    client.get({ ...CONFIG_MAP, namespace, name });

  test('reads the version', async () => {
    expect(await client.version()).toMatchObject({ major: '1', gitVersion: expect.stringMatching(/^v1\.\d+\.\d+/) });
  });

  test('gets what is there exactly as kubectl does, and undefined for what is not', async () => {
    const made = await apply(configMap('read', { empty: '', text: 'a\nb\n' }));
    const [byKubectl] = await kubectlObjects(['get', 'configmap', 'read', '-n', namespace, '--show-managed-fields']);
    expect(await stored('read')).toEqual(byKubectl);
    expect(made).toEqual(byKubectl);
    expect(await stored('absent')).toBeUndefined();
  });

  test('applying the same again changes nothing', async () => {
    const once = await apply(configMap('same', { a: '1' }));
    expect(await apply(configMap('same', { a: '1' }))).toEqual(once);
  });

  test('applying less gives up what is no longer said', async () => {
    await apply(configMap('less', { a: '1', b: '2' }));
    expect(await apply(configMap('less', { b: '2' }))).toMatchObject({ data: { b: '2' } });
    expect((await stored('less'))?.['data']).toEqual({ b: '2' });
  });

  test("applying another manager's field is a Conflict, and with force it is taken over", async () => {
    await apply(configMap('contested', { a: '1' }));
    const other = { fieldManager: 'second' };
    await expect(apply(configMap('contested', { a: '2' }), other)).rejects.toMatchObject({ code: 'Conflict' });
    expect(await apply(configMap('contested', { a: '2' }), { ...other, force: true })).toMatchObject({
      data: { a: '2' },
    });
  });

  test('applying to the uid of an object that was made anew is a Conflict and touches nothing', async () => {
    const first = await apply(configMap('reborn'));
    await kubectl(['delete', 'configmap', 'reborn', '-n', namespace]);
    await expect(apply(configMap('reborn'), { uid: first.metadata.uid })).rejects.toMatchObject({ code: 'Conflict' });
    expect(await stored('reborn')).toBeUndefined();
    const second = await apply(configMap('reborn', { mine: 'yes' }));
    const late = apply(configMap('reborn', { mine: 'no' }), { uid: first.metadata.uid, force: true });
    await expect(late).rejects.toMatchObject({ code: 'Conflict' });
    expect(await stored('reborn')).toEqual(second);
  });

  test('a field the server does not know is refused, not dropped', async () => {
    const odd = { ...configMap('odd'), tada: { a: 1 } };
    await expect(apply(odd)).rejects.toMatchObject({ message: expect.stringContaining('tada') });
    expect(await stored('odd')).toBeUndefined();
  });

  test('a dry run says the result and stores nothing', async () => {
    const mark = auditMark();
    expect(await apply(configMap('imagined', { a: '1' }), { dryRun: true })).toMatchObject({ data: { a: '1' } });
    expect(await stored('imagined')).toBeUndefined();
    expect(writes({ since: mark, user: 'admin' })).toEqual({});
  });

  test('creates once, then AlreadyExists', async () => {
    await client.create(configMap('once'));
    const again = await client.create(configMap('once')).catch((error: unknown) => error);
    expect(isApiError(again, 'AlreadyExists')).toBe(true);
  });

  test('replaces the version it read, and no other', async () => {
    const read = await client.create(configMap('replaced', { a: '1' }));
    const next = await client.replace({ ...read, data: { a: '2' } });
    expect(next['data']).toEqual({ a: '2' });
    await expect(client.replace({ ...read, data: { a: '3' } })).rejects.toMatchObject({ code: 'Conflict' });
  });

  test('patches what it names, null removes, and only for the uid it names', async () => {
    const read = await client.create(configMap('patched', { a: '1', b: '2' }));
    const patched = await client.patch(refOf(read), { data: { a: null, c: '3' } }, { uid: read.metadata.uid });
    expect(patched['data']).toEqual({ b: '2', c: '3' });
    const other = client.patch(refOf(read), { data: { d: '4' } }, { uid: '00000000-0000-0000-0000-000000000000' });
    await expect(other).rejects.toMatchObject({ code: 'Conflict' });
    const stale = client.patch(refOf(read), { data: { d: '4' } }, { resourceVersion: read.metadata.resourceVersion });
    await expect(stale).rejects.toMatchObject({ code: 'Conflict' });
    expect((await stored('patched'))?.['data']).toEqual({ b: '2', c: '3' });
  });

  test('deletes the object it looked at, and no other of that name', async () => {
    const read = await client.create(configMap('deleted'));
    const remove = (uid: string) => client.delete(refOf(read), { uid, propagation: 'Background' });
    await expect(remove('00000000-0000-0000-0000-000000000000')).rejects.toMatchObject({ code: 'Conflict' });
    expect(await stored('deleted')).toBeDefined();
    expect(await remove(read.metadata.uid)).toBe('deleted');
    expect(await remove(read.metadata.uid)).toBe('gone');
  });

  test('lists in pages, every object once, and a watch goes on from there without a gap', async () => {
    const label = { labelSelector: 'test=paged' };
    for (const n of [1, 2, 3, 4, 5]) await kubectl(['create', 'configmap', `paged-${n}`, '-n', namespace]);
    await kubectl(['label', 'configmap', ...[1, 2, 3, 4, 5].map((n) => `paged-${n}`), 'test=paged', '-n', namespace]);
    const pages: string[][] = [];
    const onPage = (objects: readonly LiveObject[]): void =>
      void pages.push(objects.map(({ metadata }) => metadata.name));
    const { resourceVersion } = await client.list(CONFIG_MAP, { namespace, ...label, pageSize: 2, onPage });
    expect(pages).toEqual([['paged-1', 'paged-2'], ['paged-3', 'paged-4'], ['paged-5']]);

    await kubectl(['create', 'configmap', 'unlabelled', '-n', namespace]);
    await client.patch({ ...CONFIG_MAP, namespace, name: 'paged-1' }, { data: { a: '1' } });
    await client.create({
      ...configMap('paged-6'),
      metadata: { namespace, name: 'paged-6', labels: { test: 'paged' } },
    });
    await client.patch({ ...CONFIG_MAP, namespace, name: 'paged-2' }, { metadata: { labels: { test: null } } });
    const events: WatchEvent[] = [];
    const onEvent = (event: WatchEvent): void => void events.push(event);
    await client.watch(CONFIG_MAP, {
      namespace,
      ...label,
      resourceVersion,
      timeoutSeconds: 2,
      idleSeconds: 30,
      onEvent,
    });
    const seen = events.flatMap((event) =>
      event.type === 'BOOKMARK' ? [] : [`${event.type} ${event.object.metadata.name}`],
    );
    expect(seen).toEqual(['MODIFIED paged-1', 'ADDED paged-6', 'DELETED paged-2']);
  });

  test('a watch ends at once when its signal says so', async () => {
    const stop = new AbortController();
    const { resourceVersion } = await client.list(CONFIG_MAP, { namespace, onPage: () => undefined });
    const onEvent = (): void => undefined;
    const watching = client.watch(CONFIG_MAP, {
      namespace,
      resourceVersion,
      timeoutSeconds: 60,
      idleSeconds: 60,
      onEvent,
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(), 100);
    const start = Date.now();
    await expect(watching).rejects.toThrow();
    expect(Date.now() - start).toBeLessThan(5_000);
  });

  test('a kind that the server does not know is KindMissing, and found as soon as its CRD is there', async () => {
    const look = () => client.get({ ...GHOST, namespace, name: 'a' });
    await expect(look()).rejects.toMatchObject({ code: 'KindMissing' });
    await kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(GHOST_CRD) });
    await kubectl(['wait', '--for=condition=Established', 'crd/ghosts.test.weka.io', '--timeout=30s']);
    const deadline = Date.now() + 20_000;
    let found: unknown;
    while (Date.now() < deadline) {
      found = await look().catch((error: unknown) => error);
      if (found === undefined) break;
    }
    expect(found).toBeUndefined();
  });

  test('a watch from a version before the oldest that the server remembers is Expired', async () => {
    const options = { resourceVersion: '1', timeoutSeconds: 5, idleSeconds: 30, onEvent: () => undefined };
    const error: unknown = await client.watch(GHOST, options).catch((thrown: unknown) => thrown);
    expect(isApiError(error, 'Expired') || isApiError(error, 'Gone')).toBe(true);
  });
});

const GHOST = { apiVersion: 'test.weka.io/v1', kind: 'Ghost' } as const;
const GHOST_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'ghosts.test.weka.io' },
  spec: {
    group: 'test.weka.io',
    scope: 'Namespaced',
    names: { kind: 'Ghost', plural: 'ghosts' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

describeCluster('what the client says when the API server cannot be used', () => {
  const failureOf = async (identity: Identity, options: KubeconfigOptions = {}): Promise<OperatorError> => {
    const client = await connect({ kubeconfig: await newKubeconfig(identity, options) });
    const error: unknown = await client.list(CONFIG_MAP, { namespace: 'default', onPage: () => undefined }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    client.close();
    if (!(error instanceof OperatorError)) throw new Error(`expected a row of the errors table, got ${String(error)}`);
    return error;
  };
  const admin: Identity = { user: 'a', groups: ['system:masters'] };
  const closed = 'https://127.0.0.1:9';

  test('nobody listens: ApiUnreachable, with the address', async () => {
    const error = await failureOf(admin, { server: closed });
    expect(error).toMatchObject({ code: 'ApiUnreachable', message: expect.stringContaining(closed) });
  });

  test('the name does not resolve: ApiUnreachable', async () => {
    expect(await failureOf(admin, { server: 'https://no-such-host.invalid:6443' })).toMatchObject({
      code: 'ApiUnreachable',
    });
  });

  test('another authority: ApiUntrusted, and nothing about skipping TLS', async () => {
    const error = await failureOf(admin, { certificateAuthority: createAuthority('somebody else').certificate });
    expect(error).toMatchObject({ code: 'ApiUntrusted', message: expect.stringContaining(controlPlane().server) });
  });

  test('an expired client certificate: ApiUnauthorized', async () => {
    expect(await failureOf({ user: 'late', validForMs: -60_000 })).toMatchObject({ code: 'ApiUnauthorized' });
  });

  test('a token that is not (or no longer) good: ApiUnauthorized, without the token in the text', async () => {
    const token = `${await newToken('default', 'default')}x`;
    const error = await failureOf({ token });
    expect(error.code).toBe('ApiUnauthorized');
    expect(`${error.message} ${error.remedy}`).not.toContain(token);
  });

  test('no permission: ApiForbidden, with verb and resource', async () => {
    const error = await failureOf({ user: 'nobody' });
    expect(error).toMatchObject({ code: 'ApiForbidden', message: expect.stringMatching(/list.*configmaps/) });
  });
});
