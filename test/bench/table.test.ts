import { notMeasured, row } from '../../bench/row';
import type { Target } from '../../bench/row';
import { markdown, table } from '../../bench/table';

const rowOf = (ours: number | null, target: Target, peer: number | null = null) =>
  row({ id: 'a/b', measure: 'what', unit: 'ms', better: 'less', ours, peer, target });

describe('what a row says of its target', () => {
  test.each<[string, number | null, Target, number | null, string, boolean | null]>([
    ['as many as wanted', 24, { exactly: 24 }, null, '= 24 ms', true],
    ['one more than wanted', 25, { exactly: 24 }, null, '= 24 ms', false],
    ['one less than wanted', 23, { exactly: 24 }, null, '= 24 ms', false],
    ['nothing measured', null, { exactly: 24 }, null, '= 24 ms', null],
    ['at the bound', 200, { atMost: 200 }, null, '≤ 200 ms', true],
    ['above the bound', 201, { atMost: 200 }, null, '≤ 200 ms', false],
    ['half the time of the peer', 5, { ratioAtLeast: 2 }, 10, '≥ 2 × the peer', true],
    ['slower than the peer', 11, { ratioAtLeast: 1 }, 10, '≥ 1 × the peer', false],
    ['a peer that is not installed', 11, { ratioAtLeast: 1 }, null, '≥ 1 × the peer', null],
  ])('%s', (_, ours, target, peer, text, met) => {
    expect(rowOf(ours, target, peer)).toMatchObject({ target: text, met });
  });
});

describe('a measure that failed', () => {
  test('has a row that says why, in one line', () => {
    expect(notMeasured('dist', new Error('no room\nat somewhere'))).toEqual({
      ...{ id: 'dist', measure: 'dist: not measured: no room', unit: '' },
      ...{ ours: null, peer: null, peerName: '', ratio: null, target: '', met: null },
    });
  });

  test('whatever was thrown', () => {
    expect(notMeasured('dist', 'a text').measure).toBe('dist: not measured: a text');
    expect(notMeasured('dist', new Error('')).measure).toBe('dist: not measured: ');
    expect(notMeasured('dist', new Error('x'.repeat(1000))).measure).toHaveLength(220);
  });
});

describe('the table', () => {
  const rows = [
    row({ id: 'a', measure: 'a|b \\ c', unit: 's', better: 'less', ours: 1, peer: 2, peerName: 'x | y' }),
    notMeasured('d', new Error('|')),
  ];

  test('as Markdown keeps its columns, whatever the cells have', () => {
    expect(markdown(rows)).toBe(
      [
        '| measure | ours | peer | ratio | target | met |',
        '| --- | --- | --- | --- | --- | --- |',
        '| a\\|b \\\\ c | 1 s | 2 s (x \\| y) | 2.00× |  |  |',
        '| d: not measured: \\| | not measured |  |  |  |  |',
        '',
      ].join('\n'),
    );
  });

  test('for a terminal leaves cells as they are', () => {
    expect(table(rows)).toContain('a|b \\ c');
  });
});
