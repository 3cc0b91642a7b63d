import type { RequestListener } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { download } from '../../../agents/shared/download';
import type { HttpClient } from '../../../agents/shared/http-client';
import { createHttpClient } from '../../../agents/shared/http-client';
import { cuttingServer, goodServer, serveOn, sha256 } from './misbehaving-server';
import type { TestServer } from './misbehaving-server';

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251));
let clients: HttpClient[] = [];
let servers: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(servers.map((server) => server.close()));
  [clients, servers] = [[], []];
});

const client = (...[options]: Parameters<typeof createHttpClient>): HttpClient => {
  const made = createHttpClient(options);
  clients.push(made);
  return made;
};
const serve = async (...args: Parameters<typeof serveOn>): Promise<TestServer> => {
  const server = await serveOn(...args);
  servers.push(server);
  return server;
};

interface Fetched {
  readonly bytes: Buffer;
  readonly error?: unknown;
}
const fetched = async (
  url: string,
  more: Partial<Parameters<typeof download>[2]> & { limitBytes?: number; sha256?: string } = {},
): Promise<Fetched> => {
  const chunks: Buffer[] = [];
  const { limitBytes = 1_000_000, sha256: digest = sha256(CONTENT), ...options } = more;
  const sink = { write: async (chunk: Buffer) => void chunks.push(Buffer.from(chunk)) };
  const result = download({ url, sha256: digest, limitBytes }, sink, {
    client: more.client ?? client(),
    backoffMs: () => 1,
    ...options,
  });
  const error: unknown = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { bytes: Buffer.concat(chunks), error };
};

test('a package arrives whole', async () => {
  const server = await serve(goodServer(CONTENT));
  const { bytes, error } = await fetched(`${server.url}/p.tar.gz`);
  expect(error).toBeUndefined();
  expect(bytes.equals(CONTENT)).toBe(true);
});

test('after a cut it goes on where it ended, with If-Range', async () => {
  const server = await serve(cuttingServer(CONTENT, 80_000));
  const { bytes, error } = await fetched(server.url);
  expect(error).toBeUndefined();
  expect(bytes.equals(CONTENT)).toBe(true);
  const starts = server.requests.map(({ headers }) => Number(/=(\d+)-/.exec(headers.range ?? '=0-')?.[1]));
  expect(starts.length).toBeGreaterThan(2);
  expect([...starts].sort((a, b) => a - b)).toEqual(starts);
});

test('a server that gives no parts is read from the start again, each byte kept once', async () => {
  let asked = 0;
  const cut = cuttingServer(CONTENT, 200_000, false);
  const server = await serve((request, response) => {
    delete request.headers.range;
    (asked++ === 0 ? cut : goodServer(CONTENT))(request, response);
  });
  const { bytes, error } = await fetched(server.url);
  expect(error).toBeUndefined();
  expect(bytes.equals(CONTENT)).toBe(true);
});

test('bytes that changed between two attempts are never mixed', async () => {
  const other = Buffer.alloc(CONTENT.length, 1);
  let asked = 0;
  const server = await serve((request, response) =>
    (asked++ === 0 ? cuttingServer(other, 100_000) : goodServer(CONTENT))(request, response),
  );
  expect((await fetched(server.url)).error).toMatchObject({ code: 'DigestMismatch' });
});

const answer =
  (status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

const failures: Record<string, { handle: RequestListener; code: string; text: RegExp; asked?: number }> = {
  'not found': { handle: answer(404), code: 'PackageGone', text: /does not have \/p any more \(HTTP 404\)/, asked: 1 },
  'not authorized': { handle: answer(401), code: 'RegistryRefused', text: /HTTP 401/, asked: 1 },
  forbidden: { handle: answer(403), code: 'RegistryRefused', text: /HTTP 403/, asked: 1 },
  'a server error is asked again': { handle: answer(500), code: 'RegistryFailed', text: /HTTP 500/, asked: 3 },
  'too many requests': { handle: answer(429), code: 'RegistryFailed', text: /HTTP 429/, asked: 3 },
  'an odd status': { handle: answer(418), code: 'RegistryAnswerInvalid', text: /HTTP 418/, asked: 1 },
  'a redirect loop': {
    handle: answer(302, { location: '/again' }),
    code: 'RegistryAnswerInvalid',
    text: /redirects more than 3 times/,
    asked: 4,
  },
  'a redirect to nowhere': {
    handle: answer(302, { location: 'gopher://x' }),
    code: 'RegistryAnswerInvalid',
    text: /redirects to nowhere/,
    asked: 1,
  },
  'a web page': {
    handle: answer(200, { 'content-type': 'text/html; charset=utf-8' }, '<h1>Log in</h1>'),
    code: 'RegistryAnswerInvalid',
    text: /it is a web page/,
    asked: 1,
  },
  'wrong bytes': { handle: answer(200, {}, Buffer.alloc(9)), code: 'DigestMismatch', text: /has SHA-256/, asked: 1 },
  'nothing at all': { handle: answer(200), code: 'DigestMismatch', text: /has SHA-256/, asked: 1 },
  'a length beyond the limit': {
    handle: answer(200, { 'content-length': '2000000' }, Buffer.alloc(2_000_000)),
    code: 'PackageTooLarge',
    text: /larger than 1000000 bytes/,
    asked: 1,
  },
  'an endless body': {
    handle: (_, response) => {
      const more = (): void => void (response.destroyed || response.write(Buffer.alloc(65_536), more));
      more();
    },
    code: 'PackageTooLarge',
    text: /larger than 1000000 bytes/,
    asked: 1,
  },
  'a body that is cut each time': {
    handle: cuttingServer(CONTENT, 1),
    code: 'PackageTruncated',
    text: /ended \/p before its last byte/,
    asked: 3,
  },
  'a part that was not asked for': {
    handle: answer(206, { 'content-range': 'bytes 5-9/10' }, 'abcde'),
    code: 'RegistryAnswerInvalid',
    text: /HTTP 206/,
    asked: 1,
  },
  'silence before the answer': {
    handle: () => undefined,
    code: 'RegistryUnreachable',
    text: /nothing was heard for 0.1 s/,
  },
  'silence in the middle': {
    handle: (_, response) => void response.writeHead(200, { 'content-length': 9 }).write('abc'),
    code: 'PackageTruncated',
    text: /before its last byte/,
  },
};

test.each(Object.entries(failures))('%s', async (_, { handle, code, text, asked }) => {
  const server = await serve(handle);
  const { error } = await fetched(`${server.url}/p?signature=secret`, { attempts: 3, idleMs: 100 });
  expect(error).toMatchObject({ code, message: expect.stringMatching(text) });
  expect((error as Error).message).not.toContain('secret');
  if (asked !== undefined) expect(server.requests).toHaveLength(asked);
});

test('nobody listens; a name that nobody knows', async () => {
  const server = await serveOn(goodServer(CONTENT));
  await server.close();
  const gone = await fetched(server.url, { attempts: 2 });
  expect(gone.error).toMatchObject({
    code: 'RegistryUnreachable',
    message: `127.0.0.1:${server.port} does not answer: the connection is refused.`,
  });
  const unknown = await fetched('https://registry.invalid/p', { attempts: 1 });
  expect(unknown.error).toMatchObject({ code: 'RegistryUnreachable' });
});

test('a full disk ends it, with the error of the disk', async () => {
  const server = await serve(goodServer(CONTENT));
  const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  const sink = { write: () => Promise.reject(full) };
  const wanted = { url: server.url, sha256: sha256(CONTENT), limitBytes: 1_000_000 };
  await expect(download(wanted, sink, { client: client() })).rejects.toBe(full);
});

test.each([
  ['waits for an answer', () => undefined],
  ['waits before the next attempt', answer(500)],
])('it can be ended from outside while it %s', async (_, handle) => {
  const server = await serve(handle);
  const controller = new AbortController();
  const running = fetched(server.url, { signal: controller.signal, backoffMs: () => 60_000 });
  setTimeout(() => controller.abort(new Error('enough')), 50);
  expect((await running).error).toMatchObject({ message: 'enough' });
});

describe('a proxy', () => {
  /** Tunnels every CONNECT to `port` of loopback, whatever the name. */
  const proxyTo = async (port: number, status = 200): Promise<{ url: string; asked: string[]; auth: string[] }> => {
    const asked: string[] = [];
    const auth: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      auth.push(request.headers['proxy-authorization'] ?? '');
      if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      const through = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        through.pipe(socket).pipe(through);
      });
      socket.on('error', () => through.destroy());
      through.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    servers.push({
      close: () =>
        new Promise((resolve) => {
          proxy.close(() => resolve());
          proxy.closeAllConnections();
        }),
    });
    return { url: `http://me:secret@127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked, auth };
  };

  test('reaches what this machine cannot name, and is told who asks', async () => {
    const server = await serve(goodServer(CONTENT));
    const proxy = await proxyTo(server.port);
    const { bytes, error } = await fetched('http://registry.invalid/p', {
      client: client({ proxy: { url: proxy.url, noProxy: [] } }),
    });
    expect(error).toBeUndefined();
    expect(bytes.equals(CONTENT)).toBe(true);
    expect(proxy.asked).toEqual(['registry.invalid:80']);
    expect(proxy.auth).toEqual([`Basic ${Buffer.from('me:secret').toString('base64')}`]);
  });

  test('is left out for what NO_PROXY names', async () => {
    const server = await serve(goodServer(CONTENT));
    const proxy = await proxyTo(server.port);
    const through = client({ proxy: { url: proxy.url, noProxy: ['.example'] } });
    expect((await fetched(`http://registry.invalid.example/p`, { client: through, attempts: 1 })).error).toMatchObject({
      code: 'RegistryUnreachable',
    });
    expect((await fetched(server.url, { client: through })).error).toBeUndefined();
    expect(proxy.asked).toEqual([]);
  });

  test('that refuses is named, its password is not', async () => {
    const proxy = await proxyTo(1, 407);
    const through = client({ proxy: { url: proxy.url, noProxy: [] } });
    const { error } = await fetched('https://registry.invalid/p', { client: through, attempts: 1 });
    expect(error).toMatchObject({
      code: 'RegistryUnreachable',
      message: expect.stringContaining('the proxy answers 407'),
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('secret');
  });

  test('that accepts and says nothing is given up', async () => {
    const silent = createTcpServer((socket) => void socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const patience = { connectMs: 1000, idleMs: 1000 };
    const through = createHttpClient({ proxy: { url, noProxy: [] }, patience });
    const { error } = await fetched('https://registry.invalid/p', { client: through, attempts: 1, idleMs: 100 });
    expect(error).toMatchObject({ code: 'RegistryUnreachable' });
    await through.close();
    await new Promise<void>((resolve) => silent.close(() => resolve()));
  });
});
