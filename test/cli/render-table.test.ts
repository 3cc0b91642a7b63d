import { renderTable, textWidth } from '../../cli/render-table';

interface Row {
  readonly name: string;
  readonly cores?: number;
  readonly note?: string;
}
const columns = [
  { name: 'NAME', value: (row: Row) => row.name },
  { name: 'CORES', value: (row: Row) => row.cores, align: 'right' as const },
  { name: 'NOTE', value: (row: Row) => row.note },
];

test('a table as kubectl prints it: aligned, no trailing spaces, nothing shown as <none>', () => {
  const rows = [
    { name: 'a', cores: 12, note: 'x' },
    { name: 'longer', cores: 3 },
    { name: '', note: 'two\nlines' },
  ];
  expect(renderTable(columns, rows)).toBe(
    ['NAME      CORES   NOTE', 'a            12   x', 'longer        3   <none>', '<none>   <none>   two lines', '']
      .join('\n')
      .replace('NAME      CORES', 'NAME      CORES'),
  );
});

test('no rows: the heading alone', () => expect(renderTable(columns, [])).toBe('NAME   CORES   NOTE\n'));

test.each([
  ['abc', 3],
  ['日本', 4],
  ['e\u0301', 1],
])('textWidth(%s) is %i', (text, width) => expect(textWidth(text)).toBe(width));
