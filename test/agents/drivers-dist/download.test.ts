import { createHash } from 'node:crypto';
import { packagePath } from '../../../lib/drivers/package';
import { aPackage } from './packages';
import type { TestPackage } from './packages';
import { TestDist, wanted } from './test-dist';

// Real sockets and TLS handshakes, on a machine that may be busy.
jest.setTimeout(60_000);

let dist: TestDist;
let content: TestPackage;
beforeAll(async () => {
  dist = await TestDist.start();
  content = await aPackage('6.1.0-13-amd64', 2_500_000);
  dist.tell({ packages: [wanted(content)] });
  expect((await dist.put(content)).status).toBe(201);
});
afterAll(() => dist.stop());

const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test('a package is served as it was uploaded', async () => {
  const { status, headers, body } = await dist.get(content.id);
  expect(status).toBe(200);
  expect(hash(body)).toBe(content.sha256);
  expect(headers).toMatchObject({
    etag: `"${content.sha256}"`,
    'accept-ranges': 'bytes',
    'content-length': String(content.bytes.length),
    'content-type': 'application/gzip',
  });
});

test('HEAD gives the same headers and no body', async () => {
  const { status, headers, body } = await dist.call(packagePath(content.id), { method: 'HEAD' });
  expect([status, body.length]).toEqual([200, 0]);
  expect(headers).toMatchObject({ etag: `"${content.sha256}"`, 'content-length': String(content.bytes.length) });
});

test('its digest is served as sha256sum writes it', async () => {
  const { status, body } = await dist.call(`${packagePath(content.id)}.sha256`);
  expect(status).toBe(200);
  expect(body.toString()).toBe(`${content.sha256}  ${content.id}.tar.gz\n`);
});

const MIB = 1 << 20;
const ranges: Record<string, readonly [range: string, start: number, end: number]> = {
  'the first byte': ['bytes=0-0', 0, 1],
  'a part of one chunk': ['bytes=10-19', 10, 20],
  'across the border of two chunks': [`bytes=${MIB - 3}-${MIB + 2}`, MIB - 3, MIB + 3],
  'a whole chunk': [`bytes=${MIB}-${2 * MIB - 1}`, MIB, 2 * MIB],
  'the rest': ['bytes=2000000-', 2_000_000, Infinity],
  'the last bytes': ['bytes=-5', -5, Infinity],
  'more than there is': ['bytes=100-99999999', 100, Infinity],
};
test.each(Object.entries(ranges))('a range: %s', async (_, [range, start, end]) => {
  const { status, headers, body } = await dist.get(content.id, { range });
  const expected = content.bytes.subarray(start, end);
  expect(status).toBe(206);
  expect(body.equals(expected)).toBe(true);
  const from = start < 0 ? content.bytes.length + start : start;
  expect(headers['content-range']).toBe(`bytes ${from}-${from + expected.length - 1}/${content.bytes.length}`);
});

test('a range behind the end is refused with the size', async () => {
  const { status, headers } = await dist.get(content.id, { range: 'bytes=99999999-' });
  expect([status, headers['content-range']]).toEqual([416, `bytes */${content.bytes.length}`]);
});

test('If-Range gives the part of the same bytes, and everything of others', async () => {
  const range = 'bytes=0-9';
  expect((await dist.get(content.id, { range, 'if-range': `"${content.sha256}"` })).status).toBe(206);
  const other = await dist.get(content.id, { range, 'if-range': '"other"' });
  expect([other.status, hash(other.body)]).toEqual([200, content.sha256]);
});

test('who has it already gets no bytes', async () => {
  const { status, body } = await dist.get(content.id, { 'if-none-match': `"x", W/"${content.sha256}"` });
  expect([status, body.length]).toEqual([304, 0]);
});

test('the list names every package, and its links lead there', async () => {
  const list = await dist.call('/dist/v1/drivers/');
  expect(list.headers['content-type']).toContain('text/html');
  const links = [...list.body.toString().matchAll(/href="([^"]+)"/g)].map(([, link = '']) => link);
  expect(links).toHaveLength(2);
  for (const link of links) expect((await dist.call(`/dist/v1/drivers/${link}`)).status).toBe(200);
  expect((await dist.call('/dist/v1/drivers')).headers['location']).toBe('/dist/v1/drivers/');
});

const absent: Record<string, readonly [path: string, status: number, code: string]> = {
  'another package': [`${packagePath('4.4.5_x_amd64_0123456789')}`, 404, 'PackageNotStored'],
  'its digest': [`${packagePath('4.4.5_x_amd64_0123456789')}.sha256`, 404, 'PackageNotStored'],
  'no id': ['/dist/v1/drivers/passwd.tar.gz', 400, 'PackageIdInvalid'],
  'another ending': ['/dist/v1/drivers/4.4.5_x_amd64_0123456789.zip', 400, 'PackageIdInvalid'],
  'a way out of the directory': ['/dist/v1/drivers/..%2f..%2fetc%2fpasswd_0123456789.tar.gz', 400, 'PackageIdInvalid'],
  'a plain way out': ['/dist/v1/drivers/../../../etc/passwd', 404, 'PathUnknown'],
  'a zero byte': ['/dist/v1/drivers/a%00_0123456789.tar.gz', 400, 'PackageIdInvalid'],
  'broken percent signs': ['/dist/v1/drivers/%zz', 404, 'PathUnknown'],
  'a very long name': [`/dist/v1/drivers/${'a'.repeat(4000)}`, 404, 'PathUnknown'],
  'the root': ['/', 404, 'PathUnknown'],
};
test.each(Object.entries(absent))('what is not there: %s', async (_, [path, status, code]) => {
  const answer = await dist.call(path);
  expect(answer.status).toBe(status);
  const body = JSON.parse(answer.body.toString()) as Record<string, string>;
  expect(Object.keys(body)).toEqual(['code', 'message', 'remedy']);
  expect(body['code']).toBe(code);
});

test.each(['POST', 'DELETE', 'PATCH'])('%s is not for anything here', async (method) => {
  const { status } = await dist.call(packagePath(content.id), { method });
  expect(status).toBe(404);
  expect((await dist.get(content.id)).status).toBe(200);
});

test('liveness, readiness and metrics', async () => {
  expect((await dist.call('/healthz')).body.toString()).toBe('ok\n');
  expect((await dist.call('/readyz')).body.toString()).toBe('ready\n');
  const metrics = (await dist.call('/metrics')).body.toString();
  expect(metrics).toContain('weka_drivers_dist_packages 1');
  expect(metrics).toMatch(/weka_drivers_dist_downloads_total\{outcome="complete"\} [1-9]/);
  expect(metrics).toMatch(/weka_drivers_dist_free_bytes \d+/);
});

test('a thousand downloads at once', async () => {
  const ids = await Promise.all(
    Array.from({ length: 1000 }, async () => {
      const { status, body } = await dist.get(content.id, { range: 'bytes=0-99999' });
      return status === 206 && body.equals(content.bytes.subarray(0, 100_000));
    }),
  );
  expect(ids.filter(Boolean)).toHaveLength(1000);
});
