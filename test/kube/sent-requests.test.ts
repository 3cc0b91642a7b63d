import { connect } from '../../controllers/kube/connect';
import type { RestClient } from '../../controllers/kube/rest-client';
import type { SentRequest } from '../../controllers/kube/transport';
import { FakeApiServer, json, notFound, reset, silence, status } from './fake-api-server';

const POD = { apiVersion: 'v1', kind: 'Pod' };
const REF = { ...POD, namespace: 'default', name: 'a' };
const MANIFEST = { ...POD, metadata: { name: 'a', namespace: 'default' } };

let server: FakeApiServer;
let client: RestClient;
let sent: SentRequest[];
beforeEach(async () => {
  sent = [];
  server = await FakeApiServer.start();
  client = await connect({ kubeconfig: server.kubeconfig({ token: 't' }), onSent: (request) => sent.push(request) });
});
afterEach(async () => {
  client.close();
  await server.stop();
});
const codes = (): readonly string[] => sent.map(({ method, code }) => `${method} ${code}`);

test('an answer of any status counts once, with method and host', async () => {
  server.answers(json(MANIFEST), notFound, status(409, 'AlreadyExists'));
  await client.get(REF);
  await client.get(REF).catch(() => undefined);
  await client.create(MANIFEST).catch(() => undefined);
  expect(codes()).toEqual(['GET 200', 'GET 404', 'POST 409']);
  expect(new Set(sent.map(({ host }) => host))).toEqual(new Set([new URL(server.url).host]));
});

test('no answer counts as <error>', async () => {
  server.answers(reset);
  await client.create(MANIFEST).catch(() => undefined);
  expect(codes()).toEqual(['POST <error>']);
});

test('what we give up ourselves is not counted: the server has not failed', async () => {
  server.answers(silence);
  const stop = new AbortController();
  const call = client.get(REF, { signal: stop.signal });
  setTimeout(() => stop.abort(new Error('enough')), 50);
  await expect(call).rejects.toThrow('enough');
  expect(codes()).toEqual([]);
});
