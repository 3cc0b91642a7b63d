import { rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { readAnswer } from '../../../agents/shared/gateway-answer';
import { GatewayClient } from '../../../agents/shared/gateway-client';
import { createLog } from '../../../agents/shared/log';
import { makeAuthority } from '../../../controllers/certificates/x509';
import { DOCUMENT_KIND } from '../../../lib/drivers/agent-documents';
import type { JsonObject } from '../../../lib/base/json';
import type { RunningAgent } from '../../gateway/workshop';
import { nodeObserved, until, Workshop } from '../../gateway/workshop';
import type { Behaviour } from '../../kube/fake-api-server';
import { FakeApiServer, json } from '../../kube/fake-api-server';
import { makeAuthority as makeOpensslAuthority } from '../../kube/certificates';

jest.setTimeout(30_000);

const QUICK = { waitMs: 2_000, pauseMs: 20, capMs: 50, repeatMs: 60_000, timeoutMs: 5_000 };

describe('an agent’s client, at a real gateway', () => {
  let shop: Workshop;
  let agent: RunningAgent;
  let client: GatewayClient;
  let told: JsonObject[];
  let lines: string[];
  beforeEach(async () => {
    shop = new Workshop();
    await shop.start();
    agent = shop.observer('node-1');
    [told, lines] = [[], []];
  });
  afterEach(async () => {
    await client.stop();
    await shop.stop();
  });

  const caFile = (): string => `${shop.directory}/ca.crt`;
  const begin = (
    times: Partial<typeof QUICK> = {},
    onDesired = (body: JsonObject): unknown => told.push(body),
  ): GatewayClient => {
    writeFileSync(caFile(), shop.ca.caBundle() ?? '');
    client = new GatewayClient({
      url: shop.url,
      tokenFile: shop.file('token', agent.token),
      caFile: caFile(),
      desiredKind: DOCUMENT_KIND.nodeDesired,
      observedKind: DOCUMENT_KIND.nodeObserved,
      onDesired,
      log: createLog({}, { write: (line) => lines.push(line) }),
      times: { ...QUICK, ...times },
    });
    return client;
  };
  const publish = (intervalSeconds: number): void =>
    shop.exchange.publish({ agent: agent.id, kind: DOCUMENT_KIND.nodeDesired, body: { intervalSeconds } });
  const heard = (): JsonObject | undefined => shop.exchange.observed(agent.id)?.body;

  test('hears what it shall do, at once and again when it changes, each once', async () => {
    begin();
    publish(30);
    await until('the first', () => told.length === 1);
    publish(60);
    await until('the second', () => told.length === 2);
    publish(60);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(told).toEqual([{ intervalSeconds: 30 }, { intervalSeconds: 60 }]);
  });

  test('tells what it sees: the latest, with the revision that it answers', async () => {
    publish(30);
    begin();
    await until('it is told', () => told.length === 1);
    for (const n of [1, 2, 3]) client.report(nodeObserved({ bootID: `boot-${n}` }));
    await until('the latest', () => heard()?.['bootID'] === 'boot-3');
    const document = shop.exchange.observed(agent.id);
    expect(document?.revision).toBe(shop.exchange.desired(agent.id)?.revision);
    expect(document?.kind).toBe('NodeObserved');
  });

  test('tells an equal body once, and again from time to time', async () => {
    begin({ repeatMs: 100 });
    client.report(nodeObserved());
    await until('it is known', () => heard() !== undefined);
    shop.exchange.publish({ agent: agent.id, kind: '', body: undefined });
    expect(heard()).toBeUndefined();
    client.report(nodeObserved());
    await until('it is told again', () => heard() !== undefined);
  });

  test('another leader hears everything, though nothing has changed, and tells the same without disturbing the agent', async () => {
    publish(30);
    begin();
    client.report(nodeObserved());
    await until('both are known', () => told.length === 1 && heard() !== undefined);
    await shop.restart();
    expect(heard()).toBeUndefined();
    publish(30);
    await until('the new leader knows', () => heard() !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(told).toHaveLength(1);
  });

  test('while the gateway is away the agent keeps what it was told; it comes back by itself, and says so once', async () => {
    publish(30);
    begin();
    client.report(nodeObserved());
    await until('it is told', () => told.length === 1);
    await shop.gateway.stop();
    await until('it notices', () => lines.some((line) => line.includes('of no use')));
    client.report(nodeObserved({ bootID: 'boot-2' }));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await shop.restart();
    await until('the latest is known', () => heard()?.['bootID'] === 'boot-2');
    expect(told).toHaveLength(1);
    await until('it says so', () => lines.some((line) => line.includes('The gateway answers again')));
    const words = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(words.filter((word) => word === 'The gateway is of no use').length).toBeLessThan(8);
  });

  test('a token that the kubelet renewed is used from the next call on', async () => {
    begin({ waitMs: 100 });
    await until('it is known', () => shop.tokens.reviews > 0);
    const old = agent.token;
    agent.token = shop.tokens.issue({
      namespace: agent.pod.metadata.namespace!,
      node: 'node-1',
      pod: { name: agent.pod.metadata.name, uid: agent.pod.metadata.uid },
    });
    shop.file('token', `${agent.token}\n`);
    shop.tokens.revoke(old);
    client.report(nodeObserved());
    await until('it is heard', () => heard() !== undefined);
    expect(shop.tokens.reviews).toBe(2);
  });

  test('a gateway that another CA vouches for is not spoken to; when the file has the right one, it is', async () => {
    const right = shop.ca.caBundle()!;
    begin();
    await client.stop();
    shop.tokens.reviews = 0;
    begin();
    writeFileSync(caFile(), makeAuthority({ notBefore: 0, notAfter: Date.now() + 1e9 }).certificate);
    client.report(nodeObserved());
    await until('it refuses', () => lines.some((line) => /unable to verify|self-signed/.test(line)));
    writeFileSync(caFile(), right);
    await until('it is heard', () => heard() !== undefined);
  });

  test.each(['the token', 'the CA'])('%s is not there yet: it is waited for', async (what) => {
    begin();
    const file = what === 'the CA' ? caFile() : `${shop.directory}/token`;
    const content = what === 'the CA' ? shop.ca.caBundle()! : agent.token;
    await client.stop();
    begin();
    rmSync(file);
    client.report(nodeObserved());
    await until('it misses it', () => lines.some((line) => line.includes('ENOENT')));
    writeFileSync(file, content);
    await until('it is heard', () => heard() !== undefined);
  });

  test('what the agent throws at what it is told is logged, and the next is told all the same', async () => {
    begin({}, (body) => {
      told.push(body);
      if (told.length === 1) throw new Error('it fell');
    });
    publish(30);
    await until('the first', () => told.length === 1);
    publish(60);
    await until('the second', () => told.length === 2);
    expect(lines.join('\n')).toContain('it fell');
  });

  test('what the gateway refuses is logged with its sentence, and does not keep the agent from hearing', async () => {
    begin();
    client.report({ bootID: 5 });
    await until('it is refused', () =>
      lines.some((line) => line.includes('bootID is not a line of at most 64 characters')),
    );
    publish(30);
    await until('it is told', () => told.length === 1);
    client.report(nodeObserved());
    await until('it is heard', () => heard() !== undefined);
  });

  test('stops while it waits, and leaves no connection', async () => {
    begin({ waitMs: 50_000 });
    await until('it waits', () => shop.tokens.reviews === 1);
    await client.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await shop.metrics.text()).toContain('weka_operator_gateway_agents 0');
  });

  test('the token is in no line of its log', async () => {
    begin();
    shop.picture.drop(agent.pod);
    await until('it is refused', () => lines.some((line) => line.includes('is not known')));
    expect(lines.join('\n')).not.toContain(agent.token.split('.')[2]);
  });
});

describe('an agent’s client, at a gateway that misbehaves', () => {
  const authority = makeOpensslAuthority('misbehaving');
  let server: FakeApiServer;
  let client: GatewayClient;
  const told: JsonObject[] = [];
  beforeEach(async () => (server = await FakeApiServer.start(authority)));
  afterEach(async () => {
    await client.stop();
    await server.stop();
  });
  afterAll(() => authority.remove());
  const begin = (): void => {
    client = new GatewayClient({
      url: server.url,
      tokenFile: server.file('token', 'a.b.c'),
      caFile: authority.caFile,
      desiredKind: 'NodeDesired',
      observedKind: 'NodeObserved',
      onDesired: (body) => told.push(body),
      log: createLog({}, { write: () => undefined }),
      times: { ...QUICK, pauseMs: 50, capMs: 100 },
    });
  };
  const document = { schema: 1, kind: 'NodeDesired', revision: 'r', body: {} };

  test.each<[string, Behaviour]>([
    ['answers at once with nothing', (_request, response) => void response.writeHead(204).end()],
    ['answers at once that nothing has changed', (_request, response) => void response.writeHead(304).end()],
    ['gives the same document again and again', json(document)],
    ['gives no JSON', (_request, response) => void response.writeHead(200).end('<html>')],
    ['gives a document of another kind', json({ ...document, kind: 'DistDesired' })],
    ['gives a newer schema', json({ ...document, schema: 2 })],
    [
      'breaks off',
      (_request, response) =>
        void response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy()),
    ],
    ['resets connections', (_request, response) => void response.socket?.destroy()],
    ['fails', (_request, response) => void response.writeHead(500).end('no')],
    ['sends nine megabytes', (_request, response) => void response.writeHead(200).end('a'.repeat(9 * 1024 * 1024))],
  ])('that %s is not asked in a tight loop', async (_what, behaviour) => {
    server.answers(behaviour);
    begin();
    const began = performance.now();
    await until('it asks again', () => server.received.length > 3);
    // Between two questions lies a pause of at least 25 ms; the client may be slower, never faster.
    expect(server.received.length).toBeLessThan(3 + (performance.now() - began) / 25);
  });

  test('a body is told once, however often it is sent', () => {
    expect(told).toEqual([{}]);
  });
});

describe('what an answer means', () => {
  const answer = (status: number, body = '', headers: IncomingHttpHeaders = {}) =>
    readAnswer({ status, headers, body }, 'NodeDesired');

  test.each([
    [204, 'fine'],
    [304, 'fine'],
    [200, 'later'],
    [301, 'later'],
    [401, 'later'],
    [503, 'later'],
  ])('%d without a body: %s', (status, kind) => {
    expect(answer(status).kind).toBe(kind);
  });

  test.each([
    ['2', 2_000],
    ['3600', 60_000],
    ['-1', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('Retry-After: %s means %s ms', (given, afterMs) => {
    expect(answer(503, '', given === undefined ? {} : { 'retry-after': given })).toMatchObject({
      kind: 'later',
      afterMs,
    });
  });
});
