import type { MirrorState, UploadFacts, UploadRequest } from '../../../agents/drivers-dist/decide';
import {
  GRACE_MS,
  judgeRoom,
  judgeUnwanted,
  judgeUpload,
  observe,
  toMirror,
} from '../../../agents/drivers-dist/decide';
import { problemOf } from '../../../agents/drivers-dist/http-problem';
import { readRecord, recognise, recordText } from '../../../agents/drivers-dist/package-record';
import { readSettings } from '../../../agents/drivers-dist/settings';
import { OperatorError } from '../../../lib/base/errors';
import type { DistDesired, WantedPackage } from '../../../lib/drivers/agent-documents';
import { mayBecome } from '../../../lib/drivers/may-become';
import { packageId } from '../../../lib/drivers/package';
import { issuePermit } from '../../../lib/drivers/permit';
import { keyOf } from './packages';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)] as const;
const key = keyOf('6.1.0');
const id = packageId(key);
const aWish = (more: Partial<WantedPackage> = {}): WantedPackage => ({ ...key, id, ...more });
const desiring = (...packages: WantedPackage[]): DistDesired => ({ packages, permitKeys: ['new', 'old'] });

describe('an upload', () => {
  const permit = (more: { key?: string; packageId?: string; expires?: number } = {}): string =>
    `Bearer ${issuePermit(more.key ?? 'new', { packageId: more.packageId ?? id, podUID: 'p', expires: more.expires ?? 100 })}`;
  const request: UploadRequest = { id, authorization: permit(), contentLength: '10', sha256: A };
  const facts: UploadFacts = { desired: desiring(aWish()), stored: undefined, now: 99_999, maxBytes: 1000 };
  const store = { do: 'store', size: 10, sha256: A, podUID: 'p' };

  type Case = readonly [Partial<UploadRequest>, Partial<UploadFacts>, verdict: unknown];
  const cases: Record<string, Case> = {
    'permitted, wanted, new': [{}, {}, store],
    'with the permit key before': [{ authorization: permit({ key: 'old' }) }, {}, store],
    'with capitals in its digest': [{ sha256: A.toUpperCase() }, {}, store],
    'of the largest size': [{ contentLength: '1000' }, {}, { ...store, size: 1000 }],
    'there already': [{}, { stored: { sha256: A, size: 10 } }, { do: 'nothing', stored: { sha256: A, size: 10 } }],
    'other bytes there that nobody vouches for': [{}, { stored: { sha256: B, size: 10 } }, store],
    'other bytes of another Pod there': [{}, { stored: { sha256: B, size: 10, podUID: 'before' } }, store],
    'other bytes of the same Pod there': [
      {},
      { stored: { sha256: B, size: 10, podUID: 'p' } },
      { refuse: 'PackageConflict' },
    ],
    'other bytes there that are named': [
      {},
      { desired: desiring(aWish({ sha256: B })), stored: { sha256: B, size: 10, podUID: 'before' } },
      { refuse: 'PackageConflict' },
    ],
    'other bytes named': [{}, { desired: desiring(aWish({ sha256: B })) }, { refuse: 'PackageConflict' }],
    'other bytes to be mirrored': [
      {},
      { desired: desiring(aWish({ mirror: { url: 'https://r', sha256: B } })) },
      { refuse: 'PackageConflict' },
    ],
    'the bytes named, others there': [
      {},
      { desired: desiring(aWish({ sha256: A })), stored: { sha256: B, size: 10 } },
      store,
    ],
    'without a word of the operator': [{}, { desired: undefined }, { refuse: 'DistNotReady' }],
    'without a permit': [{ authorization: undefined }, {}, { refuse: 'UploadNotPermitted' }],
    'with a permit of somebody else': [{ authorization: permit({ key: 'x' }) }, {}, { refuse: 'UploadNotPermitted' }],
    'with a permit for another package': [
      { authorization: permit({ packageId: 'other' }) },
      {},
      { refuse: 'UploadNotPermitted', parameters: { problem: 'for another package' } },
    ],
    'with a permit that ends this second': [
      {},
      { now: 100_000 },
      { refuse: 'UploadNotPermitted', parameters: { problem: 'expired' } },
    ],
    'not wanted': [{}, { desired: desiring() }, { refuse: 'PackageNotWanted' }],
    'of no package': [{ id: '../x_0123456789' }, {}, { refuse: 'PackageIdInvalid' }],
    'without a length': [{ contentLength: undefined }, {}, { refuse: 'UploadHeaderInvalid' }],
    'of a negative length': [{ contentLength: '-1' }, {}, { refuse: 'UploadHeaderInvalid' }],
    'without a digest': [{ sha256: undefined }, {}, { refuse: 'UploadHeaderInvalid' }],
    'too large': [{ contentLength: '1001' }, {}, { refuse: 'PackageTooLarge' }],
  };
  test.each(Object.entries(cases))('%s', (_, [asked, known, verdict]) => {
    expect(judgeUpload({ ...request, ...asked }, { ...facts, ...known })).toMatchObject(verdict as object);
  });

  test('who has no permit does not learn what is wanted or there', () => {
    const asked = { ...request, authorization: undefined };
    const verdicts = [desiring(), desiring(aWish())].map((desired) => judgeUpload(asked, { ...facts, desired }));
    expect(verdicts[0]).toEqual(verdicts[1]);
  });
});

test('bytes that the operator names are taken in place of all others, and no others in place of them', () => {
  const mirrored = { sha256: A };
  expect(mayBecome(aWish(), undefined, mirrored)).toBe(true);
  expect(mayBecome(aWish({ sha256: A }), { sha256: B }, mirrored)).toBe(true);
  expect(mayBecome(aWish({ sha256: B }), undefined, { sha256: A, podUID: 'p' })).toBe(false);
});

describe('what is not wanted', () => {
  const before = new Map([['x', 1000]]);
  test('goes when its grace is over, counted from when it was first seen so', () => {
    const { since, remove } = judgeUnwanted(
      desiring(aWish()),
      [{ id }, { id: 'x' }, { id: 'y' }],
      before,
      1000 + GRACE_MS,
    );
    expect(remove).toEqual(['x']);
    expect([...since]).toEqual([
      ['x', 1000],
      ['y', 1000 + GRACE_MS],
    ]);
  });
  test('starts anew when it was wanted in between', () => {
    const again = desiring({ ...aWish(), id: 'x' });
    expect(judgeUnwanted(again, [{ id: 'x' }], before, 2000).since.size).toBe(0);
  });
  test('stays when somebody imported it, though it may make room for others', () => {
    const { since, remove } = judgeUnwanted(desiring(), [{ id: 'x', imported: true }], before, 10 * GRACE_MS);
    expect([remove, [...since.keys()]]).toEqual([[], ['x']]);
  });
  test('does not go before the operator has said anything', () => {
    expect(judgeUnwanted(undefined, [{ id: 'x' }], before, 10 * GRACE_MS).remove).toEqual([]);
  });
  const since = new Map([
    ['new', 30],
    ['old', 10],
    ['middle', 20],
  ]);
  const sizes = new Map([
    ['new', 5],
    ['old', 5],
    ['middle', 5],
  ]);
  test.each([
    [0, []],
    [4, ['old']],
    [5, ['old']],
    [6, ['old', 'middle']],
    [15, ['old', 'middle', 'new']],
    [16, []],
  ])('makes room for %d bytes, oldest first, or not at all', (bytes, gone) => {
    expect(judgeRoom(bytes, since, sizes)).toEqual(gone);
  });
});

test('the report: sorted; what is stored counts, whatever else is known of it', () => {
  const failed = { state: 'failed', failure: { code: 'PackageGone', parameters: {} } } as const;
  const { packages } = observe({
    stored: [{ id: 'c', sha256: A, size: 1, podUID: 'p' }],
    quarantined: ['b', 'c', 'd'],
    mirrors: new Map<string, MirrorState>([
      ['a', { state: 'fetching' }],
      ['c', failed],
      ['d', failed],
    ]),
    certificateRequest: '',
    full: false,
  });
  expect(packages.map(({ id: name, state }) => `${name} ${state}`)).toEqual([
    'a fetching',
    'b quarantined',
    'c stored',
    'd failed',
  ]);
});

test('what is to be fetched: wanted with a source, and not there with those bytes', () => {
  const mirror = { url: 'https://r/p', sha256: A };
  const fetch = [{ id, ...mirror }];
  expect(toMirror(undefined, new Map())).toEqual([]);
  expect(toMirror(desiring(aWish()), new Map())).toEqual([]);
  expect(toMirror(desiring(aWish({ mirror })), new Map())).toEqual(fetch);
  expect(toMirror(desiring(aWish({ mirror })), new Map([[id, { sha256: B, size: 1 }]]))).toEqual(fetch);
  expect(toMirror(desiring(aWish({ mirror })), new Map([[id, { sha256: A, size: 1 }]]))).toEqual([]);
});

describe('a record', () => {
  const record = { sha256: A, size: 1, podUID: 'p', previous: { sha256: B, size: 2 } };
  test('is read as it was written', () => expect(readRecord(recordText(record))).toEqual(record));
  test.each(['', '{', '[]', '{"schema":2}', '{"schema":1,"sha256":"x","size":1}', '{"schema":1,"size":1}'])(
    'that is damaged is none: %s',
    (text) => expect(readRecord(text)).toBeUndefined(),
  );
  test('knows what lies there now, and what lay there before', () => {
    expect(recognise(record, A)).toEqual({ sha256: A, size: 1, podUID: 'p' });
    expect(recognise(record, B)).toEqual({ sha256: B, size: 2 });
    expect(recognise(record, 'c'.repeat(64))).toBeUndefined();
  });
});

describe('an error as a client is told it', () => {
  test('has a status, a code, a message and a remedy', () => {
    const { status, body } = problemOf(new OperatorError('PackageNotStored', { id: 'x' }));
    expect([status, body.code, body.message]).toEqual([404, 'PackageNotStored', 'Package x is not stored here.']);
    expect(body.remedy).not.toBe('');
  });
  test('tells who has no permit how to bring one', () => {
    const { status, headers } = problemOf(new OperatorError('UploadNotPermitted', { problem: 'malformed' }));
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });
  test('says nothing of what went wrong inside', () => {
    const { status, body } = problemOf(new Error('/var/lib/secret'));
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret');
  });
});

describe('settings', () => {
  const gateway = { GATEWAY_URL: 'https://gateway:9443' };
  test('have defaults for everything but the gateway', () => {
    expect(readSettings(gateway)).toEqual({
      settings: {
        directory: '/var/lib/weka-drivers',
        port: 60_002,
        gateway: {
          url: 'https://gateway:9443',
          tokenFile: '/var/run/secrets/weka-operator/token',
          caFile: '/etc/weka-operator/ca/ca.crt',
        },
      },
    });
  });
  test.each([
    [{}, 'GATEWAY_URL is not set, or no URL'],
    [{ GATEWAY_URL: 'nonsense' }, 'GATEWAY_URL is not set, or no URL'],
    [{ ...gateway, PORT: 'http' }, 'PORT is not a port: http'],
    [{ ...gateway, PORT: '70000' }, 'PORT is not a port: 70000'],
  ])('that are wrong are named: %o', (env, problem) => expect(readSettings(env)).toEqual({ problem }));
});
