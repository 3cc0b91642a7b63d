import { existsSync, readdirSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:tls';
import { packArchive } from '../../../agents/shared/archive';
import { packageId, packagePath } from '../../../lib/drivers/package';
import { aPackage, keyOf, sha256 } from './packages';
import type { TestPackage } from './packages';
import type { Answer, Call } from './test-dist';
import { authority, permitFor, POD_UID, TestDist, uploadHeaders, wanted } from './test-dist';

// Real sockets and TLS handshakes, on a machine that may be busy.
jest.setTimeout(60_000);

let dist: TestDist;
beforeEach(async () => {
  dist = await TestDist.start();
});
afterEach(() => dist.stop());

const files = (): string[] => readdirSync(dist.directory).filter((name) => /tar|json|tmp/.test(name));
const reason = ({ status, body }: Answer): unknown => [
  status,
  (JSON.parse(body.toString()) as { code?: string }).code ?? 'none',
];

/** A package that is wanted, and uploaded by nobody yet. */
const expected = async (size?: number): Promise<TestPackage> => {
  const content = await aPackage('6.1.0', size);
  dist.tell({ packages: [wanted(content)] });
  return content;
};

test('an upload is stored, served, and reported with the Pod that made it', async () => {
  const content = await expected(3_000_000);
  const answer = await dist.put(content);
  const described = { id: content.id, sha256: content.sha256, size: content.bytes.length };
  expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([201, described]);
  expect((await dist.get(content.id)).body.equals(content.bytes)).toBe(true);
  expect(await dist.untilHeld(content.id, 'stored')).toEqual({ ...described, state: 'stored', podUID: POD_UID });
});

test('the same bytes again are fine, and nothing is written again', async () => {
  const content = await expected(2_000_000);
  await dist.put(content);
  const before = (await dist.get(content.id)).headers['etag'];
  expect((await dist.put(content)).status).toBe(200);
  expect((await dist.get(content.id)).headers['etag']).toBe(before);
  expect(files().sort()).toEqual([`${content.id}.json`, `${content.id}.tar.gz`]);
});

test('other bytes of the same Pod under the same id are refused', async () => {
  await dist.put(await expected());
  const other = await aPackage('6.1.0');
  expect(reason(await dist.put(other))).toEqual([409, 'PackageConflict']);
});

test('what nobody vouches for is replaced by what another Pod was told to build, and nobody deletes a file for that', async () => {
  const left = await expected();
  await dist.put(left);
  const rebuilt = await aPackage('6.1.0');
  const authorization = `Bearer ${permitFor(rebuilt.id, { podUID: 'the-next-pod' })}`;
  expect((await dist.put(rebuilt, { headers: { authorization } })).status).toBe(201);
  expect((await dist.get(rebuilt.id)).body.equals(rebuilt.bytes)).toBe(true);
  await dist.eventually(() => dist.held(rebuilt.id)?.podUID === 'the-next-pod');
  expect(dist.held(rebuilt.id)).toMatchObject({ state: 'stored', sha256: rebuilt.sha256 });
});

test('where the operator names the digest, only those bytes are taken', async () => {
  const [right, wrong] = [await aPackage('6.1.0'), await aPackage('6.1.0')];
  dist.tell({ packages: [wanted(right, { sha256: right.sha256 })] });
  expect(reason(await dist.put(wrong))).toEqual([409, 'PackageConflict']);
  expect((await dist.put(right)).status).toBe(201);
});

test('where the operator names another digest later, the package is replaced, and served until then', async () => {
  const before = await expected();
  await dist.put(before);
  const after = await aPackage('6.1.0');
  dist.tell({ packages: [wanted(after, { sha256: after.sha256 })] });
  expect((await dist.get(before.id)).body.equals(before.bytes)).toBe(true);
  expect((await dist.put(after)).status).toBe(201);
  expect((await dist.get(after.id)).body.equals(after.bytes)).toBe(true);
  await dist.restart();
  expect((await dist.get(after.id)).body.equals(after.bytes)).toBe(true);
});

type Wrong = (content: TestPackage) => Call & { readonly path?: string };
const wrong: Record<string, readonly [call: Wrong, status: number, code: string]> = {
  'no permit': [() => ({ headers: { authorization: undefined } }), 401, 'UploadNotPermitted'],
  'a permit that is none': [() => ({ headers: { authorization: 'Bearer nonsense' } }), 401, 'UploadNotPermitted'],
  'another scheme': [() => ({ headers: { authorization: 'Basic bWU6c2VjcmV0' } }), 401, 'UploadNotPermitted'],
  'a forged permit': [
    ({ id }) => ({ headers: { authorization: `Bearer ${permitFor(id, { key: 'another' })}` } }),
    403,
    'UploadNotPermitted',
  ],
  'an expired permit': [
    ({ id }) => ({ headers: { authorization: `Bearer ${permitFor(id, { expires: 1 })}` } }),
    403,
    'UploadNotPermitted',
  ],
  'a permit for another package': [
    () => ({ headers: { authorization: `Bearer ${permitFor(packageId(keyOf('5.15')))}` } }),
    403,
    'UploadNotPermitted',
  ],
  'no digest': [() => ({ headers: { 'x-content-sha256': undefined } }), 400, 'UploadHeaderInvalid'],
  'a digest that is none': [() => ({ headers: { 'x-content-sha256': 'abc' } }), 400, 'UploadHeaderInvalid'],
  'no length': [
    () => ({ headers: { 'content-length': undefined, 'transfer-encoding': 'chunked' } }),
    400,
    'UploadHeaderInvalid',
  ],
  'too much': [() => ({ headers: { 'content-length': 600 << 20 }, body: Buffer.alloc(0) }), 413, 'PackageTooLarge'],
  'a digest of other bytes': [() => ({ headers: { 'x-content-sha256': 'a'.repeat(64) } }), 422, 'UploadDigestMismatch'],
  'a package that nobody wants': [
    () => {
      const id = packageId(keyOf('5.15'));
      return { path: packagePath(id), headers: { authorization: `Bearer ${permitFor(id)}` } };
    },
    404,
    'PackageNotWanted',
  ],
  'a name that leads out of the directory': [
    () => ({ path: '/dist/v1/drivers/..%2f..%2fevil_0123456789.tar.gz' }),
    400,
    'PackageIdInvalid',
  ],
  'a name that is no id': [() => ({ path: '/dist/v1/drivers/evil' }), 400, 'PackageIdInvalid'],
};

test.each(Object.entries(wrong))('refused, and nothing stays: %s', async (_, [call, status, code]) => {
  const content = await expected();
  const { path = packagePath(content.id), headers = {}, body = content.bytes } = call(content);
  const sent: Record<string, unknown> = { ...uploadHeaders(content), ...headers };
  for (const name of Object.keys(sent)) if (sent[name] === undefined) delete sent[name];
  const answer = await dist.call(path, { method: 'PUT', headers: sent as Call['headers'] & object, body });
  expect(reason(answer)).toEqual([status, code]);
  expect(files()).toEqual([]);
  expect((await dist.get(content.id)).status).toBe(404);
  const metrics = (await dist.call('/metrics')).body.toString();
  expect(metrics).toContain(`weka_drivers_dist_refused_uploads_total{reason="${code}"} 1`);
});

test('before the operator has said anything, nothing is taken', async () => {
  await dist.restart();
  const content = await aPackage('6.1.0');
  const answer = await dist.put(content);
  expect(reason(answer)).toEqual([503, 'DistNotReady']);
  expect(answer.headers['retry-after']).toBeDefined();
});

const archives: Record<string, readonly [() => Promise<Buffer>, problem: string]> = {
  'no archive': [async () => Buffer.from('hello'), 'it is not gzip, or damaged'],
  'half an archive': [async () => (await aPackage('6.1.0', 300_000)).bytes.subarray(0, 100), 'it is cut off'],
  'an archive without a manifest': [
    () => packArchive([{ name: 'readme', content: Buffer.from('hello') }]),
    'its first entry is not manifest.json',
  ],
  'a manifest that is none': [
    () => packArchive([{ name: 'manifest.json', content: Buffer.from('{}') }]),
    'its manifest is not valid: schema undefined is not 1: upgrade the older side',
  ],
  'a manifest for another kernel': [
    async () => (await aPackage('5.15.0')).bytes,
    'its manifest is for WEKA 4.4.5, kernel 5.15.0, amd64',
  ],
  'an endless manifest': [
    () => packArchive([{ name: 'manifest.json', content: Buffer.alloc(2 << 20) }]),
    '"manifest.json" is larger than 1048576 bytes',
  ],
};
test.each(Object.entries(archives))('bytes that are not the package: %s', async (_, [make, problem]) => {
  const { id } = await expected();
  const bytes = await make();
  const answer = await dist.put({ ...keyOf('6.1.0'), id, bytes, sha256: sha256(bytes) });
  expect(reason(answer)).toEqual([422, 'PackageManifestInvalid']);
  expect(answer.body.toString()).toContain(JSON.stringify(problem).slice(1, -1));
  expect(files()).toEqual([]);
});

test('half a body leaves nothing', async () => {
  const content = await expected(3_000_000);
  const headers = Object.entries(uploadHeaders(content)).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect({ port: dist.port, host: '127.0.0.1', ca: authority.certificate });
  socket.on('error', () => undefined);
  socket.write(`PUT ${packagePath(content.id)} HTTP/1.1\r\nhost: dist\r\n${headers.join('')}\r\n`);
  socket.write(content.bytes.subarray(0, 1_500_000));
  await dist.eventually(() => files().length === 1);
  socket.destroy();
  await dist.eventually(() => files().length === 0);
  expect((await dist.get(content.id)).status).toBe(404);
  expect((await dist.put(content)).status).toBe(201);
});

test('who asks before it sends is told before it sends', async () => {
  const content = await expected();
  const ask = (authorization: string): Promise<readonly [status: number, wentOn: boolean]> =>
    new Promise((resolve, reject) => {
      const headers = { ...uploadHeaders(content), authorization, expect: '100-continue' };
      const path = packagePath(content.id);
      const options = { port: dist.port, host: '127.0.0.1', path, method: 'PUT', headers, ca: authority.certificate };
      let wentOn = false;
      const outgoing = request(options, (incoming) => {
        incoming.resume();
        resolve([incoming.statusCode ?? 0, wentOn]);
        outgoing.destroy();
      });
      outgoing.on('error', reject);
      outgoing.on('continue', () => {
        wentOn = true;
        outgoing.end(content.bytes);
      });
      outgoing.flushHeaders();
    });
  expect(await ask('Bearer nonsense')).toEqual([401, false]);
  expect(await ask(`Bearer ${permitFor(content.id)}`)).toEqual([201, true]);
});

test('a hundred uploads at once', async () => {
  const packages = await Promise.all(Array.from({ length: 100 }, (_, i) => aPackage(`6.1.${i}`, 50_000)));
  dist.tell({ packages: packages.map((content) => wanted(content)) });
  const answers = await Promise.all(packages.map((content) => dist.put(content)));
  expect(answers.map(({ status }) => status)).toEqual(packages.map(() => 201));
  await dist.until(({ packages: held }) => (held.length === 100 ? true : undefined));
  expect(files()).toHaveLength(200);
});

test('of uploads of one package at once, one is stored; equal ones are fine, others are refused', async () => {
  const [content, other] = [await expected(500_000), await aPackage('6.1.0', 500_000)];
  const uploads = Array.from({ length: 20 }, (_, i) => dist.put(i % 2 === 0 ? content : other));
  const statuses = (await Promise.all(uploads)).map(({ status }) => status);
  const stored = (await dist.get(content.id)).headers['etag'] === `"${content.sha256}"` ? 0 : 1;
  statuses.forEach((status, i) => expect(i % 2 === stored ? [200, 201] : [409]).toContain(status));
  expect(files().sort()).toEqual([`${content.id}.json`, `${content.id}.tar.gz`]);
});

test('permits are never written to the log', async () => {
  const content = await expected();
  await dist.put(content);
  await dist.put(content, { headers: { 'x-content-sha256': 'b'.repeat(64) } });
  const log = JSON.stringify(dist.lines);
  expect(log).toContain('An upload was refused');
  expect(log).not.toContain(permitFor(content.id).slice(0, 20));
  expect(existsSync(dist.directory)).toBe(true);
});
