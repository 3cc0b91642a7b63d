import type { Row } from './row';

const HEAD = ['measure', 'ours', 'peer', 'ratio', 'target', 'met'] as const;

/** The rows as a table for a terminal, ending in a line break. */
export const table = (rows: readonly Row[]): string => {
  const lines = [[...HEAD], ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => pad(cell, widths[column] ?? 0, column))
      .join('  ')
      .trimEnd(),
  );
  return `${text.join('\n')}\n`;
};

/** The rows as a table of Markdown, ending in a line break. */
export const markdown = (rows: readonly Row[]): string =>
  [[...HEAD], HEAD.map(() => '---'), ...rows.map(cells)]
    .map((line) => `| ${line.map(escaped).join(' | ')} |\n`)
    .join('');

/** A bar ends a cell of Markdown; a backslash before one would undo its escape. */
const escaped = (cell: string): string => cell.replaceAll(/[\\|]/g, '\\$&');

const pad = (cell: string, width: number, column: number): string =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width);

const cells = (row: Row): string[] => [
  row.measure,
  quantity(row.ours, row.unit),
  row.peer === null ? row.peerName : `${quantity(row.peer, row.unit)} (${row.peerName})`,
  row.ratio === null ? '' : `${row.ratio.toPrecision(3)}×`,
  row.target,
  row.met === null ? '' : row.met ? 'yes' : 'NO',
];

const quantity = (value: number | null, unit: string): string => (value === null ? 'not measured' : `${value} ${unit}`);
