import { chmodSync, writeFileSync } from 'node:fs';
import { ApiError } from '../../controllers/kube/api-error';
import { connect } from '../../controllers/kube/connect';
import type { RestClient } from '../../controllers/kube/rest-client';
import type { Clock } from '../../controllers/runtime/clock';
import { systemClock } from '../../controllers/runtime/clock';
import type { Authority } from './certificates';
import { makeAuthority } from './certificates';
import type { Behaviour, Received } from './fake-api-server';
import { FakeApiServer, json, status } from './fake-api-server';

const version = json({ gitVersion: 'v1.34.0', major: '1', minor: '34' });
const accepts =
  (token: string): Behaviour =>
  (request, response) =>
    (request.headers.authorization === `Bearer ${token}` ? version : status(401, 'Unauthorized'))(request, response);
const tokens = (received: readonly Received[]) =>
  received.map(({ headers }) => headers.authorization?.replace('Bearer ', ''));
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'no error',
    (thrown: unknown) => (thrown instanceof ApiError ? thrown.code : String(thrown)),
  );

let ours: Authority;
let other: Authority;
beforeAll(() => {
  ours = makeAuthority('ours');
  other = makeAuthority('other');
});
afterAll(() => {
  ours.remove();
  other.remove();
});

let server: FakeApiServer;
const clients: RestClient[] = [];
const open = async (...options: Parameters<typeof connect>): Promise<RestClient> => {
  const client = await connect(...options);
  clients.push(client);
  return client;
};
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.stop();
});

describe('trust', () => {
  beforeEach(async () => {
    server = await FakeApiServer.start(ours);
    server.answers(version);
  });

  test('a server whose CA the kubeconfig names is called, many times over one connection', async () => {
    const client = await open({ kubeconfig: server.kubeconfig() });
    for (let i = 0; i < 20; i += 1)
      await expect(client.version()).resolves.toEqual({ gitVersion: 'v1.34.0', major: '1', minor: '34' });
    expect(server.connections).toBe(1);
  });

  test.each([
    { name: 'no CA', cluster: () => ({}) },
    { name: 'another CA', cluster: () => ({ 'certificate-authority-data': Buffer.from(other.ca).toString('base64') }) },
    { name: 'no CA and insecure-skip-tls-verify', cluster: () => ({ 'insecure-skip-tls-verify': true }) },
  ])('with $name it is refused before a credential is sent', async ({ cluster }) => {
    const client = await open({ kubeconfig: server.kubeconfig({ token: 't' }, cluster()) });
    await expect(codeOf(client.version())).resolves.toBe('ApiUntrusted');
    expect(server.received).toEqual([]);
  });

  test('a CA file that was replaced is read again', async () => {
    const caFile = server.file('ca.crt', other.ca);
    const client = await open({ kubeconfig: server.kubeconfig({}, { 'certificate-authority': caFile }) });
    await expect(codeOf(client.version())).resolves.toBe('ApiUntrusted');
    writeFileSync(caFile, ours.ca);
    await expect(client.version()).resolves.toMatchObject({ minor: '34' });
  });

  test('http:// to another machine is refused', async () => {
    const client = await open({ kubeconfig: server.kubeconfig({ token: 't' }, { server: 'http://192.0.2.1:8080' }) });
    await expect(codeOf(client.version())).resolves.toBe('ApiUntrusted');
  });
});

describe('credentials', () => {
  beforeEach(async () => {
    server = await FakeApiServer.start();
  });

  test('a token file: trimmed, and read again at once when its token is refused', async () => {
    const tokenFile = server.file('token', 'first\n');
    const client = await open({ kubeconfig: server.kubeconfig({ tokenFile }) });
    server.answers(accepts('first'));
    await client.version();
    writeFileSync(tokenFile, 'second\n');
    server.answers(accepts('second'));
    await client.version();
    await client.version();
    expect(tokens(server.received)).toEqual(['first', 'first', 'second', 'second']);
  });

  test('a token that stays refused is tried twice, not for ever', async () => {
    const client = await open({ kubeconfig: server.kubeconfig({ token: 'old' }) });
    server.answers(accepts('new'));
    await expect(codeOf(client.version())).resolves.toBe('ApiUnauthorized');
    expect(server.received).toHaveLength(2);
  });

  test('an exec plugin is asked once, and again when its token is refused', async () => {
    const counter = server.file('counter', '');
    const plugin = server.file(
      'plugin',
      `#!/bin/sh\nprintf x >> ${counter}\nprintf '{"status":{"token":"token-%s"}}' "$(cat ${counter})"\n`,
    );
    chmodSync(plugin, 0o755);
    const client = await open({
      kubeconfig: server.kubeconfig({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin } }),
    });
    server.answers(accepts('token-x'));
    await client.version();
    await client.version();
    server.answers(accepts('token-xx'));
    await client.version();
    expect(tokens(server.received)).toEqual(['token-x', 'token-x', 'token-x', 'token-xx']);
  });

  test('an exec plugin that fails is an error of the table, without what looks like a credential', async () => {
    const plugin = server.file(
      'plugin',
      '#!/bin/sh\necho "refused aVeryLongSecretThatNobodyMayEverSee0123456789" >&2\nexit 1\n',
    );
    chmodSync(plugin, 0o755);
    const client = await open({
      kubeconfig: server.kubeconfig({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin } }),
    });
    const error = await client.version().catch((thrown: unknown) => thrown as ApiError);
    expect(error).toMatchObject({ code: 'ApiUnauthorized', message: expect.stringContaining('refused …') });
  });

  test('files are looked at every ten seconds, not on every call', async () => {
    let now = 0;
    const clock: Clock = { ...systemClock, now: () => now };
    const kubeconfig = server.kubeconfig({
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: 'cat',
        args: [server.file('credential', '{"status":{"token":"t","expirationTimestamp":"2000-01-01T00:00:00Z"}}')],
      },
    });
    const client = await open({ kubeconfig, clock });
    server.answers(version);
    await client.version();
    server.file('credential', '{"status":{"token":"u","expirationTimestamp":"2000-01-01T00:00:00Z"}}');
    await client.version();
    now = 10_000;
    await client.version();
    expect(tokens(server.received)).toEqual(['t', 't', 'u']);
  });
});

describe('a configuration that cannot be used is an error of the table', () => {
  beforeEach(async () => {
    server = await FakeApiServer.start();
  });

  test.each([
    { name: 'no file', options: () => ({ kubeconfig: '/nowhere/kubeconfig' }) },
    { name: 'not YAML', options: () => ({ kubeconfig: server.file('broken', 'a: [') }) },
    { name: 'a context that is not there', options: () => ({ kubeconfig: server.kubeconfig(), context: 'elsewhere' }) },
  ])('$name', async ({ options }) => {
    await expect(codeOf(open(options()))).resolves.toBe('ApiUnauthorized');
  });
});
