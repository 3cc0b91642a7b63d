/** The word of `known` nearest to `word` by edits, if it is near enough to be meant (case apart: at most a third of its letters). */
export const closest = (word: string, known: readonly string[]): string | undefined => {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(normal(word), normal(name));
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
};

const normal = (word: string): string => word.toLowerCase().replaceAll(/[_-]/g, '');

/** The rows of the table of distances that the next row is made from. */
interface Rows {
  readonly beforeLast: readonly number[];
  readonly last: readonly number[];
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `from` into `to`. */
export const editDistance = (from: string, to: string): number => {
  let rows: Rows = { beforeLast: [], last: Array.from({ length: to.length + 1 }, (_, column) => column) };
  for (let row = 1; row <= from.length; row++) rows = { beforeLast: rows.last, last: nextRow(from, to, row, rows) };
  return rows.last[to.length] ?? 0;
};

const nextRow = (from: string, to: string, row: number, { beforeLast, last }: Rows): readonly number[] => {
  const current = [row];
  for (let column = 1; column <= to.length; column++) {
    const substitution = orFar(last[column - 1]) + (from[row - 1] === to[column - 1] ? 0 : 1);
    const swap = swapped(from, to, row, column) ? orFar(beforeLast[column - 2]) + 1 : Infinity;
    current.push(Math.min(substitution, orFar(last[column]) + 1, orFar(current[column - 1]) + 1, swap));
  }
  return current;
};

const orFar = (distance: number | undefined): number => distance ?? Infinity;

const swapped = (from: string, to: string, row: number, column: number): boolean =>
  row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
