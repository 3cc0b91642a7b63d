/** A column of a table. */
export interface Column<Row> {
  /** Heading, in capitals as kubectl writes it. */
  readonly name: string;
  readonly value: (row: Row) => string | number | undefined;
  /** `right` for numbers. Default `left`. */
  readonly align?: 'left' | 'right';
  /** Changes how a padded cell looks (colour); it must keep its width. */
  readonly style?: (cell: string, row: Row) => string;
}

const GAP = '   ';
const EMPTY = '<none>';

/** Columns that a character takes on a terminal: two for East Asian wide ones and emoji, none for combining marks. */
export const textWidth = (text: string): number => {
  let width = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
};

const pad = (text: string, width: number, align: 'left' | 'right'): string => {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'right' ? space + text : text + space;
};

/** A table as kubectl prints it: a heading, then a line a row; no trailing spaces. Empty values show as `<none>`. */
export const renderTable = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string => {
  const cells = rows.map((row) => columns.map((column) => cellText(column.value(row))));
  const widths = columns.map((column, index) =>
    Math.max(textWidth(column.name), ...cells.map((line) => textWidth(line[index] ?? ''))),
  );
  const line = (texts: readonly string[], row?: Row): string =>
    columns
      .map((column, index) => {
        const last = index === columns.length - 1;
        const text = texts[index] ?? '';
        const cell = last && column.align !== 'right' ? text : pad(text, widths[index] ?? 0, column.align ?? 'left');
        return row === undefined || column.style === undefined ? cell : column.style(cell, row);
      })
      .join(GAP)
      .trimEnd();
  return [line(columns.map((column) => column.name)), ...cells.map((texts, index) => line(texts, rows[index]))]
    .map((text) => `${text}\n`)
    .join('');
};

const cellText = (value: string | number | undefined): string => {
  const text = value === undefined ? '' : String(value);
  return text === '' ? EMPTY : text.replaceAll(/\s*\n\s*/g, ' ');
};
