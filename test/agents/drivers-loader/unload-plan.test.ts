import fc from 'fast-check';
import type { LiveModule, ModuleUsers } from '../../../agents/drivers-loader/host';
import { blockersOf, ownModules, planLoad } from '../../../agents/drivers-loader/unload-plan';
import { driver, manifestOf } from './packages';

const manifest = manifestOf(driver());
const NOBODY: ModuleUsers = { mounts: [], processes: [] };

/** `gw=GWA<io`: gw is loaded with that srcversion and held by io; `*2`: two users beyond its holders. */
const liveOf = (...texts: readonly string[]): ReadonlyMap<string, LiveModule> =>
  new Map(
    texts.map((text) => {
      const [, name = '', srcversion = '', held = '', users = '0'] =
        /^([\w]+)=(\w*)(?:<([\w,]+))?(?:\*(\d+))?$/.exec(text) ?? [];
      const holders = held.split(',').filter(Boolean);
      return [name, { name, srcversion, holders, references: holders.length + Number(users) }] as const;
    }),
  );

test.each<[string, readonly string[], string[], string[]]>([
  ['nothing is loaded', [], [], ['wekafsgw', 'wekafsio']],
  ['both are as wanted', ['wekafsgw=GWA<wekafsio', 'wekafsio=IOA'], [], []],
  [
    'both are of another version',
    ['wekafsgw=X<wekafsio', 'wekafsio=X'],
    ['wekafsio', 'wekafsgw'],
    ['wekafsgw', 'wekafsio'],
  ],
  ['the second is of another version', ['wekafsgw=GWA<wekafsio', 'wekafsio=X'], ['wekafsio'], ['wekafsio']],
  [
    'the first is of another version: the second goes with it',
    ['wekafsgw=X<wekafsio', 'wekafsio=IOA'],
    ['wekafsio', 'wekafsgw'],
    ['wekafsgw', 'wekafsio'],
  ],
  [
    'an earlier module of WEKA holds the first',
    ['wekafsgw=X<mpin_user', 'mpin_user=M'],
    ['mpin_user', 'wekafsgw'],
    ['wekafsgw', 'wekafsio'],
  ],
  ['an earlier module of WEKA is in nobody’s way', ['igb_uio=Z'], [], ['wekafsgw', 'wekafsio']],
  [
    'a stranger holds the first: it is never unloaded',
    ['wekafsgw=X<spy', 'spy=S'],
    ['wekafsgw'],
    ['wekafsgw', 'wekafsio'],
  ],
  ['a stranger holds what stays', ['wekafsgw=GWA<spy', 'spy=S'], [], ['wekafsio']],
])('when %s', (_, live, unload, load) => {
  expect(planLoad(manifest, liveOf(...live), false)).toEqual({ unload, load });
});

test('only the package’s own modules and WEKA’s earlier ones may be unloaded', () => {
  const other = manifestOf([{ name: 'wekanew' }]);
  expect(ownModules(other)).toEqual(['igb_uio', 'mpin_user', 'wekafsgw', 'wekafsio', 'wekanew']);
});

test('whatever holds whatever: holders go first, strangers stay, and what is unloaded and wanted is loaded again', () => {
  const names = ['wekafsgw', 'wekafsio', 'mpin_user', 'igb_uio', 'spy'];
  const modules = fc.array(
    fc.record({
      name: fc.constantFrom(...names),
      srcversion: fc.constantFrom('GWA', 'IOA', 'X'),
      holders: fc.subarray(names),
    }),
  );
  fc.assert(
    fc.property(modules, (list) => {
      const live = new Map(
        list.map(({ name, srcversion, holders }) => {
          // As in a kernel: a module is held only by loaded ones, and those were loaded after it.
          const later = holders.filter(
            (holder) => names.indexOf(holder) > names.indexOf(name) && list.some((other) => other.name === holder),
          );
          return [name, { name, srcversion, holders: later, references: later.length }] as const;
        }),
      );
      const { unload, load } = planLoad(manifest, live, false);
      expect(unload).not.toContain('spy');
      unload.forEach((name, at) =>
        expect(live.get(name)!.holders.filter((holder) => unload.indexOf(holder) > at)).toEqual([]),
      );
      expect(load).toEqual(['wekafsgw', 'wekafsio'].filter((name) => !live.has(name) || unload.includes(name)));
    }),
  );
});

describe('what keeps a module', () => {
  test.each<[string, readonly string[], readonly string[], ModuleUsers, object | undefined]>([
    ['nobody', ['wekafsio'], ['wekafsio=X'], NOBODY, undefined],
    ['only what goes as well', ['wekafsio', 'wekafsgw'], ['wekafsgw=X<wekafsio', 'wekafsio=X'], NOBODY, undefined],
    ['it is gone by now', ['wekafsio'], [], NOBODY, undefined],
    [
      'a stranger',
      ['wekafsgw'],
      ['wekafsgw=X<spy'],
      NOBODY,
      { modules: 'wekafsgw', users: 'module spy holds wekafsgw' },
    ],
    [
      'mounts and processes',
      ['wekafsio', 'wekafsgw'],
      ['wekafsgw=X<wekafsio', 'wekafsio=X*2'],
      { mounts: ['/a'], processes: [{ pid: 9, name: 'p' }] },
      { modules: 'wekafsio', users: 'mount /a, process 9 (p)' },
    ],
    [
      'something that cannot be seen',
      ['wekafsio'],
      ['wekafsio=X*1'],
      NOBODY,
      { modules: 'wekafsio', users: 'something unseen holds wekafsio' },
    ],
    [
      'mounts without number',
      ['wekafsio'],
      ['wekafsio=X*9'],
      { mounts: ['/1', '/2', '/3', '/4', '/5', '/6', '/7'], processes: [] },
      { users: 'mount /1, mount /2, mount /3, mount /4, mount /5, 2 more' },
    ],
  ])('%s', (_, unload, live, users, parameters) => {
    const found = blockersOf(unload, liveOf(...live), users);
    if (parameters === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject({ code: 'DriverInUse', parameters });
  });

  test('on a kernel that counts no references only holders are seen', () => {
    const live = new Map([['wekafsio', { name: 'wekafsio', srcversion: 'X', holders: [] }]]);
    expect(blockersOf(['wekafsio'], live, NOBODY)).toBeUndefined();
  });
});
