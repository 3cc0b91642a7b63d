import { connect as connectTcp } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import type { JsonObject } from '../../lib/base/json';
import { makeAuthority } from '../../controllers/certificates/x509';
import type { GatewayAnswer } from './workshop';
import { NAMESPACE, nodeObserved, until, Workshop } from './workshop';

const said = ({ status, body }: GatewayAnswer): string => `${status} ${body}`.trim();

describe('the gateway', () => {
  let shop: Workshop;
  beforeEach(async () => {
    shop = new Workshop();
    await shop.start();
  });
  afterEach(() => shop.stop());

  describe('is trusted by the installation CA alone', () => {
    test.each([
      'weka-operator-gateway',
      `weka-operator-gateway.${NAMESPACE}.svc`,
      `weka-operator-gateway.${NAMESPACE}.svc.cluster.local`,
      'localhost',
    ])('under the name %s', async (servername) => {
      expect((await shop.call('GET', '/', { servername, agent: false })).status).toBe(404);
    });

    test.each([
      ['another name', { servername: 'weka-operator-gateway.other.svc' }, /does not match certificate's altnames/],
      [
        'another CA',
        { ca: makeAuthority({ notBefore: 0, notAfter: Date.now() + 1e9 }).certificate },
        /unable to verify|self-signed/,
      ],
      [
        'an old TLS',
        { maxVersion: 'TLSv1.1' as const, minVersion: 'TLSv1' as const },
        /protocol version|unsupported protocol|no protocols available/i,
      ],
    ])('not under %s', async (_what, options, why) => {
      await expect(shop.call('GET', '/', { ...options, agent: false })).rejects.toThrow(why);
    });
  });

  describe('who calls', () => {
    test.each<[string, () => string | undefined, RegExp]>([
      ['no token', () => undefined, /^401 a bearer token is needed/],
      ['something else', () => 'open sesame', /^401 a bearer token is needed/],
      [
        'a token that was never issued',
        () => `${shop.container().token.split('.').slice(0, 2).join('.')}.Zm9yZ2Vk`,
        /^401 the token is not valid/,
      ],
      [
        'one for the API server',
        () => shop.tokens.issue({ audiences: ['https://kubernetes.default.svc'] }),
        /^401 the token is not valid/,
      ],
      ['one that has expired', () => shop.tokens.issue({ lifetime: -1 }), /^401 the token is not valid/],
      ['one that is bound to no Pod', () => shop.tokens.issue({}), /^401 the token is not bound to a Pod/],
      [
        'one of a Pod that nobody knows',
        () => shop.tokens.issue({ pod: { name: 'a', uid: 'b' } }),
        /^403 Pod storage\/a is not known/,
      ],
      [
        'one of an earlier Pod of that name',
        () => shop.tokens.issue({ pod: { name: shop.container().pod.metadata.name, uid: 'old' } }),
        /^403 Pod storage\/container-1 is another one of that name/,
      ],
    ])('%s', async (_what, token, expected) => {
      const given = token();
      const answer = await shop.call('GET', '/v1/desired', given === undefined ? {} : { token: given });
      expect(said(answer)).toMatch(expected);
      expect(answer.headers.connection).toBe('close');
    });

    test('a Pod that somebody else made, with a token of the right audience, is nobody', async () => {
      const { pod } = shop.container();
      shop.picture.put({ ...pod, metadata: { ...pod.metadata, name: 'mine', uid: 'mine' } });
      const token = shop.tokens.issue({ pod: { name: 'mine', uid: 'mine' } });
      expect(said(await shop.call('GET', '/v1/desired', { token }))).toBe('403 Pod storage/mine runs no agent');
    });

    test('a token that was good is refused as soon as its Pod has gone, though its review still counts', async () => {
      const agent = shop.container();
      expect((await shop.ask(agent)).status).toBe(204);
      shop.picture.drop(agent.pod);
      expect(said(await shop.ask(agent))).toBe('403 Pod storage/container-1 is not known');
      expect(shop.tokens.reviews).toBe(1);
    });

    test('an agent can only speak for itself', async () => {
      const [one, two] = [shop.observer('node-1'), shop.observer('node-2')];
      await shop.tell(one, 'NodeObserved', nodeObserved({ node: 'node-2', agent: two.id }));
      expect(shop.exchange.reporters()).toEqual(['node/node-1']);
    });

    test('who guesses tokens is slowed down, and the API server is asked no more', async () => {
      const forged = (): string =>
        `${shop.tokens.issue({}).split('.').slice(0, 2).join('.')}.${Math.random()}`.replace('0.', '');
      const answers: number[] = [];
      for (let tries = 0; tries < 40; tries++)
        answers.push((await shop.call('GET', '/v1/desired', { token: forged() })).status);
      expect(new Set(answers.slice(0, 30))).toEqual(new Set([401]));
      expect(answers.at(-1)).toBe(429);
      expect(shop.tokens.reviews).toBeLessThan(35);
    });

    test('no token is ever logged', async () => {
      const agent = shop.container();
      await shop.ask(agent);
      const refused = shop.tokens.issue({});
      await shop.call('GET', '/v1/desired', { token: refused });
      expect(shop.lines.map(({ msg, fields }) => [msg, fields['reason']])).toContainEqual([
        'An agent was refused',
        'the token is not bound to a Pod',
      ]);
      expect(JSON.stringify(shop.lines)).not.toContain(refused.split('.')[2]);
    });
  });

  describe('what an agent is told', () => {
    test('nothing, while nobody has said anything', async () => {
      expect(said(await shop.ask(shop.container()))).toBe('204');
    });

    test('its document, and that it has it already', async () => {
      const agent = shop.container();
      shop.exchange.publish({ agent: agent.id, kind: 'DistDesired', body: { packages: [] } });
      const answer = await shop.ask(agent);
      expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
      const document = JSON.parse(answer.body) as JsonObject;
      expect(document).toMatchObject({ schema: 1, kind: 'DistDesired', body: { packages: [] } });
      expect(answer.headers.etag).toBe(`"${document['revision'] as string}"`);
      expect(said(await shop.ask(agent, 0, answer.headers.etag))).toBe('304');
    });

    test('what others are told is none of its business', async () => {
      const [one, two] = [shop.container(), shop.container()];
      shop.exchange.publish({ agent: two.id, kind: 'DistDesired', body: { permitKeys: ['secret'] } });
      expect((await shop.ask(one)).status).toBe(204);
    });

    test('as soon as it is said: a question that waits is answered at once, that of others is not', async () => {
      const [one, two] = [shop.container(), shop.container()];
      let early = false;
      const [waiting, other] = [shop.ask(one, 50), shop.ask(two, 1)];
      void other.then(() => (early = true));
      await until('both wait', () => shop.exchange.desired(one.id) === undefined && shop.tokens.reviews === 2);
      await new Promise((resolve) => setTimeout(resolve, 50));
      shop.exchange.publish({ agent: one.id, kind: 'DistDesired', body: { packages: [] } });
      expect((await waiting).status).toBe(200);
      expect(early).toBe(false);
      expect((await other).status).toBe(204);
    });

    test('a question that waits is answered when its time is up, with what it has', async () => {
      const agent = shop.container();
      shop.exchange.publish({ agent: agent.id, kind: 'DistDesired', body: {} });
      const { etag } = (await shop.ask(agent)).headers;
      expect(said(await shop.ask(agent, 1, etag))).toBe('304');
    });

    test('nothing any more when its Pod goes while it waits: not even what is published then', async () => {
      const agent = shop.container();
      const waiting = shop.ask(agent, 50);
      await until('it waits', () => shop.tokens.reviews === 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      shop.picture.drop(agent.pod);
      shop.exchange.publish({ agent: agent.id, kind: 'DistDesired', body: { permitKeys: ['secret'] } });
      expect(said(await waiting)).toBe('403 Pod storage/container-1 is not known');
    });

    test('a second question of the same agent ends the first: it holds one connection, not many', async () => {
      const agent = shop.container();
      const first = shop.ask(agent, 50);
      await until('it waits', () => shop.tokens.reviews === 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const second = shop.ask(agent, 1);
      expect((await first).status).toBe(204);
      expect((await second).status).toBe(204);
    });

    test.each(['soon', '-1', '1e3', '1.5', '99999999'])('wait=%s is refused', async (wait) => {
      const { token } = shop.container();
      const answer = await shop.call('GET', `/v1/desired?wait=${wait}`, { token });
      expect(said(answer)).toBe('400 wait is not a number of seconds');
    });
  });

  describe('what an agent tells', () => {
    test('is what the operator then knows of it', async () => {
      const agent = shop.observer('node-1');
      expect(said(await shop.tell(agent, 'NodeObserved', nodeObserved(), { revision: 'r1' }))).toBe('204');
      expect(shop.exchange.observed('node/node-1')).toMatchObject({ revision: 'r1', body: { bootID: 'boot-1' } });
    });

    test('wakes who listens, once for the same body', async () => {
      const agent = shop.observer('node-1');
      const woken: string[] = [];
      shop.exchange.onObserved((id) => woken.push(id));
      await shop.tell(agent, 'NodeObserved', nodeObserved());
      await shop.tell(agent, 'NodeObserved', nodeObserved());
      expect(woken).toEqual(['node/node-1']);
    });

    test.each<[string, string, JsonObject, JsonObject, string]>([
      ['another agent’s kind', 'DistObserved', {}, {}, '400 expected NodeObserved, got "DistObserved"'],
      [
        'a newer schema',
        'NodeObserved',
        nodeObserved(),
        { schema: 2 },
        '400 schema 2 is newer than 1: upgrade the older side',
      ],
      [
        'an older schema',
        'NodeObserved',
        nodeObserved(),
        { schema: 0 },
        '400 schema 0 is not supported any more: upgrade the other side',
      ],
      ['no revision', 'NodeObserved', nodeObserved(), { revision: null }, '400 revision or body is missing'],
      [
        'a wrong field',
        'NodeObserved',
        nodeObserved({ mounts: 'none' }),
        {},
        '400 mounts is not a list of at most 20 items',
      ],
    ])('%s is refused with a sentence, and nothing is kept', async (_what, kind, body, more, expected) => {
      const agent = shop.observer('node-1');
      expect(said(await shop.tell(agent, kind, body, more))).toBe(expected);
      expect(shop.exchange.reporters()).toEqual([]);
    });

    test('a field that a newer agent tells is ignored', async () => {
      const agent = shop.observer('node-1');
      expect((await shop.tell(agent, 'NodeObserved', nodeObserved({ newer: { a: 1 } }), { newer: true })).status).toBe(
        204,
      );
    });

    const put = (body: string, headers: Record<string, string> = {}): Promise<GatewayAnswer> =>
      shop.call('PUT', '/v1/observed', { token: shop.observer('node-1').token, body, headers });

    test.each<[string, string]>([
      ['nothing', ''],
      ['half a document', '{"schema":1,"kind":"NodeObs'],
      ['a list', '[]'],
      ['brackets a hundred thousand deep', '['.repeat(100_000)],
      [
        'a document a hundred thousand deep',
        `{"schema":1,"kind":"NodeObserved","revision":"","body":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
      ],
      ['bytes', '\u0000\u0001\uffff'],
    ])('%s: 400, and the gateway goes on', async (_what, body) => {
      expect(said(await put(body))).toBe('400 the document is not a JSON object');
      expect((await put('{}')).status).toBe(400);
    });

    test('more than 256 KiB is refused before it is read, or as soon as that is seen', async () => {
      const long = 'a'.repeat(256 * 1024 + 1);
      expect(said(await put(long, { 'content-length': String(long.length) }))).toBe('413 the document is too long');
      const chunked = await put(long, { 'transfer-encoding': 'chunked' });
      expect(said(chunked)).toBe('413 the document is too long');
    });

    test('a gigabyte that is announced is not waited for', async () => {
      const answer = shop.call('PUT', '/v1/observed', {
        token: shop.observer('node-1').token,
        headers: { 'content-length': '1000000000' },
      });
      expect((await answer).status).toBe(413);
    });
  });

  test('other paths and methods', async () => {
    const { token } = shop.container();
    for (const [method, path] of [
      ['GET', '/'],
      ['POST', '/v1/observed'],
      ['GET', '/v1/observed'],
      ['GET', '//x/v1/desired'],
      ['GET', '/v1/desired/../../etc'],
    ] as const)
      expect((await shop.call(method, path, { token })).status).toBe(404);
  });

  test('an agent that asks in a tight loop is slowed down, another one is not', async () => {
    const [loud, quiet] = [shop.container(), shop.container()];
    const answers: number[] = [];
    for (let times = 0; times < 30; times++) answers.push((await shop.ask(loud)).status);
    expect(answers.slice(0, 20)).toEqual(Array(20).fill(204));
    expect(answers.at(-1)).toBe(429);
    expect((await shop.ask(quiet)).status).toBe(204);
  });

  test('while the API server is away: 503 with Retry-After; those whose review still counts are served', async () => {
    const [known, other] = [shop.container(), shop.container()];
    await shop.ask(known);
    shop.tokens.away = true;
    expect((await shop.ask(known)).status).toBe(204);
    const answer = await shop.ask(other);
    expect(said(answer)).toBe('503 the API server can not be asked about the token');
    expect(answer.headers['retry-after']).toBe('2');
    shop.tokens.away = false;
    expect((await shop.ask(other)).status).toBe(204);
  });

  test('leadership is lost: who waits is sent away at once, and so is everybody from then on', async () => {
    const [one, two] = [shop.container(), shop.container()];
    const waiting = [shop.ask(one, 50), shop.ask(two, 50)];
    await until('both wait', () => shop.tokens.reviews === 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    shop.depose();
    for (const answer of [...(await Promise.all(waiting)), await shop.ask(one)]) {
      expect(said(answer)).toBe('503 another replica of the operator leads');
      expect(answer.headers).toMatchObject({ 'retry-after': '2', connection: 'close' });
    }
    await shop.lead();
    expect((await shop.ask(one)).status).toBe(204);
  });

  test('it stops at once: connections that wait are answered, idle ones closed', async () => {
    const waiting = shop.ask(shop.container(), 50);
    await until('it waits', () => shop.tokens.reviews === 1);
    await shop.ask(shop.container());
    await shop.gateway.stop();
    expect((await waiting).status).toBe(503);
    await expect(shop.ask(shop.container())).rejects.toThrow(/ECONNREFUSED|ECONNRESET|socket hang up/);
    await shop.listen();
  });

  test('requests are counted by their code, agents that wait while they do', async () => {
    const waiting = shop.ask(shop.container(), 50);
    await until('it waits', () => shop.tokens.reviews === 1);
    await shop.call('GET', '/v1/desired', {});
    await until('it is counted', () => shop.lines.length > 0);
    const text = await shop.metrics.text();
    expect(text).toContain('weka_operator_gateway_agents 1');
    expect(text).toContain('weka_operator_gateway_requests_total{code="401"} 1');
    shop.depose();
    await waiting;
    expect(await shop.metrics.text()).toContain('weka_operator_gateway_agents 0');
  });
});

describe('a gateway that stands by', () => {
  const shop = new Workshop();
  afterAll(() => shop.stop());

  test('has no certificate before there is a CA: the handshake fails, nothing else does', async () => {
    await shop.listen();
    await expect(shop.call('GET', '/v1/desired', { agent: false })).rejects.toThrow(/handshake|ECONNRESET|hang up/);
  });

  test('sends agents to another replica, with a new connection, and asks nobody about their tokens', async () => {
    const stop = new AbortController();
    await shop.ca.lead(undefined, stop.signal);
    const answer = await shop.ask(shop.container());
    expect(said(answer)).toBe('503 another replica of the operator leads');
    expect(answer.headers).toMatchObject({ 'retry-after': '2', connection: 'close' });
    expect(answer.headers['weka-leader']).toBeUndefined();
    expect(shop.tokens.reviews).toBe(0);
    stop.abort(new Error('over'));
  });
});

describe('whoever is slow, or sends something else', () => {
  const limits = {
    handshakeTimeout: 300,
    headersTimeout: 300,
    requestTimeout: 600,
    keepAliveTimeout: 300,
    connectionsCheckingInterval: 100,
  };
  let shop: Workshop;
  beforeAll(async () => {
    shop = new Workshop({ limits });
    await shop.start();
  });
  afterAll(() => shop.stop());

  const secure = (): TLSSocket => connectTls({ port: shop.port, host: '127.0.0.1', ca: shop.ca.caBundle() });
  /** Everything that the other end says until it closes the connection. */
  const ending = (socket: TLSSocket | ReturnType<typeof connectTcp>): Promise<string> =>
    new Promise((resolve) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('error', () => undefined);
      socket.once('close', () => resolve(text.split('\r\n')[0] ?? ''));
    });
  /** A caller in good order is served meanwhile. */
  const othersAreServed = async (): Promise<void> => {
    expect((await shop.ask(shop.container())).status).toBe(204);
  };

  test('a connection that never begins its handshake is closed', async () => {
    const closed = ending(connectTcp(shop.port, '127.0.0.1'));
    await othersAreServed();
    expect(await closed).toBe('');
  });

  test('plain HTTP, and bytes that are nothing, are cut off in the handshake', async () => {
    for (const bytes of ['GET /v1/desired HTTP/1.1\r\n\r\n', Buffer.alloc(5_000, 0x16)]) {
      const socket = connectTcp(shop.port, '127.0.0.1');
      socket.write(bytes);
      await ending(socket);
      await othersAreServed();
    }
  });

  test('bytes that are no HTTP are answered once and cut off', async () => {
    const socket = secure();
    socket.write(Buffer.from([0, 1, 2, 3, 255, 254]));
    expect(await ending(socket)).toBe('HTTP/1.1 400 Bad Request');
    await othersAreServed();
  });

  test('headers that drip byte by byte are cut off', async () => {
    const socket = secure();
    const closed = ending(socket);
    const drip = setInterval(() => socket.write('X'), 50);
    socket.write('GET /v1/desired HTTP/1.1\r\n');
    await othersAreServed();
    expect(await closed).toBe('HTTP/1.1 408 Request Timeout');
    clearInterval(drip);
  });

  test('a body that drips byte by byte is cut off', async () => {
    const socket = secure();
    const closed = ending(socket);
    socket.write(
      `PUT /v1/observed HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${shop.observer('node-1').token}\r\ncontent-length: 100000\r\n\r\n`,
    );
    const drip = setInterval(() => socket.write('X'), 50);
    await othersAreServed();
    expect(await closed).toBe('HTTP/1.1 408 Request Timeout');
    clearInterval(drip);
    expect(shop.exchange.reporters()).toEqual([]);
  });

  test('headers of twenty kilobytes are refused', async () => {
    const socket = secure();
    socket.write(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(await ending(socket)).toBe('HTTP/1.1 431 Request Header Fields Too Large');
    await othersAreServed();
  });

  test('a hundred that hang up in the middle of everything leave nothing behind', async () => {
    for (let times = 0; times < 100; times++) {
      const socket = secure();
      socket.on('error', () => undefined);
      socket.write(
        `GET /v1/desired?wait=50 HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${shop.container().token}\r\n\r\n`,
      );
      setTimeout(() => socket.destroy(), (times % 10) * 10);
    }
    await until('all are waiting or gone', () => shop.tokens.reviews > 0);
    await othersAreServed();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await shop.metrics.text()).toContain('weka_operator_gateway_agents 0');
    expect(shop.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
