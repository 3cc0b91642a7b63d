import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { GRACE_MS } from '../../../agents/drivers-dist/decide';
import { ServingIdentity } from '../../../agents/drivers-dist/serving-identity';
import { packagePath } from '../../../lib/drivers/package';
import { aPackage } from './packages';
import { authority, sign, TestDist, wanted } from './test-dist';

// Real sockets and TLS handshakes, on a machine that may be busy.
jest.setTimeout(60_000);

let dist: TestDist | undefined;
afterEach(async () => {
  await dist?.stop();
  dist = undefined;
});

/** Serial number of the certificate that the service shows. */
const serial = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca: authority.certificate }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on('error', reject);
  });

describe('the certificate', () => {
  test('until it is there, nothing listens, and the service says what it waits for', async () => {
    dist = await TestDist.start({}, { signed: false });
    const { certificateRequest } = await dist.until((observed) => observed);
    expect(certificateRequest).toContain('BEGIN CERTIFICATE REQUEST');
    expect(dist.service.port).toBeUndefined();
    expect(dist.service.notReady()).toBe('the operator has not signed its certificate yet');
    await dist.signCertificate();
    expect((await dist.call('/readyz')).body.toString()).toBe('ready\n');
  });

  test('is renewed while connections go on', async () => {
    dist = await TestDist.start();
    const { port } = dist;
    const before = await serial(port);
    dist.tell({ certificate: sign(dist.observed?.certificateRequest ?? '') });
    await dist.eventually(async () => (await serial(port)) !== before);
    expect(dist.port).toBe(port);
    expect((await dist.call('/healthz')).status).toBe(200);
  });

  test('that belongs to another key is not taken', async () => {
    dist = await TestDist.start();
    const before = await serial(dist.port);
    const other = await ServingIdentity.open(mkdtempSync(join(dist.directory, 'other-')));
    dist.tell({ certificate: sign(other.request) });
    dist.tell({ certificate: 'nonsense' });
    await dist.call('/healthz');
    expect(await serial(dist.port)).toBe(before);
  });

  test('and its key are kept: after a restart the service serves with them, without the operator', async () => {
    dist = await TestDist.start();
    const content = await aPackage('6.1.0');
    dist.tell({ packages: [wanted(content)] });
    await dist.put(content);
    const [before, request] = [await serial(dist.port), dist.observed?.certificateRequest];
    await dist.restart();
    expect(await serial(dist.port)).toBe(before);
    expect((await dist.get(content.id)).body.equals(content.bytes)).toBe(true);
    expect((await dist.until((observed) => observed)).certificateRequest).toBe(request);
  });

  test('nobody else reads the key, and no report or log line has it', async () => {
    dist = await TestDist.start();
    const directory = join(dist.directory, 'identity');
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    const key = readFileSync(join(directory, 'identity.pem'), 'utf8').split('\n')[1] ?? '';
    expect(JSON.stringify([dist.observed, dist.lines])).not.toContain(key);
  });

  test('a key that was cut off is made anew', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'identity-'));
    const first = await ServingIdentity.open(directory);
    await first.accept(sign(first.request));
    writeFileSync(join(directory, 'identity.pem'), readFileSync(join(directory, 'identity.pem')).subarray(0, 100));
    const second = await ServingIdentity.open(directory);
    expect(second.request).not.toBe(first.request);
    expect(second.serving).toBeUndefined();
    rmSync(directory, { recursive: true });
  });
});

describe('what is not wanted any more', () => {
  test('stays for a day, then goes', async () => {
    let now = Date.now();
    dist = await TestDist.start({ now: () => now, recheckMs: 50 });
    const [kept, dropped] = [await aPackage('6.1.0'), await aPackage('6.2.0')];
    dist.tell({ packages: [wanted(kept), wanted(dropped)] });
    await Promise.all([dist.put(kept), dist.put(dropped)]);
    dist.tell({ packages: [wanted(kept)] });
    await dist.settled();
    now += GRACE_MS - 1;
    await dist.settled();
    expect((await dist.get(dropped.id)).status).toBe(200);
    now += 1;
    await dist.until(({ packages }) => (packages.length === 1 ? true : undefined));
    expect((await dist.get(dropped.id)).status).toBe(404);
    expect((await dist.get(kept.id)).status).toBe(200);
  });

  test('stays for ever while the operator says nothing', async () => {
    let now = Date.now();
    dist = await TestDist.start({ now: () => now, recheckMs: 20 });
    const content = await aPackage('6.1.0');
    dist.tell({ packages: [wanted(content)] });
    await dist.put(content);
    await dist.restart();
    now += 10 * GRACE_MS;
    await dist.settled();
    expect((await dist.get(content.id)).status).toBe(200);
  });
});

describe('room', () => {
  test('packages beyond the limit are refused, what is stored stays, and the report says it', async () => {
    dist = await TestDist.start();
    const [first, second] = [await aPackage('6.1.0', 100_000), await aPackage('6.2.0', 100_000)];
    dist.tell({ packages: [wanted(first), wanted(second)], limitBytes: 150_000 });
    expect((await dist.put(first)).status).toBe(201);
    const answer = await dist.put(second);
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([507, { code: 'StorageFull' }]);
    dist.tell({ limitBytes: 150_001 });
    expect((await dist.until((observed) => (observed.full ? observed : undefined))).packages).toHaveLength(1);
    expect((await dist.get(first.id)).status).toBe(200);
    dist.tell({ limitBytes: 1_000_000 });
    await dist.until(({ full }) => (full ? undefined : true));
    expect((await dist.put(second)).status).toBe(201);
  });

  test('what nobody wants any more makes room', async () => {
    dist = await TestDist.start({ recheckMs: 50 });
    const [first, second] = [await aPackage('6.1.0', 100_000), await aPackage('6.2.0', 100_000)];
    dist.tell({ packages: [wanted(first)], limitBytes: 150_000 });
    await dist.put(first);
    dist.tell({ packages: [wanted(second)] });
    await dist.settled();
    expect((await dist.put(second)).status).toBe(201);
    expect((await dist.get(first.id)).status).toBe(404);
  });

  test('room is promised: uploads at once never exceed the limit together', async () => {
    const started = await TestDist.start();
    dist = started;
    const packages = await Promise.all(Array.from({ length: 8 }, (_, i) => aPackage(`6.1.${i}`, 100_000)));
    started.tell({ packages: packages.map((content) => wanted(content)), limitBytes: 350_000 });
    const statuses = (await Promise.all(packages.map((content) => started.put(content)))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(3);
    expect(statuses.filter((status) => status === 507)).toHaveLength(5);
  });
});

test('a download that is under way when the service ends is finished', async () => {
  dist = await TestDist.start();
  const content = await aPackage('6.1.0', 12_000_000);
  dist.tell({ packages: [wanted(content)] });
  await dist.put(content);
  const { port } = dist;
  const received = await new Promise<number>((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca: authority.certificate });
    let bytes = 0;
    let ending: Promise<void> | undefined;
    socket.write(`GET ${packagePath(content.id)} HTTP/1.1\r\nhost: dist\r\nconnection: close\r\n\r\n`);
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      ending ??= dist?.service.stop(30_000);
    });
    socket.once('end', () => void ending?.then(() => resolve(bytes), reject));
    socket.once('error', reject);
  });
  expect(received).toBeGreaterThan(content.bytes.length);
  await expect(serial(port)).rejects.toThrow();
});
