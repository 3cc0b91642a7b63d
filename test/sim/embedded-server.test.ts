import type { WatchEvent } from '../../controllers/kube/cluster-client';
import type { Manifest } from '../../lib/base/kube-object';
import { labelMatcher } from '../../sim/api/selectors';
import { aCluster, aConfigMap, aDaemonSet, aPod, CONFIG_MAP, failureOf, inDefault, names, POD } from './embedded';

const WEKA = { apiVersion: 'weka.weka.io/v1alpha1' };
const aPolicy = (name: string, spec: object): Manifest =>
  ({ ...WEKA, kind: 'WekaPolicy', metadata: { name, namespace: 'default' }, spec }) as Manifest;
const signDrives = { type: 'sign-drives', payload: { signDrivesPayload: { type: 'all-not-root' } } };

type Client = ReturnType<ReturnType<typeof aCluster>['client']>;
type Refusal = [string, (client: Client) => Promise<unknown>, number, string | undefined, unknown];

describe('reading and writing', () => {
  test('create sets what only the server sets', async () => {
    const cluster = aCluster();
    const made = await cluster.client().create(aConfigMap('a', { x: '1' }));
    expect(made.metadata).toMatchObject({ uid: expect.any(String), creationTimestamp: '2026-01-01T00:00:00Z' });
    expect(Number(made.metadata.resourceVersion)).toBeGreaterThan(0);
    expect(await cluster.client().get(inDefault(CONFIG_MAP, 'a'))).toBe(made);
    expect(await cluster.client().get(inDefault(CONFIG_MAP, 'b'))).toBeUndefined();
  });

  test('every write has a higher version, a write that changes nothing has none', async () => {
    const client = aCluster().client();
    const first = await client.create(aConfigMap('a', { x: '1' }));
    const second = await client.patch(inDefault(CONFIG_MAP, 'a'), { data: { x: '2' } });
    const third = await client.patch(inDefault(CONFIG_MAP, 'a'), { data: { x: '2' } });
    expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
    expect(third).toBe(second);
  });

  test('a dry run says the result and stores nothing', async () => {
    const cluster = aCluster();
    const made = await cluster.client().create(aConfigMap('a'), { dryRun: true });
    expect(made.metadata.name).toBe('a');
    expect(cluster.get(inDefault(CONFIG_MAP, 'a'))).toBeUndefined();
    expect(cluster.log.count()).toBe(0);
  });

  test.each([
    ['the name is taken', (c) => c.create(aConfigMap('a')), 409, 'AlreadyExists', 'configmaps "a" already exists'],
    [
      'replacing an old version',
      (c) => c.replace(aConfigMap('a', {}, { resourceVersion: '1' })),
      409,
      'Conflict',
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    ],
    [
      'patching what is missing',
      (c) => c.patch(inDefault(CONFIG_MAP, 'b'), {}),
      404,
      'NotFound',
      'configmaps "b" not found',
    ],
    [
      'a namespace that is missing',
      (c) => c.create(aConfigMap('b', {}, { namespace: 'nowhere' })),
      404,
      'NotFound',
      'namespaces "nowhere" not found',
    ],
    [
      'a kind that is not served',
      (c) => c.get({ apiVersion: 'example.com/v1', kind: 'Thing', name: 'a' }),
      404,
      'NotFound',
      'the server does not know Thing of example.com/v1',
    ],
    [
      'an unknown field',
      (c) => c.create({ ...aConfigMap('b'), dta: {} }),
      400,
      'BadRequest',
      expect.stringContaining('strict decoding error: unknown field "dta"'),
    ],
    [
      'an unknown field in a list',
      (c) => c.create(aPod('b', { containers: [{ name: 'm', image: 'i', imgae: 'x' }] })),
      400,
      'BadRequest',
      expect.stringContaining('strict decoding error: unknown field "spec.containers[0].imgae"'),
    ],
    [
      'an unknown field, applied',
      (c) => c.apply({ ...aConfigMap('b'), dta: {} }, { fieldManager: 'm', force: true }),
      500,
      undefined,
      'failed to create typed patch object (default/b; /v1, Kind=ConfigMap): .dta: field not declared in schema',
    ],
    [
      'a name with capitals',
      (c) => c.create(aConfigMap('Bad')),
      422,
      'Invalid',
      expect.stringContaining('a lowercase RFC 1123 subdomain'),
    ],
    [
      'another uid',
      (c) => c.delete(inDefault(CONFIG_MAP, 'a'), { uid: 'other', propagation: 'Background' }),
      409,
      'Conflict',
      expect.stringContaining('the UID in the precondition (other) does not match'),
    ],
    [
      'a selector that is none',
      (c) => c.list(CONFIG_MAP, { labelSelector: 'a in b', onPage: () => undefined }),
      400,
      'BadRequest',
      expect.stringContaining('unable to parse'),
    ],
    [
      'a field that is not selectable',
      (c) => c.list(CONFIG_MAP, { fieldSelector: 'data.x=1', onPage: () => undefined }),
      400,
      'BadRequest',
      '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
    [
      'the status of a kind without one',
      (c) => c.patch(inDefault(CONFIG_MAP, 'a'), {}, { subresource: 'status' }),
      404,
      'NotFound',
      'the server does not know ConfigMap of v1',
    ],
  ] as Refusal[])('refuses %s', async (...[, act, status, reason, message]) => {
    const client = aCluster().client();
    await client.create(aConfigMap('a'));
    expect(await failureOf(act(client))).toMatchObject({ status, reason, message });
  });
});

describe('custom resources', () => {
  test('status and the rest are written apart, and only intent counts as a generation', async () => {
    const client = aCluster().client();
    const ref = { ...inDefault({ ...WEKA, kind: 'WekaPolicy' }, 'p') };
    const made = await client.create({ ...aPolicy('p', signDrives), status: { status: 'Done' } });
    expect(made.status).toBeUndefined();
    const status = await client.patch(
      ref,
      { status: { status: 'Done' }, spec: { type: 'x' } },
      { subresource: 'status' },
    );
    expect(status).toMatchObject({
      spec: { type: 'sign-drives' },
      status: { status: 'Done' },
      metadata: { generation: 1 },
    });
    const labelled = await client.patch(ref, { metadata: { labels: { a: 'b' } }, status: { status: 'No' } });
    expect(labelled).toMatchObject({ status: { status: 'Done' }, metadata: { generation: 1 } });
    const changed = await client.patch(ref, { spec: { tolerations: [{ operator: 'Exists' }] } });
    expect(changed.metadata.generation).toBe(2);
  });

  test('an unknown field is refused by name', async () => {
    const failure = await failureOf(
      aCluster()
        .client()
        .create(aPolicy('p', { ...signDrives, tolerance: [] })),
    );
    expect(failure).toMatchObject({
      status: 400,
      message: expect.stringContaining('strict decoding error: unknown field "spec.tolerance"') as string,
    });
  });

  test('a wrong type is refused with its place', async () => {
    const failure = await failureOf(
      aCluster()
        .client()
        .create(aPolicy('p', { ...signDrives, tolerations: 'all' })),
    );
    expect(failure).toMatchObject({
      status: 422,
      reason: 'Invalid',
      causes: [{ field: 'spec.tolerations' }, { field: '<nil>' }],
    });
  });

  test('a CEL rule of a kind is judged by its twin, on updates only where it compares', async () => {
    const client = aCluster().client();
    const ref = inDefault({ ...WEKA, kind: 'WekaClient' }, 'c');
    const spec = { image: 'registry.test/weka:4.4', targetCluster: { name: 'one', namespace: 'default' } };
    await client.create({ ...WEKA, kind: 'WekaClient', metadata: { name: 'c', namespace: 'default' }, spec });
    const moved = client.patch(ref, { spec: { targetCluster: { name: 'two' } } });
    expect(await failureOf(moved)).toMatchObject({ status: 422, reason: 'Invalid', causes: [{ field: 'spec' }] });
    const kept = await client.patch(ref, { spec: { image: 'registry.test/weka:4.5' } });
    expect(kept.metadata.generation).toBe(2);
  });

  test('kinds are served only while their CRD is there', async () => {
    const cluster = aCluster({ kinds: [] });
    const client = cluster.client();
    expect(await failureOf(client.create(aPolicy('p', signDrives)))).toMatchObject({ status: 404 });
    cluster.installCrds();
    await client.create(aPolicy('p', signDrives));
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      name: 'wekapolicies.weka.weka.io',
    };
    await client.delete(crd, { uid: cluster.get(crd)!.metadata.uid, propagation: 'Background' });
    expect(await failureOf(client.create(aPolicy('q', signDrives)))).toMatchObject({ status: 404 });
  });
});

describe('built-in kinds', () => {
  test('a Pod gets what the server and admission add', async () => {
    const pod = await aCluster()
      .client()
      .create(aPod('a', { automountServiceAccountToken: false }));
    expect(pod.spec).toMatchObject({
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
      serviceAccountName: 'default',
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      containers: [
        {
          imagePullPolicy: 'IfNotPresent',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
    });
    expect(pod.spec!['tolerations']).toHaveLength(2);
    expect(pod.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  });

  test('Services get addresses, each its own, and keep them', async () => {
    const client = aCluster().client();
    const service = (name: string): Manifest => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { ports: [{ port: 80 }] },
    });
    const a = await client.create(service('a'));
    const b = await client.create(service('b'));
    expect(a.spec).toMatchObject({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: ['IPv4'],
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    });
    expect(a.spec!['clusterIP']).not.toBe(b.spec!['clusterIP']);
    const replaced = await client.replace({ ...service('a'), metadata: a.metadata, spec: { ports: [{ port: 81 }] } });
    expect(replaced.spec!['clusterIP']).toBe(a.spec!['clusterIP']);
    const failure = await failureOf(
      client.patch(
        { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'a' },
        { spec: { clusterIP: '10.96.9.9' } },
      ),
    );
    expect(failure.message).toContain('may not change once set');
  });

  test.each([
    [
      'the command of a Pod',
      aPod('a'),
      { spec: { containers: [{ name: 'main', image: 'registry.test/app:1', command: ['x'] }] } },
      'pod updates may not change fields other than',
    ],
    [
      'the selector of a DaemonSet',
      aDaemonSet('a'),
      { spec: { selector: { matchLabels: { app: 'b' } }, template: { metadata: { labels: { app: 'b' } } } } },
      'field is immutable',
    ],
    [
      'the data of an immutable ConfigMap',
      { ...aConfigMap('a', { x: '1' }), immutable: true },
      { data: { x: '2' } },
      'immutable',
    ],
  ] as [string, Manifest, never, string][])('%s cannot be changed', async (_what, manifest, patch, message) => {
    const client = aCluster().client();
    const { apiVersion, kind } = manifest;
    await client.create(manifest);
    const failure = await failureOf(client.patch(inDefault({ apiVersion, kind }, 'a'), patch));
    expect(failure).toMatchObject({ status: 422, message: expect.stringContaining(message) });
  });

  test('the image of a Pod can be changed', async () => {
    const client = aCluster().client();
    await client.create(aPod('a'));
    const pod = await client.get(inDefault(POD, 'a'));
    const [container] = pod!.spec!['containers'] as object[];
    const changed = await client.patch(inDefault(POD, 'a'), {
      spec: { containers: [{ ...container, image: 'other:2' }] },
    });
    expect(changed.spec).toMatchObject({ containers: [{ image: 'other:2' }] });
  });
});

describe('selectors', () => {
  test.each([
    ['', true],
    ['a=1', true],
    ['a==1', true],
    ['a!=1', false],
    ['a!=2', true],
    ['c!=1', true],
    ['a in (1,2)', true],
    ['a in (2, 3)', false],
    ['a notin (2)', true],
    ['a notin (1)', false],
    ['c notin (1)', true],
    ['a', true],
    ['!a', false],
    ['c', false],
    ['!c', true],
    ['a=1,b=2', true],
    ['a=1,b in (3,4),!c', false],
    ['x.io/y=', true],
  ])('%s', (selector, expected) => {
    const labels = { a: '1', b: '2', 'x.io/y': '' };
    expect(labelMatcher(selector)({ apiVersion: 'v1', kind: 'X', metadata: { name: 'x', labels } })).toBe(expected);
  });

  test('a list is chosen by namespace, labels and fields, and sorted', async () => {
    const cluster = aCluster();
    const client = cluster.client();
    for (const name of ['c', 'a', 'b'])
      await client.create(aConfigMap(name, {}, { labels: { side: name === 'b' ? 'left' : 'right' } }));
    const chosen = async (selection: object): Promise<string[]> => {
      const found: string[] = [];
      await client.list(CONFIG_MAP, { ...selection, onPage: (page) => found.push(...names(page)) });
      return found;
    };
    expect(await chosen({})).toEqual(['a', 'b', 'c']);
    expect(await chosen({ labelSelector: 'side=right' })).toEqual(['a', 'c']);
    expect(await chosen({ fieldSelector: 'metadata.name!=a', labelSelector: 'side' })).toEqual(['b', 'c']);
    expect(await chosen({ namespace: 'kube-system' })).toEqual([]);
  });
});

describe('lists in chunks', () => {
  test('all pages show one moment, in order', async () => {
    const cluster = aCluster();
    const client = cluster.client();
    for (let n = 0; n < 7; n++) await client.create(aConfigMap(`c${n}`));
    const pages: string[][] = [];
    const { resourceVersion } = await client.list(CONFIG_MAP, {
      pageSize: 3,
      onPage: (page) => {
        pages.push(names(page));
        void client.create(aConfigMap(`new${pages.length}`));
      },
    });
    expect(pages).toEqual([['c0', 'c1', 'c2'], ['c3', 'c4', 'c5'], ['c6']]);
    const [first] = await watched(client, resourceVersion, cluster);
    expect(first).toBe('ADDED new1');
  });

  test('a list that takes longer than the past is kept is Expired', async () => {
    const cluster = aCluster();
    for (let n = 0; n < 4; n++) await cluster.client().create(aConfigMap(`c${n}`));
    const onPage = (): void => {
      void cluster
        .client()
        .patch(inDefault(CONFIG_MAP, 'c0'), { data: { at: String(cluster.server.core.store.version) } });
      cluster.server.core.store.compact();
    };
    expect(await failureOf(cluster.client().list(CONFIG_MAP, { pageSize: 1, onPage }))).toMatchObject({
      status: 410,
      reason: 'Expired',
    });
  });
});

const watched = async (
  client: ReturnType<ReturnType<typeof aCluster>['client']>,
  resourceVersion: string,
  cluster: ReturnType<typeof aCluster>,
  selection: object = {},
) => {
  const seen: string[] = [];
  const show = (event: WatchEvent): unknown =>
    seen.push(event.type === 'BOOKMARK' ? 'BOOKMARK' : `${event.type} ${event.object.metadata.name}`);
  const ended = client.watch(CONFIG_MAP, {
    resourceVersion,
    timeoutSeconds: 150,
    idleSeconds: 100,
    onEvent: show,
    ...selection,
  });
  await cluster.clock.run({ forMs: 200_000 });
  await ended;
  return seen;
};

describe('watches', () => {
  test('tell what happened since a version, then what happens, then bookmarks, and end in time', async () => {
    const cluster = aCluster();
    const client = cluster.client();
    const { metadata } = await client.create(aConfigMap('before'));
    await client.create(aConfigMap('a'));
    cluster.clock.after(1000, () => void client.patch(inDefault(CONFIG_MAP, 'a'), { data: { x: '1' } }));
    cluster.clock.after(2000, () =>
      cluster.server.delete(inDefault(CONFIG_MAP, 'a'), { user: 'u', propagation: 'Background' }),
    );
    const seen = await watched(client, metadata.resourceVersion, cluster);
    expect(seen).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'BOOKMARK', 'BOOKMARK', 'BOOKMARK']);
  });

  test('an object that leaves the selection is deleted for it', async () => {
    const cluster = aCluster();
    const client = cluster.client();
    const { metadata } = await client.create(aConfigMap('a'));
    cluster.clock.after(
      1,
      () => void client.patch(inDefault(CONFIG_MAP, 'a'), { metadata: { labels: { in: 'yes' } } }),
    );
    cluster.clock.after(2, () => void client.patch(inDefault(CONFIG_MAP, 'a'), { metadata: { labels: { in: null } } }));
    expect(await watched(client, metadata.resourceVersion, cluster, { labelSelector: 'in' })).toEqual([
      'ADDED a',
      'DELETED a',
      'BOOKMARK',
      'BOOKMARK',
      'BOOKMARK',
    ]);
  });

  test('from a forgotten version are Expired', async () => {
    const cluster = aCluster({ historyLimit: 5 });
    const client = cluster.client();
    const { metadata } = await client.create(aConfigMap('a'));
    for (let n = 0; n < 20; n++) await client.patch(inDefault(CONFIG_MAP, 'a'), { data: { n: String(n) } });
    const watch = client.watch(CONFIG_MAP, {
      resourceVersion: metadata.resourceVersion,
      timeoutSeconds: 10,
      idleSeconds: 10,
      onEvent: () => undefined,
    });
    expect(await failureOf(watch)).toMatchObject({
      status: 410,
      reason: 'Expired',
      message: expect.stringContaining('too old resource version'),
    });
  });

  test('end with the signal’s reason, and with what the handler throws', async () => {
    const cluster = aCluster();
    const client = cluster.client();
    const options = { resourceVersion: '1', timeoutSeconds: 10, idleSeconds: 10 };
    const controller = new AbortController();
    const aborted = client.watch(CONFIG_MAP, { ...options, signal: controller.signal, onEvent: () => undefined });
    const thrown = client.watch(CONFIG_MAP, {
      ...options,
      onEvent: () => {
        throw new Error('handler');
      },
    });
    await client.create(aConfigMap('a'));
    controller.abort(new Error('enough'));
    const both = Promise.allSettled([aborted, thrown]);
    await cluster.clock.run({ forMs: 1000 });
    expect((await both).map((each) => (each.status === 'rejected' ? String(each.reason) : 'resolved'))).toEqual([
      'Error: enough',
      'Error: handler',
    ]);
  });

  test('every call and every delivery passes the fault point', async () => {
    const cluster = aCluster();
    const seen: string[] = [];
    const client = cluster.client({
      faults: {
        call: (call, proceed) => {
          seen.push(`${call.verb} ${call.target.kind}`);
          if (call.verb === 'get') throw new Error('cut');
          return proceed();
        },
        deliver: ({ event }, proceed) => (event.type === 'ADDED' ? seen.push('dropped') : proceed()),
      },
    });
    await expect(client.get(inDefault(CONFIG_MAP, 'a'))).rejects.toThrow('cut');
    const events: string[] = [];
    const watch = client.watch(CONFIG_MAP, {
      resourceVersion: '1',
      timeoutSeconds: 1,
      idleSeconds: 1,
      onEvent: (event) => events.push(event.type),
    });
    await client.create(aConfigMap('a'));
    await client.patch(inDefault(CONFIG_MAP, 'a'), { data: { x: '1' } });
    await cluster.clock.run({ forMs: 2000 });
    await watch;
    expect(seen).toEqual(['get ConfigMap', 'watch ConfigMap', 'create ConfigMap', 'patch ConfigMap', 'dropped']);
    expect(events).toEqual(['MODIFIED', 'BOOKMARK']);
  });
});
