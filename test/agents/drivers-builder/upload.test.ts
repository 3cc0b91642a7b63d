import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Orders } from '../../../agents/drivers-builder/orders';
import type { UploadTimes } from '../../../agents/drivers-builder/upload';
import { uploadPackage } from '../../../agents/drivers-builder/upload';
import { failureOf } from '../../../agents/shared/failure';
import { createLog } from '../../../agents/shared/log';
import { failureText } from '../../../lib/drivers/failure-text';
import { packageId } from '../../../lib/drivers/package';
import { issuePermit } from '../../../lib/drivers/permit';
import { createAuthority, issue } from '../../cluster/certificates';
import { scratch } from '../../drivers/sample-driver';
import { FakeDist } from './fake-dist';

jest.setTimeout(60_000);

const ca = createAuthority('installation');
const credential = issue(ca, { commonName: 'installation' }, { subject: { commonName: 'dist' }, hosts: ['127.0.0.1'] });
const key = { wekaVersion: '4.4.5', kernel: '6.1.0', architecture: 'amd64' };
const id = packageId(key);
const archive = Buffer.alloc(300_000, 'driver');
const built = { archive, sha256: createHash('sha256').update(archive).digest('hex'), compiler: 'gcc 12.2.0' };
const permit = (key = 'permit key', expires = Date.now() / 1000 + 60, of = id): string =>
  issuePermit(key, { packageId: of, podUID: 'pod-1', expires });

let dist: FakeDist;
let url: string;
let caFile: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  const { path, remove: gone } = await scratch();
  remove = gone;
  caFile = join(path, 'ca.crt');
  await writeFile(caFile, ca.certificate);
  dist = new FakeDist(credential);
  url = await dist.listen();
});
afterEach(async () => {
  await dist.close();
  await remove();
});

const FAST: UploadTimes = { budgetMs: 20_000, orderMs: 20_000, pauseMs: 1, capMs: 5, callMs: 10_000 };

const begin = (times: Partial<UploadTimes> = {}, stop = new AbortController()) => {
  const orders = new Orders();
  const said: string[] = [];
  const log = createLog({}, { write: (line) => said.push(line) });
  const done = uploadPackage(built, { orders, caFile, log, stop: stop.signal, times: { ...FAST, ...times } }).then(
    () => 'stored',
    (error: unknown) => {
      if (stop.signal.aborted) throw error;
      return failureText(failureOf(error));
    },
  );
  const order = (change: object = {}): void => orders.take({ ...key, id, distUrl: url, permit: permit(), ...change });
  return { done, order, said };
};
const upload = (change: object = {}, times: Partial<UploadTimes> = {}): Promise<string> => {
  const { done, order } = begin(times);
  order(change);
  return done;
};

describe('an upload', () => {
  test('is stored, byte for byte, on behalf of its Pod', async () => {
    expect(await upload()).toBe('stored');
    expect(dist.stored.get(id)?.equals(archive)).toBe(true);
    expect(dist.uploads).toEqual([{ id, podUID: 'pod-1' }]);
  });

  test('waits for the order', async () => {
    const { done, order } = begin();
    await new Promise((resolve) => setImmediate(resolve));
    expect(dist.uploads).toEqual([]);
    order();
    expect(await done).toBe('stored');
  });

  test('again is fine: the same bytes are there', async () => {
    expect([await upload(), await upload()]).toEqual(['stored', 'stored']);
    expect(dist.uploads).toHaveLength(1);
  });

  test.each<[string, FakeDist['troubles']]>([
    ['a service that starts', [{ status: 503, headers: { 'retry-after': '0' } }, { status: 502 }]],
    ['a connection that is cut', ['cut', 'cut']],
    ['an answer that is lost', ['lost answer']],
    ['bytes that were damaged on the way', [{ status: 422, code: 'UploadDigestMismatch' }]],
    ['a service that has not heard of it yet', [{ status: 404, code: 'PackageNotWanted' }]],
    ['a full storage that is freed', [{ status: 507, code: 'StorageFull' }]],
  ])('outlives %s', async (_, troubles) => {
    dist.troubles = troubles;
    expect(await upload()).toBe('stored');
    expect(dist.stored.get(id)?.equals(archive)).toBe(true);
  });

  test('outlives a service that is not there yet', async () => {
    const port = Number(new URL(url).port);
    await dist.close();
    const { done, order, said } = begin();
    order();
    while (!said.some((line) => line.includes('ECONNREFUSED'))) await new Promise((resolve) => setTimeout(resolve, 2));
    dist = new FakeDist(credential);
    await dist.listen(port);
    expect(await done).toBe('stored');
  });

  test('outlives a service that moved, when the operator says where', async () => {
    await dist.close();
    const { done, order, said } = begin();
    order();
    while (!said.some((line) => line.includes('ECONNREFUSED'))) await new Promise((resolve) => setTimeout(resolve, 2));
    dist = new FakeDist(credential);
    order({ distUrl: await dist.listen() });
    expect(await done).toBe('stored');
  });

  test('asks for another permit when its own is not good any more', async () => {
    dist.permitKeys = ['new key'];
    const { done, order, said } = begin({ capMs: 10_000 });
    order({ permit: permit('old key') });
    while (!said.some((line) => line.includes('401'))) await new Promise((resolve) => setTimeout(resolve, 2));
    order({ permit: permit('new key') });
    expect(await done).toBe('stored');
  });

  test('tries the permit that it has again: the service hears of keys later than builders', async () => {
    dist.troubles = [{ status: 401, code: 'UploadNotPermitted' }];
    expect(await upload()).toBe('stored');
  });
});

describe('an upload that fails says why', () => {
  test('nobody says where to', async () => {
    expect(await begin({ orderMs: 5 }).done).toMatch(
      /^The operator has not told the builder within 0\.005 s where its package goes\./,
    );
  });

  test('nobody is there', async () => {
    await dist.close();
    expect(await upload({}, { budgetMs: 0 })).toMatch(
      /^The package could not be uploaded to https:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED .*\. Check that the Service .* port 60002/,
    );
  });

  test('other bytes are there', async () => {
    dist.stored.set(id, Buffer.from('other'));
    expect(await upload()).toMatch(
      /^The distribution service at \S+ does not take the package: it has other bytes already \(HTTP 409: Package \S+ has other bytes already\)/,
    );
    expect(dist.stored.get(id)?.toString()).toBe('other');
  });

  test.each<[string, object, string]>([
    ['a permit that expired', { permit: permit('permit key', 1) }, 'HTTP 401: The upload permit is expired.'],
    [
      'a permit for another package',
      { permit: permit('permit key', 1e12, 'other_0123456789') },
      'HTTP 401: The upload permit is for another package.',
    ],
    ['a forged permit', { permit: permit('guessed') }, 'HTTP 401: The upload permit is forged.'],
  ])('%s', async (_, change, cause) => {
    expect(await upload(change, { budgetMs: 0 })).toContain(cause);
    expect(dist.stored.size).toBe(0);
  });

  test('a certificate that the installation did not sign', async () => {
    const stranger = createAuthority('stranger');
    await dist.close();
    dist = new FakeDist(
      issue(stranger, { commonName: 'stranger' }, { subject: { commonName: 'x' }, hosts: ['127.0.0.1'] }),
    );
    expect(await upload({ distUrl: await dist.listen() }, { budgetMs: 0 })).toContain(
      'unable to verify the first certificate',
    );
    await dist.close();
    dist = new FakeDist(
      issue(ca, { commonName: 'installation' }, { subject: { commonName: 'x' }, hosts: ['elsewhere'] }),
    );
    expect(await upload({ distUrl: await dist.listen() }, { budgetMs: 0 })).toContain(
      "does not match certificate's altnames",
    );
    expect(dist.stored.size).toBe(0);
  });

  test('a request that it never takes', async () => {
    dist.troubles = [{ status: 400, code: 'PackageIdInvalid' }];
    expect(await upload()).toContain('does not take the package: HTTP 400: “');
  });
});

test('a Pod that is deleted ends its upload at once', async () => {
  const stop = new AbortController();
  dist.troubles = Array.from({ length: 1000 }, () => ({ status: 503 }));
  const { done, order, said } = begin({ pauseMs: 60_000, capMs: 60_000 }, stop);
  order();
  while (!said.some((line) => line.includes('503'))) await new Promise((resolve) => setTimeout(resolve, 2));
  stop.abort(new Error('stopped by SIGTERM'));
  await expect(done).rejects.toThrow('stopped by SIGTERM');
});

test('neither permit nor certificate is in the log', async () => {
  const mine = permit();
  dist.troubles = ['cut', { status: 401, code: 'UploadNotPermitted' }];
  const { done, order, said } = begin();
  order({ permit: mine });
  await done;
  expect(said.length).toBeGreaterThan(1);
  for (const line of said) expect(line).not.toContain(mine.split('.')[1]);
});
