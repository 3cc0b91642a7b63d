import { stateDifferences } from '../../sim/oracles/end-state';

describe('two end states', () => {
  const packages = (...list: object[]) => ({ 'WekaPolicy/default/drivers': { status: { packages: list } } }) as never;

  test('are equal whatever the order of keys, within lists too', () =>
    expect(stateDifferences(packages({ id: 'a', size: 1 }), packages({ size: 1, id: 'a' }))).toEqual([]));

  test('differ in a value, which is named by its path', () =>
    expect(stateDifferences(packages({ id: 'a', size: 1 }), packages({ id: 'a', size: 2 }))).toEqual([
      'WekaPolicy/default/drivers: .status.packages is [{"id":"a","size":2}], and should be [{"id":"a","size":1}].',
    ]));

  test('differ in the order of a list', () =>
    expect(stateDifferences(packages({ id: 'a' }, { id: 'b' }), packages({ id: 'b' }, { id: 'a' }))).toHaveLength(1));

  test('differ in an object that only one of them has', () => {
    expect(stateDifferences({}, packages())).toEqual(['WekaPolicy/default/drivers is there, and should not be.']);
    expect(stateDifferences(packages(), {})).toEqual(['WekaPolicy/default/drivers is missing.']);
  });
});
