import type { LiveObject } from '../../lib/base/kube-object';
import type { CacheEvent } from '../../controllers/runtime/cache';
import { KindCache } from '../../controllers/runtime/cache';

const TYPE = { apiVersion: 'v1', kind: 'Pod' };
interface Shape {
  readonly name: string;
  readonly version: string;
  readonly uid?: string;
  readonly namespace?: string;
  readonly owner?: string;
}
const pod = ({ name, version, uid = `uid-${name}`, namespace = 'default', owner }: Shape): LiveObject => ({
  ...TYPE,
  metadata: {
    name,
    namespace,
    uid,
    resourceVersion: version,
    ...(owner === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: 'v1', kind: 'Boss', name: 'boss', uid: owner, controller: true }] }),
  },
});
const told = (cache: KindCache): string[] => {
  const events: string[] = [];
  cache.subscribe(({ type, object, old }: CacheEvent) =>
    events.push(
      [
        type,
        object.metadata.name,
        object.metadata.uid,
        `${old?.metadata.resourceVersion ?? '-'}→${object.metadata.resourceVersion}`,
      ].join(' '),
    ),
  );
  return events;
};
const names = (objects: readonly LiveObject[]) => objects.map(({ metadata }) => metadata.name);

test('a list makes it synced; what a later list lacks is gone', () => {
  const cache = new KindCache(TYPE);
  const events = told(cache);
  expect(cache.synced).toBe(false);
  const sink = cache.scope();
  sink.listing();
  sink.seen(pod({ name: 'a', version: '1' }));
  sink.seen(pod({ name: 'b', version: '2' }));
  expect(cache.synced).toBe(false);
  sink.listed('3');
  expect(cache.synced).toBe(true);
  sink.listing();
  sink.seen(pod({ name: 'b', version: '4' }));
  sink.listed('5');
  expect(names(cache.list())).toEqual(['b']);
  expect(events).toEqual(['ADDED a uid-a -→1', 'ADDED b uid-b -→2', 'MODIFIED b uid-b 2→4', 'DELETED a uid-a -→1']);
});

test('an equal version tells nothing', () => {
  const cache = new KindCache(TYPE);
  const sink = cache.scope();
  sink.seen(pod({ name: 'a', version: '1' }));
  const events = told(cache);
  sink.seen(pod({ name: 'a', version: '1' }));
  expect(events).toEqual([]);
});

test('a name made again while nobody looked is DELETED, then ADDED', () => {
  const cache = new KindCache(TYPE);
  const events = told(cache);
  const sink = cache.scope();
  sink.seen(pod({ name: 'a', version: '1', owner: 'o1' }));
  sink.seen(pod({ name: 'a', version: '9', uid: 'other', owner: 'o2' }));
  expect(events).toEqual(['ADDED a uid-a -→1', 'DELETED a uid-a -→1', 'ADDED a other -→9']);
  expect(cache.ownedBy('o1')).toEqual([]);
  expect(names(cache.ownedBy('o2'))).toEqual(['a']);
});

test('a watch that goes back in time changes nothing; a list that does is the truth', () => {
  const cache = new KindCache(TYPE);
  const sink = cache.scope();
  sink.listing();
  sink.seen(pod({ name: 'a', version: '10' }));
  sink.listed('10');
  sink.changed('MODIFIED', pod({ name: 'a', version: '9' }));
  sink.changed('DELETED', pod({ name: 'a', version: '8', uid: 'earlier' }));
  expect(cache.get({ namespace: 'default', name: 'a' })?.metadata.resourceVersion).toBe('10');
  expect(cache.version()).toBe('10');
  sink.listing();
  sink.seen(pod({ name: 'a', version: '5' }));
  sink.listed('5');
  expect(cache.get({ namespace: 'default', name: 'a' })?.metadata.resourceVersion).toBe('5');
});

test('is sorted by namespace, then name', () => {
  const cache = new KindCache(TYPE);
  const sink = cache.scope();
  for (const [namespace, name] of [
    ['b', 'x'],
    ['a-1', 'x'],
    ['a', 'z'],
    ['a', 'b'],
  ] as const)
    sink.seen(pod({ name, namespace, version: '1' }));
  expect(cache.list().map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
    'a/b',
    'a/z',
    'a-1/x',
    'b/x',
  ]);
  expect(names(cache.list('a'))).toEqual(['b', 'z']);
});

test('children are found by controller reference, also after they changed owner', () => {
  const cache = new KindCache(TYPE);
  const sink = cache.scope();
  sink.seen(pod({ name: 'b', version: '1', owner: 'o' }));
  sink.seen(pod({ name: 'a', version: '2', owner: 'o' }));
  sink.changed('MODIFIED', pod({ name: 'b', version: '3', owner: 'p' }));
  expect(names(cache.ownedBy('o'))).toEqual(['a']);
  expect(names(cache.ownedBy('p'))).toEqual(['b']);
});

test('each namespace watched by itself is listed by itself', () => {
  const cache = new KindCache(TYPE);
  const [one, two] = [cache.scope('one'), cache.scope('two')];
  one.listing();
  one.seen(pod({ name: 'a', namespace: 'one', version: '1' }));
  one.listed('1');
  expect(cache.synced).toBe(false);
  two.listing();
  two.listed('2');
  expect(cache.synced).toBe(true);
  expect(names(cache.list())).toEqual(['a']);
  expect([cache.covers('one'), cache.covers('three'), cache.version('two')]).toEqual([true, false, '2']);
});

test('keeps what the projection gives, and everything where it fails', () => {
  const errors: string[] = [];
  const project = (object: LiveObject): LiveObject => {
    if (object.metadata.name === 'bad') throw new Error('cannot');
    const { spec: _spec, ...rest } = object;
    return rest;
  };
  const cache = new KindCache(TYPE, { project, onError: (error) => errors.push(`${error.code} ${error.message}`) });
  const sink = cache.scope();
  sink.seen({ ...pod({ name: 'good', version: '1' }), spec: { large: true } });
  sink.seen({ ...pod({ name: 'bad', version: '1' }), spec: { large: true } });
  expect(cache.list().map(({ spec }) => spec)).toEqual([{ large: true }, undefined]);
  expect(errors).toEqual(['Internal Unexpected: cannot.']);
});

test('a listener that throws is reported; the others are told', () => {
  const errors: string[] = [];
  const cache = new KindCache(TYPE, { onError: (error) => errors.push(error.code) });
  cache.subscribe(() => {
    throw new Error('listener');
  });
  const events = told(cache);
  cache.scope().seen(pod({ name: 'a', version: '1' }));
  expect([errors, events]).toEqual([['Internal'], ['ADDED a uid-a -→1']]);
});
