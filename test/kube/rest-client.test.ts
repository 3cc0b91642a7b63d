import type { Manifest, ObjectRef } from '../../lib/base/kube-object';
import { canonicalJson } from '../../synth/canonical-json';
import { ApiError } from '../../controllers/kube/api-error';
import type { WatchEvent } from '../../controllers/kube/cluster-client';
import { connect } from '../../controllers/kube/connect';
import type { RestClient } from '../../controllers/kube/rest-client';
import { FakeApiServer, json, line, notFound, reset, silence, status, stream } from './fake-api-server';

const POD = { apiVersion: 'v1', kind: 'Pod' };
const pod = (name: string, resourceVersion: string, more: object = {}) => ({
  ...POD,
  metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion },
  ...more,
});
const ref = (name: string): ObjectRef => ({ ...POD, namespace: 'default', name });
const failureOf = async (call: Promise<unknown>): Promise<ApiError> => {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ApiError);
  return thrown as ApiError;
};

let server: FakeApiServer;
let client: RestClient;
beforeEach(async () => {
  server = await FakeApiServer.start();
  client = await connect({ kubeconfig: server.kubeconfig({ token: 'the-secret-token' }) });
});
afterEach(async () => {
  client.close();
  await server.stop();
});
const last = () => server.received[server.received.length - 1]!;

describe('reading one object', () => {
  test('gives back all of it, fields nobody here knows included', async () => {
    const stored = pod('a', '7', { spec: { fieldOfTheFuture: { deep: [1, null] } }, alien: true });
    server.answers(json(stored));
    await expect(client.get(ref('a'))).resolves.toEqual(stored);
    expect(last()).toMatchObject({ method: 'GET', path: '/api/v1/namespaces/default/pods/a' });
    expect(last().headers).toMatchObject({
      authorization: 'Bearer the-secret-token',
      'user-agent': expect.stringMatching(/^weka-operator\//),
    });
  });

  test('an object that is not there is undefined; a kind that is not there is KindMissing', async () => {
    server.answers(status(404, 'NotFound', { details: { name: 'a', kind: 'pods' } }));
    await expect(client.get(ref('a'))).resolves.toBeUndefined();
    server.answers(notFound);
    expect(
      await failureOf(
        client.get({ apiVersion: 'weka.weka.io/v1alpha1', kind: 'WekaPolicy', namespace: 'n', name: 'p' }),
      ),
    ).toMatchObject({
      code: 'KindMissing',
      message: 'The cluster does not know WekaPolicy of weka.weka.io/v1alpha1.',
    });
  });

  test('names are encoded, capitals kept', async () => {
    server.answers(json({}));
    await client.get({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'system:Weird/Name' });
    expect(last().path).toBe('/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3AWeird%2FName');
  });
});

test('a kind of no table is looked up once, and again after it was missing', async () => {
  const type = { apiVersion: 'acme.io/v1', kind: 'Anvil' };
  const resources = json({
    resources: [
      { name: 'anvils/status', kind: 'Anvil', namespaced: false },
      { name: 'anvils', kind: 'Anvil', namespaced: false },
    ],
  });
  server.answers(resources, json({}), json({}), notFound, resources, json({}));
  await client.get({ ...type, name: 'a' });
  await client.get({ ...type, name: 'b' });
  expect(await failureOf(client.get({ ...type, name: 'c' }))).toMatchObject({ code: 'KindMissing' });
  await client.get({ ...type, name: 'd' });
  expect(server.received.map(({ path }) => path.replace('/apis/acme.io/v1', ''))).toEqual([
    '',
    '/anvils/a',
    '/anvils/b',
    '/anvils/c',
    '',
    '/anvils/d',
  ]);
});

describe('what fails says which row of the errors table it is', () => {
  test.each([
    { answer: status(401, 'Unauthorized'), code: 'ApiUnauthorized' },
    { answer: status(403, 'Forbidden'), code: 'ApiForbidden' },
    {
      answer: status(403, 'Forbidden', { details: { causes: [{ reason: 'NamespaceTerminating', message: 'm' }] } }),
      code: 'NamespaceTerminating',
    },
    { answer: status(409, 'Conflict'), code: 'Conflict' },
    {
      answer: status(422, 'Invalid', { details: { name: 'a', causes: [{ field: 'spec.x', message: 'bad' }] } }),
      code: 'ObjectRejected',
    },
    { answer: status(422, 'Invalid', { message: 'spec.selector: field is immutable' }), code: 'ImmutableField' },
    {
      answer: status(422, 'Invalid', { details: { causes: [{ field: 'metadata.uid', message: 'immutable' }] } }),
      code: 'Conflict',
    },
    { answer: status(429, 'TooManyRequests', {}, { 'Retry-After': '7' }), code: 'ApiBusy', retryAfterSeconds: 7 },
    {
      answer: status(503, 'ServiceUnavailable', { details: { retryAfterSeconds: 3 } }),
      code: 'ApiServerError',
      retryAfterSeconds: 3,
    },
    { answer: status(504, 'Timeout'), code: 'ApiTimeout' },
    {
      answer: status(500, '', {
        message: 'failed to create typed patch object: .spec.x: field not declared in schema',
      }),
      code: 'ObjectRejected',
    },
    { answer: reset, code: 'ApiUnreachable' },
  ])('$code', async ({ answer, code, retryAfterSeconds }) => {
    server.answers(answer);
    const error = await failureOf(client.apply(pod('a', '1'), { fieldManager: 'm', force: true }));
    expect(error.code).toBe(code);
    expect(error.failure.retryAfterSeconds).toBe(retryAfterSeconds);
    expect(JSON.stringify([error.message, error.failure, error.parameters])).not.toContain('the-secret-token');
  });

  test('a field that our CRD lacks: the CRD is older than we are', async () => {
    server.answers(
      status(500, '', {
        message:
          'failed to create typed patch object (d/p; weka.weka.io/v1alpha1, Kind=WekaPolicy): .spec.image: field not declared in schema',
      }),
    );
    const policy = { apiVersion: 'weka.weka.io/v1alpha1', kind: 'WekaPolicy', metadata: { name: 'p', namespace: 'd' } };
    expect(await failureOf(client.apply(policy, { fieldManager: 'm', force: true }))).toMatchObject({
      message: 'The CRD of WekaPolicy is older than this operator: it lacks spec.image.',
    });
  });

  test('nobody there: unreachable, with the address', async () => {
    const { url } = server;
    await server.stop();
    expect(await failureOf(client.get(ref('a')))).toMatchObject({
      code: 'ApiUnreachable',
      message: expect.stringContaining(url),
    });
    server = await FakeApiServer.start();
  });

  test('given up: rejects with the reason of the signal, and the connection is gone', async () => {
    server.answers(silence);
    const stop = new AbortController();
    const call = client.get(ref('a'), { signal: stop.signal });
    await until(() => server.received.length === 1);
    stop.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    await until(() => server.open === 0);
  });
});

describe('writing', () => {
  const manifest: Manifest = {
    ...POD,
    metadata: { name: 'a', namespace: 'default', labels: { z: '1', a: 'ü' } },
    spec: { newField: 'kept', empty: {}, none: '', script: '#!/bin/sh\n\techo "x"\n' },
  };

  test('apply sends exactly the canonical bytes of the manifest', async () => {
    server.answers(json(pod('a', '8')));
    await client.apply(manifest, { fieldManager: 'weka-operator', force: true });
    expect(last().body).toBe(canonicalJson(manifest as never));
    expect(last()).toMatchObject({ method: 'PATCH', path: '/api/v1/namespaces/default/pods/a' });
    expect(last().headers['content-type']).toBe('application/apply-patch+yaml');
    expect(last().query.toString()).toBe('fieldValidation=Strict&fieldManager=weka-operator&force=true');
  });

  test('apply with preconditions, to status, as a rehearsal', async () => {
    server.answers(json(pod('a', '8')));
    await client.apply(manifest, {
      fieldManager: 'm',
      force: false,
      dryRun: true,
      subresource: 'status',
      uid: 'u1',
      resourceVersion: '5',
    });
    expect(JSON.parse(last().body).metadata).toEqual({ ...manifest.metadata, uid: 'u1', resourceVersion: '5' });
    expect(last().path).toBe('/api/v1/namespaces/default/pods/a/status');
    expect(last().query.get('dryRun')).toBe('All');
    expect(manifest.metadata.uid).toBeUndefined();
  });

  test('create, replace, patch and delete say what they mean', async () => {
    server.answers(json(pod('a', '8')));
    await client.create(manifest);
    expect(last()).toMatchObject({ method: 'POST', path: '/api/v1/namespaces/default/pods' });
    await client.replace(manifest);
    expect(last()).toMatchObject({ method: 'PUT', path: '/api/v1/namespaces/default/pods/a' });
    await client.patch(ref('a'), { metadata: { finalizers: null } }, { uid: 'u1' });
    expect(last()).toMatchObject({ method: 'PATCH', body: '{"metadata":{"finalizers":null,"uid":"u1"}}' });
    expect(last().headers['content-type']).toBe('application/merge-patch+json');
    await expect(client.delete(ref('a'), { uid: 'u1', propagation: 'Background' })).resolves.toBe('deleted');
    expect(JSON.parse(last().body)).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: 'u1' },
      propagationPolicy: 'Background',
    });
    server.answers(status(404, 'NotFound', { details: { name: 'a' } }));
    await expect(client.delete(ref('a'), { uid: 'u1', propagation: 'Background' })).resolves.toBe('gone');
  });
});

describe('connections', () => {
  test('many calls, one after another, use one', async () => {
    server.answers(json(pod('a', '1')));
    for (let i = 0; i < 50; i += 1) await client.get(ref('a'));
    expect(server.connections).toBe(1);
  });

  test('many calls at once use no more than 32', async () => {
    server.answers((request, response) => void setTimeout(() => json(pod('a', '1'))(request, response), 5));
    await Promise.all(Array.from({ length: 100 }, () => client.get(ref('a'))));
    expect(server.connections).toBeLessThanOrEqual(32);
  });

  test('a read on a connection that the server has just closed is sent again; a write is not', async () => {
    server.answers(json(pod('a', '1')), reset, json(pod('a', '2')));
    await client.get(ref('a'));
    await expect(client.get(ref('a'))).resolves.toMatchObject({ metadata: { resourceVersion: '2' } });
    server.answers(reset, json(pod('a', '3')));
    expect(await failureOf(client.apply(pod('a', '2'), { fieldManager: 'm', force: true }))).toMatchObject({
      code: 'ApiUnreachable',
    });
  });

  test('close leaves no connection open', async () => {
    server.answers(json(pod('a', '1')));
    await client.get(ref('a'));
    client.close();
    await until(() => server.open === 0);
  });
});

describe('lists', () => {
  const page = (names: readonly string[], position?: string) =>
    json({
      metadata: { resourceVersion: '100', ...(position === undefined ? {} : { continue: position }) },
      items: names.map((name) => ({ metadata: { name } })),
    });
  const listed = async (onRestart?: () => void) => {
    const names: string[][] = [];
    const result = await client.list(POD, {
      labelSelector: 'a in (b,c)',
      onPage: (objects) => {
        expect(objects.every(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'Pod')).toBe(true);
        names.push(objects.map(({ metadata }) => metadata.name));
      },
      ...(onRestart === undefined ? {} : { onRestart: () => (onRestart(), void (names.length = 0)) }),
    });
    return { names, result };
  };

  test('come in pages of 500, each handed on as it arrives', async () => {
    server.answers(page(['a', 'b'], 'next'), page(['c']));
    await expect(listed()).resolves.toEqual({ names: [['a', 'b'], ['c']], result: { resourceVersion: '100' } });
    expect(server.received.map(({ query }) => query.toString())).toEqual(
      ['limit=500&labelSelector=a+in+%28b%2Cc%29', 'limit=500&continue=next&labelSelector=a+in+%28b%2Cc%29'].map(
        (text) => new URLSearchParams(text).toString(),
      ),
    );
  });

  test('whose position expired begin again in one piece', async () => {
    server.answers(page(['a', 'b'], 'next'), status(410, 'Expired'), page(['b', 'c']));
    await expect(listed(() => undefined)).resolves.toMatchObject({ names: [['b', 'c']] });
    expect(last().query.has('limit')).toBe(false);
  });

  test('whose position expired reject when nobody can begin again', async () => {
    server.answers(page(['a'], 'next'), status(410, 'Expired'));
    expect((await failureOf(listed())).failure).toMatchObject({ status: 410, reason: 'Expired' });
  });
});

describe('watches', () => {
  const watching = (
    more: { signal?: AbortSignal; idleSeconds?: number; onEvent?: (event: WatchEvent) => void } = {},
  ) => {
    const events: WatchEvent[] = [];
    const options = {
      resourceVersion: '5',
      timeoutSeconds: 300,
      idleSeconds: 5,
      onEvent: (event: WatchEvent) => void events.push(event),
      ...more,
    };
    return { events, done: client.watch(POD, { namespace: 'default', ...options }) };
  };

  test('ask for bookmarks and an end, from the version given', async () => {
    server.answers(stream([]));
    await watching().done;
    expect(last().path).toBe('/api/v1/namespaces/default/pods');
    expect(last().query.toString()).toBe('watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=300');
  });

  test('are decoded whole wherever the bytes are cut, within characters too', async () => {
    const bytes = Buffer.from(
      line('ADDED', pod('ä€😀', '6')) +
        line('MODIFIED', pod('b', '7')) +
        line('BOOKMARK', { metadata: { resourceVersion: '9' } }),
    );
    server.answers(stream(Array.from(bytes, (byte) => Buffer.from([byte]))));
    const { events, done } = watching();
    await done;
    expect(events).toEqual([
      { type: 'ADDED', object: pod('ä€😀', '6') },
      { type: 'MODIFIED', object: pod('b', '7') },
      { type: 'BOOKMARK', resourceVersion: '9' },
    ]);
  });

  test.each([
    {
      name: 'expired, connection kept open',
      pieces: [line('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' })],
      failure: { status: 410, reason: 'Expired' },
    },
    {
      name: 'another error, connection kept open',
      pieces: [line('ERROR', { kind: 'Status', code: 500, reason: 'InternalError', message: 'oops' })],
      failure: { status: 500, reason: 'InternalError' },
    },
    { name: 'a line that is not JSON', pieces: ['{"type":\n'], failure: { status: 0 } },
  ])('$name: rejects, and the connection is gone', async ({ pieces, failure }) => {
    server.answers(stream(pieces, 'stay'));
    expect((await failureOf(watching().done)).failure).toMatchObject(failure);
    await until(() => server.open === 0);
  });

  test('a stream that ends in the middle of an event rejects', async () => {
    server.answers(stream([line('ADDED', pod('a', '6')), '{"type":"ADD']));
    const { events, done } = watching();
    expect((await failureOf(done)).failure.message).toContain('middle of an event');
    expect(events).toHaveLength(1);
  });

  test('an answer that is no stream is an error: 429 with its Retry-After', async () => {
    server.answers(status(429, 'TooManyRequests', {}, { 'Retry-After': '2' }));
    expect(await failureOf(watching().done)).toMatchObject({ code: 'ApiBusy', failure: { retryAfterSeconds: 2 } });
  });

  test.each([
    { name: 'no answer at all', behaviour: silence },
    { name: 'silence after the headers', behaviour: stream([], 'stay') },
  ])('$name counts as dead after the idle time', async ({ behaviour }) => {
    server.answers(behaviour);
    expect(await failureOf(watching({ idleSeconds: 0.05 }).done)).toMatchObject({ code: 'ApiTimeout' });
    await until(() => server.open === 0);
  });

  test('a broken connection rejects', async () => {
    server.answers(stream([line('ADDED', pod('a', '6'))], 'stay'));
    const { events, done } = watching();
    await until(() => events.length === 1);
    server.reset();
    expect(await failureOf(done)).toMatchObject({ code: 'ApiUnreachable' });
  });

  test('what the handler throws rejects the watch, tells nothing more, and the connection is gone', async () => {
    server.answers(
      stream([line('ADDED', pod('a', '6')) + line('ADDED', pod('b', '7')), line('ADDED', pod('c', '8'))], 'stay'),
    );
    let told = 0;
    const { done } = watching({
      onEvent: () => {
        told += 1;
        throw new Error('handler');
      },
    });
    await expect(done).rejects.toThrow('handler');
    await until(() => server.open === 0);
    expect(told).toBe(1);
  });

  test('given up, before or while it runs, nothing stays open', async () => {
    server.answers(stream([line('ADDED', pod('a', '6'))], 'stay'));
    const stop = new AbortController();
    const { events, done } = watching({ signal: stop.signal });
    await until(() => events.length === 1);
    stop.abort(new Error('enough'));
    await expect(done).rejects.toThrow('enough');
    await until(() => server.open === 0);
    await expect(watching({ signal: stop.signal }).done).rejects.toThrow('enough');
    expect(server.received).toHaveLength(1);
  });

  test('100 of them do not stand in the way of ordinary calls', async () => {
    server.answers((request, response) =>
      (request.query.has('watch') ? stream([], 'stay') : json(pod('a', '1')))(request, response),
    );
    const stop = new AbortController();
    const streams = Array.from({ length: 100 }, () => watching({ signal: stop.signal }).done.catch(() => undefined));
    await until(() => server.received.length === 100);
    await expect(client.get(ref('a'))).resolves.toBeDefined();
    stop.abort(new Error('enough'));
    await Promise.all(streams);
    await until(() => server.open === 1);
  });
});

const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 400 && !condition(); i += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
};
