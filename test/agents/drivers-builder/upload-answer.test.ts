import { readOrder } from '../../../agents/drivers-builder/orders';
import { readUploadAnswer } from '../../../agents/drivers-builder/upload-answer';
import { packageId } from '../../../lib/drivers/package';

const answer = (status: number, body = '', headers: Record<string, string> = {}) =>
  readUploadAnswer({ status, body, headers });

describe('the answer to an upload', () => {
  test.each([
    [200, 'stored'],
    [201, 'stored'],
    [204, 'stored'],
    [301, 'refused'],
    [400, 'refused'],
    [401, 'permit'],
    [403, 'permit'],
    [404, 'later'],
    [409, 'conflict'],
    [411, 'refused'],
    [413, 'refused'],
    [422, 'later'],
    [429, 'later'],
    [500, 'later'],
    [503, 'later'],
    [507, 'later'],
  ])('%d means %s', (status, kind) => {
    expect(answer(status).kind).toBe(kind);
  });

  test.each([
    [422, 'PackageManifestInvalid', 'refused'],
    [422, 'UploadDigestMismatch', 'later'],
    [400, 'UploadIncomplete', 'later'],
    [503, 'StorageFailed', 'later'],
    [400, 'NewerThanThisBuilder', 'refused'],
  ])('%d with code %s means %s: the table says whether trying again can help', (status, code, kind) => {
    expect(answer(status, JSON.stringify({ code, message: 'x' })).kind).toBe(kind);
  });

  test.each([
    ['{"code":"StorageFull","message":"There is no room."}', 'HTTP 507: There is no room'],
    ['<html>', 'HTTP 507: <html>'],
    ['', 'HTTP 507: no reason given'],
    ['{"message":7}', 'HTTP 507: {"message":7}'],
    ['null', 'HTTP 507: null'],
  ])('%j is told as %s', (body, cause) => {
    expect(answer(507, body)).toMatchObject({ cause });
  });

  test.each([
    ['5', 5000],
    ['100000', 60_000],
    ['-1', 0],
    ['tomorrow', 0],
  ])('Retry-After %s waits %d ms', (retryAfter, afterMs) => {
    expect(answer(503, '', { 'retry-after': retryAfter })).toMatchObject({ afterMs });
  });
});

describe('an order of the operator', () => {
  const key = { wekaVersion: '4.4.5', kernel: '6.1.0', architecture: 'amd64' };
  const order = { id: packageId(key), distUrl: 'https://dist.ns.svc:60002', permit: 'a.b' };
  test('is taken, fields that nobody knows aside', () => {
    expect(readOrder({ ...order, ...key, news: 1 })).toEqual(order);
  });
  test.each([
    ['no id', { id: undefined }],
    ['an id that climbs', { id: '../x_0123456789' }],
    ['an endpoint in the clear', { distUrl: 'http://dist:60002' }],
    ['an endpoint that is none', { distUrl: 'dist' }],
    ['no permit', { permit: undefined }],
  ])('is none with %s', (_, change) => {
    expect(readOrder({ ...order, ...key, ...change })).toEqual({ refused: expect.any(String) });
  });
});
