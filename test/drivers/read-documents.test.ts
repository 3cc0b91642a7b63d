import type { JsonObject } from '../../lib/base/json';
import type { DistDesired, DistObserved, NodeObserved } from '../../lib/drivers/agent-documents';
import { bodyOf, DOCUMENT_KIND } from '../../lib/drivers/agent-documents';
import { packageId } from '../../lib/drivers/package';
import {
  OBSERVED_READERS,
  readBuilderDesired,
  readBuilderObserved,
  readDistDesired,
  readDistObserved,
  readNodeDesired,
  readNodeObserved,
} from '../../lib/drivers/read-documents';

const key = { wekaVersion: '4.4.5', kernel: '6.1.0-18-amd64', architecture: 'amd64' };
const id = packageId(key);
const sha256 = 'a'.repeat(64);

const distDesired: DistDesired = {
  packages: [{ id, ...key, sha256, mirror: { url: 'https://drivers.example/a', sha256 } }],
  permitKeys: ['k'],
  certificate: 'PEM\nPEM',
  limitBytes: 1,
  extraCA: '',
  proxy: { url: 'http://proxy:3128', noProxy: ['.svc'] },
};
const distObserved: DistObserved = {
  packages: [
    { id, state: 'stored', sha256, size: 5, podUID: 'u' },
    { id, state: 'failed', failure: { code: 'Internal', parameters: { cause: 'a\nb' } } },
  ],
  certificateRequest: 'PEM',
  full: false,
};
const nodeObserved: NodeObserved = {
  bootID: 'b',
  kernel: '6.1.0-18-amd64',
  architecture: 'amd64',
  secureBoot: 'Enabled',
  signaturesEnforced: true,
  modules: [{ name: 'wekafsio', srcversion: '', holders: ['wekafsgw'] }],
  mounts: ['/mnt/weka'],
  kernels: [{ release: '6.1.0-18-amd64', headers: true }],
};

const READERS = {
  DistDesired: [readDistDesired, bodyOf(distDesired)],
  DistObserved: [readDistObserved, bodyOf(distObserved)],
  BuilderDesired: [readBuilderDesired, { id, ...key, distUrl: 'https://dist:60002', permit: 'p' }],
  BuilderObserved: [readBuilderObserved, { step: 'building' }],
  NodeDesired: [readNodeDesired, { intervalSeconds: 30 }],
  NodeObserved: [readNodeObserved, bodyOf(nodeObserved)],
} as const;
type Kind = keyof typeof READERS;

/** What a reader says of a body: `fine`, or why it is refused. */
const verdict = (kind: Kind, body: JsonObject): string => {
  const read = READERS[kind][0](body);
  return 'refused' in read ? read.refused : 'fine';
};
/** A whole body, with the field at `path` set to `value`. */
const changed = (kind: Kind, path: string, value: unknown): JsonObject => {
  const body: JsonObject = structuredClone(READERS[kind][1]);
  const steps = path.split('.');
  const last = steps.pop()!;
  let at = body as Record<string, unknown>;
  for (const step of steps) at = at[step] as Record<string, unknown>;
  at[last] = value;
  return body;
};
const kinds = Object.keys(READERS) as Kind[];

describe('bodies of documents', () => {
  test.each(kinds)('%s as the contract has it is read, whole', (kind) => {
    expect(READERS[kind][0](READERS[kind][1])).toEqual({ body: READERS[kind][1] });
  });

  test.each(kinds)('%s with fields that a newer side added is read', (kind) => {
    expect(verdict(kind, changed(kind, 'newer', { a: [1] }))).toBe('fine');
  });

  test.each(kinds)('%s that is empty is refused, with the first field that it lacks', (kind) => {
    expect(verdict(kind, {})).toMatch(/^\w+ is not /);
  });

  test.each<[Kind, string, unknown, string]>([
    ['NodeObserved', 'bootID', 5, 'bootID is not a line of at most 64 characters'],
    ['NodeObserved', 'kernel', '6.1\n[fake log line]', 'kernel is not a line of at most 256 characters'],
    ['NodeObserved', 'secureBoot', 'Maybe', 'secureBoot is not one of Enabled, Disabled, Unsupported'],
    ['NodeObserved', 'signaturesEnforced', 'true', 'signaturesEnforced is not true or false'],
    ['NodeObserved', 'modules', {}, 'modules is not a list of at most 100 items'],
    ['NodeObserved', 'modules.0.name', '../../etc', 'modules[0].name is not the name of a module'],
    ['NodeObserved', 'modules.0.holders', ['a', null], 'modules[0].holders[1] is not the name of a module'],
    ['NodeObserved', 'modules.0', 'wekafsio', 'modules[0] is not an object'],
    ['NodeObserved', 'mounts', Array(21).fill('/a'), 'mounts is not a list of at most 20 items'],
    ['NodeObserved', 'kernels.0.headers', null, 'kernels[0].headers is not true or false'],
    ['NodeObserved', 'system', { id: 'debian' }, 'system.version is not a line of at most 64 characters'],
    ['NodeObserved', 'system', { id: 'debian', version: '12' }, 'fine'],
    ['NodeDesired', 'intervalSeconds', 0, 'intervalSeconds is not a whole number from 1 to 86400'],
    ['NodeDesired', 'intervalSeconds', 1.5, 'intervalSeconds is not a whole number from 1 to 86400'],
    ['DistObserved', 'packages.0.id', '../../etc/passwd', 'packages[0].id is not a package id'],
    [
      'DistObserved',
      'packages.0.state',
      'gone',
      'packages[0].state is not one of stored, fetching, quarantined, failed',
    ],
    [
      'DistObserved',
      'packages.0.sha256',
      'A'.repeat(64),
      'packages[0].sha256 is not a SHA-256 of 64 lower-case hexadecimal digits',
    ],
    ['DistObserved', 'packages.0.sha256', undefined, 'fine'],
    ['DistObserved', 'packages.0.size', -1, 'packages[0].size is not a whole number from 0 to 9007199254740991'],
    [
      'DistObserved',
      'packages.1.failure.parameters.cause',
      5,
      'packages[1].failure.parameters.cause is not a text of at most 4096 characters',
    ],
    ['DistObserved', 'packages.1.failure.parameters', [], 'packages[1].failure.parameters is not an object'],
    ['DistObserved', 'full', undefined, 'full is not true or false'],
    [
      'DistDesired',
      'packages.0.mirror',
      { url: 'https://a' },
      'packages[0].mirror.sha256 is not a SHA-256 of 64 lower-case hexadecimal digits',
    ],
    ['DistDesired', 'packages.0.kernel', undefined, 'packages[0].kernel is not a line of at most 256 characters'],
    ['DistDesired', 'permitKeys', 'k', 'permitKeys is not a list of at most 8 items'],
    ['DistDesired', 'proxy.noProxy.0', 5, 'proxy.noProxy[0] is not a line of at most 256 characters'],
    ['DistDesired', 'certificate', undefined, 'fine'],
    ['BuilderDesired', 'permit', undefined, 'permit is not a line of at most 4096 characters'],
    ['BuilderObserved', 'step', 'sleeping', 'step is not one of validating, preparing, building, uploading'],
  ])('%s, %s = %j: %s', (kind, path, value, expected) => {
    expect(verdict(kind, changed(kind, path, value))).toBe(expected);
  });

  test('every kind that an agent tells has a reader', () => {
    const told = Object.values(DOCUMENT_KIND).filter((kind) => kind.endsWith('Observed'));
    expect(Object.keys(OBSERVED_READERS).sort()).toEqual([...told].sort());
  });
});
