import { rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import type { TestServer } from '../shared/misbehaving-server';
import { cuttingServer, goodServer, serveOn } from '../shared/misbehaving-server';
import { issue } from '../../cluster/certificates';
import { createAuthority } from '../../cluster/certificates';
import { aPackage } from './packages';
import type { TestPackage } from './packages';
import { TestDist, wanted } from './test-dist';

// Real sockets and TLS handshakes, on a machine that may be busy.
jest.setTimeout(60_000);

let dist: TestDist;
let servers: TestServer[] = [];
beforeEach(async () => {
  dist = await TestDist.start();
});
afterEach(async () => {
  await dist.stop();
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

const serve = async (...args: Parameters<typeof serveOn>): Promise<TestServer> => {
  const server = await serveOn(...args);
  servers.push(server);
  return server;
};
const mirrored = (content: TestPackage, { url }: TestServer): ReturnType<typeof wanted> =>
  wanted(content, { mirror: { url: `${url}/registry/${content.id}`, sha256: content.sha256 } });

test('a package is fetched once, verified, and served', async () => {
  const content = await aPackage('6.1.0', 2_000_000);
  const registry = await serve(goodServer(content.bytes));
  dist.tell({ packages: [mirrored(content, registry)] });
  const held = await dist.untilHeld(content.id, 'stored');
  expect(held).toEqual({ id: content.id, state: 'stored', sha256: content.sha256, size: content.bytes.length });
  const downloads = await Promise.all(Array.from({ length: 20 }, () => dist.get(content.id)));
  expect(downloads.every(({ body }) => body.equals(content.bytes))).toBe(true);
  dist.tell({ packages: [mirrored(content, registry)] });
  await dist.restart();
  dist.tell({ packages: [mirrored(content, registry)] });
  await dist.untilHeld(content.id, 'stored');
  expect(registry.requests).toHaveLength(1);
});

test('however often it is asked for, a package is fetched by one task', async () => {
  const content = await aPackage('6.1.0', 300_000);
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const registry = await serve(
    (request, response) => void gate.then(() => goodServer(content.bytes)(request, response)),
  );
  for (let i = 0; i < 50; i++) dist.tell({ packages: [mirrored(content, registry)], limitBytes: 1e9 + i });
  expect(await dist.untilHeld(content.id, 'fetching')).toEqual({ id: content.id, state: 'fetching' });
  letGo();
  await dist.untilHeld(content.id, 'stored');
  expect(registry.requests).toHaveLength(1);
});

test('no more than two are fetched at once', async () => {
  const packages = await Promise.all(Array.from({ length: 8 }, (_, i) => aPackage(`6.1.${i}`, 10_000)));
  let [running, most] = [0, 0];
  const registry = await serve((request, response) => {
    most = Math.max(most, ++running);
    const content = packages.find(({ id }) => request.url?.endsWith(id));
    setTimeout(() => {
      running -= 1;
      goodServer(content?.bytes ?? Buffer.alloc(0))(request, response);
    }, 20);
  });
  dist.tell({ packages: packages.map((content) => mirrored(content, registry)) });
  await dist.until(
    ({ packages: held }) => (held.every(({ state }) => state === 'stored') && held.length === 8) || undefined,
  );
  expect(most).toBe(2);
});

const answer =
  (status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

const misbehaving: Record<string, readonly [make: (content: TestPackage) => RequestListener, code: string]> = {
  '404': [() => answer(404), 'PackageGone'],
  '401': [() => answer(401), 'RegistryRefused'],
  '500': [() => answer(500), 'RegistryFailed'],
  'a redirect loop': [() => answer(302, { location: '/again' }), 'RegistryAnswerInvalid'],
  'a web page': [() => answer(200, { 'content-type': 'text/html' }, '<html>'), 'RegistryAnswerInvalid'],
  'a truncated body': [({ bytes }) => cuttingServer(bytes, 7, false), 'PackageTruncated'],
  'other bytes': [({ bytes }) => goodServer(Buffer.concat([bytes.subarray(1), Buffer.from('x')])), 'DigestMismatch'],
  'a huge body': [() => answer(200, { 'content-length': String(1 << 30) }, 'x'), 'PackageTooLarge'],
};
test.each(Object.entries(misbehaving))(
  'a registry that gives %s: nothing is stored, the reason is told, and it is tried again until it is good',
  async (_, [make, code]) => {
    const content = await aPackage('6.1.0', 100_000);
    let good = false;
    const bad = make(content);
    const registry = await serve((request, response) => (good ? goodServer(content.bytes) : bad)(request, response));
    dist.tell({ packages: [mirrored(content, registry)] });
    const held = await dist.untilHeld(content.id, 'failed');
    expect(held.failure?.code).toBe(code);
    expect((await dist.get(content.id)).status).toBe(404);
    good = true;
    await dist.untilHeld(content.id, 'stored');
    expect((await dist.get(content.id)).body.equals(content.bytes)).toBe(true);
  },
);

test('a failure is reported once, however often it is tried again', async () => {
  const content = await aPackage('6.1.0');
  const registry = await serve(answer(404));
  dist.tell({ packages: [mirrored(content, registry)] });
  await dist.untilHeld(content.id, 'failed');
  const first = JSON.stringify(dist.observed);
  const seen = new Set<string>();
  const watching = dist.until((observed) => {
    seen.add(JSON.stringify(observed));
    return registry.requests.length > 8 ? true : undefined;
  });
  await watching;
  expect([...seen]).toEqual([first]);
});

test('right bytes that are another package are not stored', async () => {
  const [content, other] = [await aPackage('6.1.0'), await aPackage('5.15.0')];
  const registry = await serve(goodServer(other.bytes));
  const mirror = { url: `${registry.url}/x`, sha256: other.sha256 };
  dist.tell({ packages: [wanted(content, { mirror })] });
  const { failure } = await dist.untilHeld(content.id, 'failed');
  expect(failure).toMatchObject({ code: 'PackageManifestInvalid', parameters: { id: content.id } });
});

test('a package that somebody deletes is fetched again, and one that rots, too', async () => {
  const content = await aPackage('6.1.0', 1_200_000);
  const registry = await serve(goodServer(content.bytes));
  dist.tell({ packages: [mirrored(content, registry)] });
  await dist.untilHeld(content.id, 'stored');
  rmSync(join(dist.directory, `${content.id}.tar.gz`));
  await dist.eventually(() => registry.requests.length === 2);
  await dist.untilHeld(content.id, 'stored');
  writeFileSync(join(dist.directory, `${content.id}.tar.gz`), content.bytes.subarray(1));
  await dist.eventually(() => registry.requests.length === 3);
  await dist.untilHeld(content.id, 'stored');
  expect((await dist.get(content.id)).body.equals(content.bytes)).toBe(true);
});

test('what is not wanted any more is not fetched any more', async () => {
  const content = await aPackage('6.1.0');
  let asked = 0;
  const registry = await serve(() => {
    asked += 1;
  });
  dist.tell({ packages: [mirrored(content, registry)] });
  await dist.eventually(() => asked === 1);
  dist.tell({ packages: [] });
  await dist.until(({ packages }) => (packages.length === 0 ? true : undefined));
  const [request] = registry.requests;
  await dist.eventually(() => request?.socket.destroyed === true);
  expect(asked).toBe(1);
});

test('a registry of a private authority is trusted when the operator says so, and only then', async () => {
  const content = await aPackage('6.1.0');
  const company = createAuthority('company');
  const serving = issue(company, { commonName: 'company' }, { subject: { commonName: 'r' }, hosts: ['127.0.0.1'] });
  const registry = await serve(goodServer(content.bytes), { key: serving.key, cert: serving.certificate });
  dist.tell({ packages: [mirrored(content, registry)] });
  expect((await dist.untilHeld(content.id, 'failed')).failure?.code).toBe('RegistryUntrusted');
  dist.tell({ extraCA: company.certificate });
  await dist.untilHeld(content.id, 'stored');
});
